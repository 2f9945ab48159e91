"""A quad by three cameras in four bands, with what makes real frames hard, and a list of it.

Every difficulty is planted by its name, with its `model.Fault` for the truth: all of them make the
campaign, one of them alone shows what it does.
"""

from dataclasses import replace

from cosmouline.skymaker import detector, draw
from cosmouline.skymaker.campaigns import (
    DEC_DEG,
    LA_PALMA_UT_DAYS,
    LA_SILLA_UT_DAYS,
    RA_DEG,
    STARS,
    demo_lens,
    field_stars,
    random_frame,
    scattered,
)
from cosmouline.skymaker.geometry import from_plane, to_plane
from cosmouline.skymaker.model import (
    Campaign,
    Fault,
    Galaxy,
    Star,
    Telescope,
    Visitor,
    change_frame,
)
from cosmouline.skymaker.two_telescopes import REDDENING_MAG

import numpy as np

GALAXIES = 5  # in a seed, after the streams of `campaigns`
FWHM_PX = (1.6, 2.5)
HALF_ARCSEC = (70.0, 68.0)  # of the field of stars: all cameras see it
MAGS = np.concatenate([[14.8, 15.2], np.linspace(16.3, 19.0, 24)])  # two saturate everywhere
SKY_MAG = {"g": (21.2, 21.8), "r": (20.3, 21.0), "i": (19.5, 20.1), "z": (18.7, 19.3)}

CAM1_R = Telescope(name="CAM1_r", camera="CAM1", nx=400, ny=400, pixel_scale_arcsec=0.45,
                   gain_e_per_adu=1.6, read_noise_e=6.0, n_hot_pixels=25, defect_seed=21,
                   bleeds=False, filter_name="r")
CAM2_R = Telescope(name="CAM2_r", camera="CAM2", nx=400, ny=380, pixel_scale_arcsec=0.48,
                   gain_e_per_adu=0.9, read_noise_e=9.0, zeropoint_mag=24.1,
                   camera_angle_deg=180.0, colour_term=0.05, n_hot_pixels=25, defect_seed=22,
                   filter_name="r")
CAMERAS = {camera.name: camera for camera in (
    CAM1_R, replace(CAM1_R, name="CAM1_g", filter_name="g", colour_term=1.0, zeropoint_mag=25.0),
    CAM2_R, replace(CAM2_R, name="CAM2_i", filter_name="i", colour_term=-0.45),
    Telescope(name="CAM3_z", camera="CAM3", nx=400, ny=400, pixel_scale_arcsec=0.42,
              gain_e_per_adu=1.2, read_noise_e=4.0, zeropoint_mag=24.6, colour_term=-0.7,
              n_hot_pixels=25, defect_seed=23, filter_name="z",
              site_lon_deg=-17.8792, site_lat_deg=28.7624, site_elev_m=2327.0))}
NIGHT = (("CAM1_g", "CAM1_r", "CAM2_i", "CAM3_z"), ("CAM1_g", "CAM2_r", "CAM2_i", "CAM3_z"))
HIT_PX, HIT_PERCENT = 2.0, 2.0  # a track so near an image, with so much of its flux
SHALLOW_S = 40.0  # exposures in z

# by name: camera ("": all), changes of it, size and meaning
CAMERA_PLANTS = {
    "colour": ("", {"width_per_colour": 0.02}, "2 % per mag: lens 1.8 % below the mean star",
               "the width of the PSF follows the colour"),
    # variance + 3e-7 x half the peak: 1 % of the FWHM of 2 px at a full well of 96000 e-
    "brighter_fatter": ("", {"brighter_fatter_per_e": 3e-7}, "1 % of the FWHM at the full well",
                        "bright stars are wider"),
    "flat": ("", {"flat_error": 0.005}, ".5 % rms at 30 px", "errors of the flat field"),
    "hot_pixels": ("CAM3_z", {"n_hot_pixels": 1000}, "1000", "hot pixels in short exposures"),
    "saturation": ("CAM1_g", {"saturation_adu": 42e3, "full_well_adu": 42e3,
                              "card_saturation_adu": 60e3}, "42000 ADU, card 60000",
                   "saturation below the card"),
    "gain": ("CAM2_i", {"card_gain_factor": 4.0}, "card 3.6, true .9 e-/ADU", "GAIN wrong by 4"),
}
# by name: camera, which of its frames (None: all), changes of the frame, size and meaning
FRAME_PLANTS = {
    "trail": (("CAM1_r", 1, {"trail_px": (4.8, 1.4)}, "5 px", "trailed by the guiding"),
              ("CAM2_i", 4, {"trail_px": (-1.0, 2.8)}, "3 px", "trailed by the guiding")),
    "double": tuple((name, number, {"double_px": (2.0, -2.5), "double_fraction": fraction},
                     f"{100 * fraction:.0f} % at 3.2 px", "every star is double: a guiding jump")
                    for name, number, fraction in (("CAM2_r", 2, 0.3), ("CAM1_g", 5, 0.15))),
    "quadratic": tuple((name, None, {"fwhm_quadratic": (0.10, 0.04, 0.12)},
                        "FWHM 10 and 12 % wider at the edges", "width a parabola over the field")
                       for name in ("CAM2_r", "CAM2_i")),
    "satellite": (("CAM1_r", 3, {"visitors": (
        Visitor("SAT", "satellite", 0.6, 0.3, 13.0, (1800.0, 900.0)),)},
        "6000 e- per pixel of its length", "a satellite over the lens"),),
}


