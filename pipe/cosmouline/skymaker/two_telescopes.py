"""A lensed quasar by two telescopes in two filters, one frame in ten spoilt."""

from dataclasses import replace

from cosmouline.skymaker.campaigns import (
    DEC_DEG,
    FRAME_STEP_DAYS,
    FRAMES,
    FULL_MOON_MJD,
    GOLDEN,
    LA_PALMA_UT_DAYS,
    LA_SILLA_UT_DAYS,
    NIGHTS_MJD,
    RA_DEG,
    STARS,
    demo_lens,
    field_stars,
    pair,
    random_shape,
    scattered,
    with_specials,
)
from cosmouline.skymaker.geometry import from_plane
from cosmouline.skymaker.model import Campaign, Frame, Star, Telescope

import numpy as np

FRAMES_PER_NIGHT = 8  # two by each telescope in each filter
NIGHT_STEP_DAYS = 5  # after the last of the nights of the demo
HALF_ARCSEC = (37.0, 35.0)  # of the field of stars, so that all telescopes see all of it
ELSEWHERE_ARCSEC = (1500.0, 600.0)  # from the lens to the field that was taken by mistake
REDDENING_MAG = {"A": 0.0, "B": 0.12, "C": 0.30, "D": -0.08}  # of the images, by the galaxy
SKY_MAG = {"R": (20.4, 21.1), "V": (21.0, 21.7)}
SEEING_ARCSEC = {"SIM1": (0.8, 1.6), "SIM2": (1.0, 1.8)}

SIM1_R = Telescope(
    name="SIM1_R",
    camera="SIM1",
    nx=420,
    ny=400,
    n_hot_pixels=25,
    defect_seed=11,
    bad_columns=((302, 180),),
    filter_name="R",
)
SIM2_R = Telescope(
    name="SIM2_R",
    camera="SIM2",
    nx=400,
    ny=380,
    pixel_scale_arcsec=0.30,
    gain_e_per_adu=1.3,
    read_noise_e=8.0,
    zeropoint_mag=23.9,
    camera_angle_deg=90.0,
    is_mirrored=True,
    colour_term=0.06,
    n_hot_pixels=25,
    defect_seed=12,
    filter_name="R",
    site_lon_deg=-17.8792,
    site_lat_deg=28.7624,
    site_elev_m=2327.0,
)
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
    filters. Star S01 is saturated, VAR varies by 0.25 mag. `SPECIALS` says what goes wrong. The
    stars W01 to W12 are those of the wrong field.
    """
    rng = np.random.default_rng([seed, STARS])
    mags = np.concatenate([[12.8], np.linspace(15.6, 19.2, 18)])
    places = scattered(rng, mags.size + 1, HALF_ARCSEC, apart_arcsec=8, hole_arcsec=13)
    stars = field_stars(rng, places[:-1], mags)
    stars += field_stars(rng, places[-1:], [17.0], names=["VAR"], amplitude_mag=0.25)
    frames = tuple(_frame(seed, index) for index in range(n_frames))
    campaign = Campaign(
        name="two",
        ra_deg=RA_DEG,
        dec_deg=DEC_DEG,
        telescopes=CAMERAS,
        frames=frames,
        stars=stars + _stars_elsewhere(rng),
        lens=_reddened(demo_lens(seed)),
        seed=seed,
    )
    specials = dict(SPECIALS)
    specials[48] = {**specials[48], "shift_px": tuple(-np.array(_elsewhere_px(SIM1_R)))}
    return with_specials(campaign, specials)


def _elsewhere_px(camera):
    """Where the middle of the wrong field would fall on an unturned, unmirrored camera."""
    east, north = ELSEWHERE_ARCSEC
    return -east / camera.pixel_scale_arcsec, north / camera.pixel_scale_arcsec


def _stars_elsewhere(rng):
    """Stars of the field that was taken by mistake."""
    places = scattered(rng, 12, HALF_ARCSEC, apart_arcsec=8)
    ra_deg, dec_deg = from_plane(places + ELSEWHERE_ARCSEC, RA_DEG, DEC_DEG)
    return tuple(
        Star(f"W{number:02d}", float(ra), float(dec), mag=float(mag), colour_mag=0.8)
        for number, ra, dec, mag in zip(
            range(1, 13), ra_deg, dec_deg, np.linspace(15.5, 18.5, 12), strict=True
        )
    )


def _reddened(lens):
    """Give the images of a lens their own colours."""
    images = tuple(replace(one, colour_mag=REDDENING_MAG[one.name]) for one in lens.images)
    return replace(lens, images=images)


def _frame(seed, index):
    """One exposure under random conditions, which depend on seed and index alone."""
    rng = np.random.default_rng([seed, FRAMES, index])
    telescope = CAMERAS[index % len(CAMERAS)]
    night, last = index // FRAMES_PER_NIGHT, len(NIGHTS_MJD) - 1
    mjd = NIGHTS_MJD[min(night, last)] + NIGHT_STEP_DAYS * max(night - last, 0)
    has_moon = mjd == FULL_MOON_MJD
    ut_days = LA_SILLA_UT_DAYS if telescope.camera == "SIM1" else LA_PALMA_UT_DAYS
    slot = index % FRAMES_PER_NIGHT // 2  # the two telescopes work at the same time
    best, worst = SEEING_ARCSEC[telescope.camera]
    return Frame(
        telescope=telescope.name,
        mjd_start=mjd + ut_days + FRAME_STEP_DAYS * slot + rng.uniform(0, 0.002),
        exptime_s=360.0,
        fwhm_arcsec=best + (worst - best) * ((GOLDEN * index + 0.37 * seed) % 1.0),
        sky_mag=rng.uniform(*SKY_MAG[telescope.filter_name]),
        moon_mag=19.4 if has_moon else None,
        sky_gradient=pair(rng, 0.06 if has_moon else 0.015),
        transparency=float(np.clip(rng.normal(0.88, 0.1), 0.5, 1.0)),
        shift_px=pair(rng, 8.0),
        rotation_deg=rng.normal(0, 0.15),
        n_cosmics=int(rng.poisson(16)),
        **random_shape(rng),
    )
