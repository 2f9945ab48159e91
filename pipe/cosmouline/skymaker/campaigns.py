"""Ready campaigns: the demo lens, and a tiny one for tests."""

from cosmouline.skymaker.geometry import from_plane
from cosmouline.skymaker.model import (
    Campaign,
    Frame,
    Galaxy,
    Lens,
    LensImage,
    Star,
    Telescope,
    change_frame,
)

import numpy as np

GOLDEN = (np.sqrt(5) - 1) / 2  # multiples of it fill an interval evenly, however many are taken
STARS, GALAXIES, FRAMES, WALK = 1, 2, 3, 4  # in a seed: one stream of numbers per purpose
MAX_TRIES = 20000  # to find free positions for the stars of a field

RA_DEG, DEC_DEG = 69.5619, -12.2874  # of the demo lens
NIGHTS_MJD = (60280, 60284, 60289, 60293, 60298, 60305, 60311, 60317)  # 2023-12-02 and on
FULL_MOON_MJD = 60305  # 2023-12-27
NIGHT_STEP_DAYS = 5  # after the last of these nights
LA_SILLA_UT_DAYS, LA_PALMA_UT_DAYS = 0.15, 0.02  # when the demo lens is near the meridian
FRAME_STEP_DAYS = 0.008  # between the frames of a night
ROTATED, FLIPPED, CLOUDED = 5, 9, 12  # frames of the demo that are not like the others

LA_SILLA = Telescope(name="SIM1", n_hot_pixels=40, defect_seed=11, bad_columns=((402, 180),))


def demo_campaign(seed=1, n_frames=16):
    """Campaign of the demo lens: a quad over a galaxy, 24 stars, two frames a night.

    Parameters
    ----------
    seed : int
        Fixes the field, the light curves, the conditions and the noise.
    n_frames : int
        With fewer or more of them, the common ones are the same.

    Returns
    -------
    model.Campaign

    Notes
    -----
    Frame 5 is turned by 10 degrees, frame 9 by 180 (after the meridian), frame 12 shows thick
    cloud and two stars at most, frames 10 and 11 have the full Moon. Stars S01 and S02 are
    saturated, VAR varies by 0.25 mag.
    """
    half_arcsec = (54, 50)
    # two saturated stars, 21 others and a variable one, around the lens
    rng = np.random.default_rng([seed, STARS])
    mags = np.concatenate([[12.8, 13.2], np.linspace(15.8, 19.6, 21)])
    positions = scattered(rng, mags.size + 1, half_arcsec, apart_arcsec=9, hole_arcsec=15)
    stars = field_stars(rng, positions[:-1], mags)
    variable = field_stars(rng, positions[-1:], [17.0], names=["VAR"], amplitude_mag=0.25)
    # faint exponential galaxies, by random numbers of their own
    rng = np.random.default_rng([seed, GALAXIES])
    positions = scattered(rng, 6, half_arcsec, apart_arcsec=5, hole_arcsec=12)
    sky = from_plane(positions, RA_DEG, DEC_DEG)
    galaxies = tuple(
        Galaxy(f"G{number:02d}", float(ra_deg), float(dec_deg), mag=rng.uniform(20.5, 22.5),
               r_eff_arcsec=rng.uniform(0.3, 0.8), axis_ratio=rng.uniform(0.4, 1.0),
               pa_deg=rng.uniform(0, 180))
        for number, (ra_deg, dec_deg) in enumerate(zip(*sky, strict=True), 1))
    campaign = Campaign(
        "demo", RA_DEG, DEC_DEG, telescopes=(LA_SILLA,), stars=stars + variable,
        galaxies=galaxies, lens=demo_lens(seed), seed=seed,
        frames=tuple(random_frame(seed, index, "SIM1", night=index // 2, slot=index % 2,
                                  ut_days=LA_SILLA_UT_DAYS, seeing_arcsec=(0.8, 1.6),
                                  sky_mag=(20.4, 21.1), shift_px=12.0, n_cosmics=30)
                     for index in range(n_frames)))
    return with_specials(campaign, {
        ROTATED: {"rotation_deg": 10.0},
        FLIPPED: {"rotation_deg": 180.0},
        CLOUDED: {"transparency": 2e-4, "sky_mag": 20.0, "defect": "thick cloud"},
    })