def mock_real_campaign(seed=1, n_frames=48, planted=None):
    """Campaign of a quad by three cameras in g, r, i and z, sampled as badly as real ones are.

    Parameters
    ----------
    seed : int
        Fixes the field, the light curves, the conditions and the noise.
    n_frames : int
        Four a night, one in each band.
    planted : iterable of str, optional
        Names of `PLANTS`: the difficulties in it; all by default.

    Returns
    -------
    model.Campaign
        With its `faults`, the `hits` of chance included. FWHM of 1.6 to 2.5 px; CAM1 takes g and
        r, CAM2 r and i, CAM3 short exposures in z. The quasar is .9 mag bluer than the mean star.
    """
    rng = np.random.default_rng([seed, STARS])
    positions = scattered(rng, MAGS.size, HALF_ARCSEC, apart_arcsec=11, hole_arcsec=16)
    lens = replace(demo_lens(seed), colour_mag=0.0)
    lens = replace(lens, images=tuple(replace(one, colour_mag=REDDENING_MAG[one.name])
                                      for one in lens.images))
    # four frames a night, the bands at the same time
    frames = []
    for index in range(n_frames):
        night = index // 4
        camera = CAMERAS[NIGHT[night % 2][index % 4]]
        frame = random_frame(
            seed, index, camera.name, night=night, slot=0,
            ut_days=LA_PALMA_UT_DAYS if camera.camera == "CAM3" else LA_SILLA_UT_DAYS,
            seeing_arcsec=np.array(FWHM_PX) * camera.pixel_scale_arcsec,
            sky_mag=SKY_MAG[camera.filter_name], shift_px=6.0, n_cosmics=10)
        frames.append(replace(frame, exptime_s=SHALLOW_S) if camera.filter_name == "z" else frame)
    campaign = Campaign("mock", RA_DEG, DEC_DEG, telescopes=tuple(CAMERAS.values()), lens=lens,
                        frames=tuple(frames), stars=field_stars(rng, positions, MAGS), seed=seed)
    for name in PLANTS if planted is None else planted:
        campaign = planted_in(campaign, name)
    return replace(campaign, faults=campaign.faults + hits(campaign))


def hits(campaign):
    """Faults of chance: cosmic tracks and hot pixels that hit an image of the lens."""
    found = []
    for index, frame in enumerate(campaign.frames):
        camera = campaign.telescope_of(index)
        # the tracks are the first random numbers that `draw.draw_frame` takes
        rng = np.random.default_rng([campaign.seed, index])
        charge_e = (detector.cosmic_tracks(rng, (camera.ny, camera.nx), frame.n_cosmics)
                    + detector.hot_electrons(camera, frame.exptime_s))
        rows, columns = np.nonzero(charge_e)
        for image in draw.objects_of_frame(campaign, index):
            near = np.hypot(columns - image["x_px"], rows - image["y_px"]) < HIT_PX
            percent = 100 * charge_e[rows[near], columns[near]].sum() / image["flux_e"]
            if image["kind"] == "image" and percent > HIT_PERCENT:
                found.append(Fault("hit", camera.name, f"{percent:.0f} % of the flux", "cosmic "
                                   f"or hot pixel on image {image['name']}", index))
    return tuple(found)


