"""A lensed quasar by two telescopes in two filters, one frame in ten bad."""

from dataclasses import replace

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
    with_specials,
)
from cosmouline.skymaker.geometry import from_plane
from cosmouline.skymaker.model import Campaign, Star, Telescope

import numpy as np

FRAMES_PER_NIGHT = 8  # two by each telescope in each filter
HALF_ARCSEC = (37.0, 35.0)  # of the field of stars, so that all telescopes see all of it
ELSEWHERE_ARCSEC = (1500.0, 600.0)  # from the lens to the field that was taken by mistake
REDDENING_MAG = {"A": 0.0, "B": 0.12, "C": 0.30, "D": -0.08}  # of the images, by the galaxy
SKY_MAG = {"R": (20.4, 21.1), "V": (21.0, 21.7)}
SEEING_ARCSEC = {"SIM1": (0.8, 1.6), "SIM2": (1.0, 1.8)}

SIM1_R = Telescope(name="SIM1_R", camera="SIM1", nx=420, ny=400, n_hot_pixels=25, defect_seed=11,
                   bad_columns=((302, 180),))
SIM2_R = Telescope(name="SIM2_R", camera="SIM2", nx=400, ny=380, pixel_scale_arcsec=0.30,
                   gain_e_per_adu=1.3, read_noise_e=8.0, zeropoint_mag=23.9,
                   camera_angle_deg=90.0, is_mirrored=True, colour_term=0.06, n_hot_pixels=25,
                   defect_seed=12, site_lon_deg=-17.8792, site_lat_deg=28.7624,
                   site_elev_m=2327.0)
# a colour is V - R: the V magnitude is that in R plus once the colour
SIM1_V = replace(SIM1_R, name="SIM1_V", filter_name="V", zeropoint_mag=24.7, colour_term=1.0)
SIM2_V = replace(SIM2_R, name="SIM2_V", filter_name="V", zeropoint_mag=24.1, colour_term=1.05)
CAMERAS = (SIM1_R, SIM2_R, SIM1_V, SIM2_V)

SPECIALS = {  # what goes wrong, by the number of the frame
    7: {"trail_px": (13.0, 4.0), "defect": "trailed"},
    12: {"transparency": 2e-4, "sky_mag": 20.0, "defect": "thick cloud"},
    18: {"moon_mag": 14.0, "defect": "saturated by moonlight"},
    29: {"kept_of_file": 0.6, "defect": "truncated file"},
    39: {"fwhm_arcsec": 7.0, "defect": "out of focus"},
    48: {"defect": "wrong field"},
}


def two_telescope_campaign(seed=1, n_frames=60):
    """Campaign of a quad by two telescopes in turn, each of them in R and in V.

    Parameters
    ----------
    seed : int
        Fixes the field, the light curves, the conditions and the noise.
    n_frames : int
        With fewer or more of them, the common ones are the same.

    Returns
    -------
    model.Campaign
        One `model.Telescope` per camera and filter, named SIM1_R, SIM2_R, SIM1_V, SIM2_V: frames
        0 to 3 are of these, and so on; eight frames a night.

    Notes
    -----
    SIM2 is on another site: larger pixels, less depth, another gain, a camera turned by 90
    degrees and a mirror image, a small colour term. The stars have colours of 0.4 to 1.4 and
    the images of the lens are reddened differently, so that flux ratios differ between the
    filters. Star S01 is saturated, VAR varies by 0.25 mag. `SPECIALS` lists the bad frames. The
    stars W01 to W12 are those of the wrong field.
    """
    # one saturated star, 18 others and a variable one
    rng = np.random.default_rng([seed, STARS])
    mags = np.concatenate([[12.8], np.linspace(15.6, 19.2, 18)])
    positions = scattered(rng, mags.size + 1, HALF_ARCSEC, apart_arcsec=8, hole_arcsec=13)
    stars = field_stars(rng, positions[:-1], mags)
    stars += field_stars(rng, positions[-1:], [17.0], names=["VAR"], amplitude_mag=0.25)
    # the field that was taken by mistake, and where it falls on the unturned SIM1
    elsewhere = scattered(rng, 12, HALF_ARCSEC, apart_arcsec=8) + ELSEWHERE_ARCSEC
    sky = from_plane(elsewhere, RA_DEG, DEC_DEG)
    stars += tuple(
        Star(f"W{number:02d}", float(ra), float(dec), mag=float(mag), colour_mag=0.8)
        for number, ra, dec, mag in zip(range(1, 13), *sky, np.linspace(15.5, 18.5, 12),
                                        strict=True))
    east, north = ELSEWHERE_ARCSEC
    wrong_field = {"shift_px": (east / SIM1_R.pixel_scale_arcsec,
                                -north / SIM1_R.pixel_scale_arcsec)}
    # the galaxy reddens each image differently
    lens = demo_lens(seed)
    lens = replace(lens, images=tuple(replace(one, colour_mag=REDDENING_MAG[one.name])
                                      for one in lens.images))
    # two telescopes in turn, each in R and in V
    frames = []
    for index in range(n_frames):
        telescope = CAMERAS[index % len(CAMERAS)]
        frames.append(random_frame(
            seed, index, telescope.name, night=index // FRAMES_PER_NIGHT,
            slot=index % FRAMES_PER_NIGHT // 2,  # the two telescopes work at the same time
            ut_days=LA_SILLA_UT_DAYS if telescope.camera == "SIM1" else LA_PALMA_UT_DAYS,
            seeing_arcsec=SEEING_ARCSEC[telescope.camera],
            sky_mag=SKY_MAG[telescope.filter_name], shift_px=8.0, n_cosmics=16))
    campaign = Campaign("two", RA_DEG, DEC_DEG, telescopes=CAMERAS, frames=tuple(frames),
                        stars=stars, lens=lens, seed=seed)
    return with_specials(campaign, SPECIALS | {48: SPECIALS[48] | wrong_field})