def tiny_campaign(n_frames=6, seed=1, nx=180, ny=160, n_stars=13, with_galaxy=False, **telescope):
    """Campaign for tests: small frames of a double quasar and a few stars, quick to draw.

    Parameters
    ----------
    n_frames, seed : int
        With more frames, the first ones stay the same.
    nx, ny : int
        Size of the frames; the field of stars grows with it.
    n_stars : int
        Stars of magnitude 15.8 to 18.8, none of them saturated.
    with_galaxy : bool
        Put a galaxy between the two images; drawing takes three times as long.
    **telescope
        Other fields of `model.Telescope`.

    Returns
    -------
    model.Campaign
        Frames of one night each, three days apart, with shifts of about 3 px, seeing of 0.9 to
        1.4 arcsec and a few cosmics; no defect, no rotation (see `model.change_frame`).
    """
    camera = Telescope(**{"name": "TINY", "nx": nx, "ny": ny, **telescope})
    half = 0.5 * camera.pixel_scale_arcsec * np.array([nx - 30, ny - 30])
    rng = np.random.default_rng([seed, STARS])
    positions = scattered(rng, n_stars, half, apart_arcsec=5, hole_arcsec=5)
    stars = field_stars(rng, positions, np.linspace(15.8, 18.8, n_stars))
    galaxy = Galaxy("G", RA_DEG, DEC_DEG, 19.0, 0.6, n_sersic=4.0, axis_ratio=0.8, pa_deg=40)
    images = (LensImage("A", 0.65, 0.30, 17.6),
              LensImage("B", -0.62, -0.35, 18.4, delay_days=6.0))
    frames = []
    for index in range(n_frames):
        # one stream of numbers per frame: the first ones do not depend on how many follow
        rng = np.random.default_rng([seed, FRAMES, index])
        frames.append(Frame(
            telescope=camera.name, mjd_start=NIGHTS_MJD[0] + 3 * index + LA_SILLA_UT_DAYS,
            fwhm_arcsec=rng.uniform(0.9, 1.4), sky_mag=rng.uniform(20.4, 21.1),
            transparency=rng.uniform(0.7, 1.0), shift_px=pair(rng, 3.0), n_cosmics=3,
            **random_shape(rng)))
    return Campaign(
        "tiny", RA_DEG, DEC_DEG, telescopes=(camera,), frames=tuple(frames), stars=stars,
        lens=Lens("TINY", RA_DEG, DEC_DEG, images, galaxy if with_galaxy else None, seed=seed),
        seed=seed)


def with_specials(campaign, specials):
    """Campaign in which some frames, if it has them, are changed."""
    for index, changes in specials.items():
        if index < len(campaign.frames):
            campaign = change_frame(campaign, index, **changes)
    return campaign


def demo_lens(seed=1):
    """Give the demo lens: a quad like HE 0435-1223, slightly smaller, with its delays."""
    images = (
        LensImage("A", 1.01, 0.50, 18.2, delay_days=0.0),
        LensImage("B", -0.27, 0.98, 18.6, delay_days=8.8, drift_mag=0.03, drift_period_days=210),
        LensImage("C", -1.13, -0.03, 18.9, delay_days=2.2, drift_mag=-0.05),
        LensImage("D", 0.20, -0.91, 19.4, delay_days=14.4, drift_mag=0.02, drift_period_days=150),
    )
    ra_deg, dec_deg = from_plane(np.array([[0.02, 0.03]]), RA_DEG, DEC_DEG)
    galaxy = Galaxy("G", ra_deg[0], dec_deg[0], 19.2, 0.75, n_sersic=4.0, axis_ratio=0.82,
                    pa_deg=20)
    walk_seed = int(np.random.SeedSequence([seed, WALK]).generate_state(1)[0])
    return Lens("DEMO0438-1217", RA_DEG, DEC_DEG, images, galaxy, sigma_mag=0.2, colour_mag=0.6,
                seed=walk_seed)