def planted_in(campaign, kind):
    """Campaign with one more difficulty of `PLANTS`, and its faults."""
    if kind in SKY_PLANTS:
        return SKY_PLANTS[kind](campaign)
    if kind in CAMERA_PLANTS:
        camera, changes, size, meaning = CAMERA_PLANTS[kind]
        telescopes = tuple(replace(one, **changes) if camera in ("", one.name) else one
                           for one in campaign.telescopes)
        fault = Fault(kind, camera or "all", size, meaning)
        return replace(campaign, telescopes=telescopes, faults=(*campaign.faults, fault))
    for camera, number, changes, size, meaning in FRAME_PLANTS[kind]:
        indices = [i for i, frame in enumerate(campaign.frames) if frame.telescope == camera]
        chosen = indices if number is None else indices[number:number + 1]
        for index in chosen:
            campaign = change_frame(campaign, index, **changes)
        # a short campaign may not have that frame
        faults = [Fault(kind, camera, size, meaning, -1 if number is None else index)
                  for index in chosen[:1]]
        campaign = replace(campaign, faults=(*campaign.faults, *faults))
    return campaign


def with_visitor(campaign, index, visitor):
    """Campaign with a visitor more on one frame."""
    return change_frame(campaign, index, visitors=(*campaign.frames[index].visitors, visitor))


def with_asteroid(campaign):
    """Let an asteroid pass 1.1 arcsec from a star in g and, on another night, in z."""
    for index, name in ((12, "S17"), (19, "S14")):
        if index >= len(campaign.frames):
            break
        star = next(star for star in campaign.stars if star.name == name)
        east, north = to_plane(star.ra_deg, star.dec_deg, RA_DEG, DEC_DEG)[0]
        campaign = with_visitor(campaign, index, Visitor(
            f"AST-{name}", "asteroid", float(east) + 0.9, float(north) - 0.7, 17.6, (2.4, 1.0)))
        fault = Fault("asteroid", campaign.frames[index].telescope, "mag 17.6",
                      f"an asteroid 1.1 arcsec from {name}", index)
        campaign = replace(campaign, faults=(*campaign.faults, fault))
    return campaign


def with_transient(campaign):
    """Let a supernova shine beside image C in the last third of the frames."""
    for index in range(len(campaign.frames) * 2 // 3, len(campaign.frames)):
        campaign = with_visitor(campaign, index, Visitor("SN", "transient", -1.9, 1.3, 20.0))
    fault = Fault("transient", "all", "mag 20.0, last third", "a transient 1.5 arcsec from C")
    return replace(campaign, faults=(*campaign.faults, fault))


def with_variable(campaign):
    """Let one of the brighter stars that never saturate vary."""
    stars = tuple(replace(star, amplitude_mag=0.15) if star.name == "S16" else star
                  for star in campaign.stars)
    fault = Fault("variable", "all", "amplitude .15 mag", "S16 varies")
    return replace(campaign, stars=stars, faults=(*campaign.faults, fault))


def with_compact_galaxies(campaign):
    """Scatter more compact galaxies than stars, slightly wider than these."""
    rng = np.random.default_rng([campaign.seed, GALAXIES])
    sky = from_plane(scattered(rng, 30, HALF_ARCSEC, apart_arcsec=5, hole_arcsec=12),
                     RA_DEG, DEC_DEG)
    galaxies = tuple(
        Galaxy(f"G{number:02d}", float(ra_deg), float(dec_deg), mag=rng.uniform(17.2, 20.0),
               r_eff_arcsec=rng.uniform(0.25, 0.6), axis_ratio=rng.uniform(0.5, 1.0),
               pa_deg=rng.uniform(0, 180), colour_mag=rng.uniform(0.8, 1.6))
        for number, (ra_deg, dec_deg) in enumerate(zip(*sky, strict=True), 1))
    fault = Fault("compact_galaxies", "all", "30, half-light radius .25 to .6 arcsec",
                  "galaxies that look like stars")
    return replace(campaign, galaxies=galaxies, faults=(*campaign.faults, fault))


def with_undeclared(campaign):
    """Put a star beside the lens, which no setting names."""
    ra_deg, dec_deg = from_plane(np.array([[-1.6, -2.05]]), RA_DEG, DEC_DEG)
    star = Star("UNDECLARED", float(ra_deg[0]), float(dec_deg[0]), mag=20.2, colour_mag=0.6)
    fault = Fault("undeclared", "all", "mag 20.2", "a source 2.6 arcsec from the lens")
    return replace(campaign, stars=(*campaign.stars, star), faults=(*campaign.faults, fault))


SKY_PLANTS = {
    "asteroid": with_asteroid, "variable": with_variable, "undeclared": with_undeclared,
    "compact_galaxies": with_compact_galaxies, "transient": with_transient,
}
PLANTS = (*CAMERA_PLANTS, *FRAME_PLANTS, *SKY_PLANTS)