def random_frame(seed, index, telescope, night, slot, ut_days, seeing_arcsec, sky_mag, shift_px,
                 n_cosmics):
    """One exposure of a night under random conditions, which depend on seed and index alone.

    Parameters
    ----------
    seed, index : int
    telescope : str
    night, slot : int
        Number of the night (the first ones are `NIGHTS_MJD`), and of the frame in it.
    ut_days : float
        When the first frame of a night begins.
    seeing_arcsec, sky_mag : (float, float)
        Ranges of both.
    shift_px, n_cosmics : float
        Rms of the pointing per axis, and mean number of cosmic tracks.
    """
    rng = np.random.default_rng([seed, FRAMES, index])
    # further nights follow the listed ones in equal steps
    last = len(NIGHTS_MJD) - 1
    night_mjd = NIGHTS_MJD[min(night, last)] + NIGHT_STEP_DAYS * max(night - last, 0)
    has_moon = night_mjd == FULL_MOON_MJD
    best, worst = seeing_arcsec
    return Frame(
        telescope=telescope,
        mjd_start=night_mjd + ut_days + FRAME_STEP_DAYS * slot + rng.uniform(0, 0.002),
        exptime_s=360.0,
        fwhm_arcsec=best + (worst - best) * ((GOLDEN * index + 0.37 * seed) % 1.0),
        sky_mag=rng.uniform(*sky_mag),
        moon_mag=19.4 if has_moon else None,
        sky_gradient=pair(rng, 0.06 if has_moon else 0.015),
        transparency=float(np.clip(rng.normal(0.88, 0.1), 0.5, 1.0)),
        shift_px=pair(rng, shift_px),
        rotation_deg=rng.normal(0, 0.15),
        n_cosmics=int(rng.poisson(n_cosmics)),
        **random_shape(rng))


def random_shape(rng):
    """Fields of a `Frame` that give the form of its point spread function."""
    return {
        "moffat_beta": rng.uniform(3.0, 4.0),
        "ellipticity": rng.uniform(0.0, 0.10),
        "pa_deg": rng.uniform(0, 180),
        "lobe_fraction": rng.uniform(0.04, 0.08),
        "lobe_angle_deg": rng.uniform(0, 360),
        "fwhm_gradient": pair(rng, 0.015),
        "ellipticity_gradient": (pair(rng, 0.01), pair(rng, 0.01)),
    }


def pair(rng, sigma):
    """Two Gaussian numbers, as a tuple of floats."""
    return tuple(float(value) for value in rng.normal(0, sigma, 2))


def scattered(rng, n, half_arcsec, apart_arcsec, hole_arcsec=0.0):
    """Random positions in a rectangle, apart from each other and from its middle.

    Parameters
    ----------
    rng : numpy.random.Generator
    n : int
        How many.
    half_arcsec : (float, float)
        Half of the width and of the height of the rectangle.
    apart_arcsec, hole_arcsec : float
        Least distance between two of them, and from the middle.

    Returns
    -------
    ndarray, shape (n, 2)
        (east, north) in arcsec.

    Raises
    ------
    ValueError
        If they do not fit.
    """
    # draw until enough of them are free
    positions = []
    for position in rng.uniform(-1, 1, (MAX_TRIES, 2)) * half_arcsec:
        if len(positions) == n:
            break
        is_far = all(np.hypot(*(position - other)) > apart_arcsec for other in positions)
        if is_far and np.hypot(*position) > hole_arcsec:
            positions.append(position)
    if len(positions) < n:
        raise ValueError(f"only {len(positions)} of {n} positions found: apart_arcsec is too "
                         "large")
    return np.array(positions).reshape(-1, 2)


def field_stars(rng, positions_arcsec, mags, names=None, amplitude_mag=0.0):
    """Stars around the demo position, with random proper motions and colours.

    Parameters
    ----------
    rng : numpy.random.Generator
        Of the motions (6 mas/yr rms per axis) and colours (0.4 to 1.4).
    positions_arcsec : ndarray, shape (n, 2)
        (east, north).
    mags : sequence of float
    names : sequence of str, optional
        S01, S02, ... by default.
    amplitude_mag : float
        Of the sine that they follow, with a period of 11 days.

    Returns
    -------
    tuple of model.Star
    """
    names = [f"S{number:02d}" for number in range(1, len(mags) + 1)] if names is None else names
    sky = from_plane(positions_arcsec, RA_DEG, DEC_DEG)
    return tuple(
        Star(name, float(ra_deg), float(dec_deg), float(mag), pm_ra_mas_yr=rng.normal(0, 6),
             pm_dec_mas_yr=rng.normal(0, 6), colour_mag=rng.uniform(0.4, 1.4),
             amplitude_mag=amplitude_mag, period_days=11.0)
        for name, mag, ra_deg, dec_deg in zip(names, mags, *sky, strict=True))
