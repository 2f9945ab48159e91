"""A field of stars on a grid, doubles and supernovae, under growing seeing."""

from dataclasses import replace

from cosmouline.skymaker.campaigns import DEC_DEG, NIGHTS_MJD, RA_DEG, field_stars
from cosmouline.skymaker.geometry import from_plane
from cosmouline.skymaker.model import Campaign, Frame, Galaxy, Star, Telescope

import numpy as np

STEP_PX = 120  # of the grid of stars
DOUBLE_PX, DOUBLE_MAG = (3.0, 5.0), (0.0, 2.0)  # separation and difference of the doubles
CELLS = ((0, 0), (0, 1), (1, 0), (1, 1), (0, 2), (2, 0))  # four doubles, then two supernovae
EXPTIME_S = 300.0
FIELD, FRAMES = 1, 2  # in a seed: one stream of random numbers per purpose
RAMP = Telescope(name="RAMP", pixel_scale_arcsec=0.2, gain_e_per_adu=1.0, zeropoint_mag=25.0)


def seeing_ramp_campaign(seed=1, n_frames=10, seeing_arcsec=(0.6, 1.8), n_grid=6):
    """Campaign of one field under growing seeing.

    Parameters
    ----------
    seed : int
        Fixes the field, the shifts and the noise.
    n_frames : int
        Frames, from the first to the last seeing in equal steps, one after the other.
    seeing_arcsec : (float, float)
        Seeing of the first and of the last frame.
    n_grid : int
        Rows and columns of the grid of stars, at least 4.

    Returns
    -------
    model.Campaign

    Raises
    ------
    ValueError
        If `n_grid` is too small for the doubles and supernovae.

    Notes
    -----
    The field of COSMOULINE's skysim: stars of magnitude 17 to 19.5, 120 px apart with a random
    sub-pixel shift; between them four doubles (D1a, D1b, ...), 3 to 5 px apart and up to 2 mag
    different, and two supernovae (N1, N2) in galaxies (H1, H2); one random sub-pixel shift per
    frame.
    """
    if n_grid < 4:
        raise ValueError(f"n_grid must be at least 4, not {n_grid}")
    # stars on a grid, and a cell between four of them for each double and supernova
    rng = np.random.default_rng([seed, FIELD])
    grid_px = star_grid(rng, n_grid)
    stars = field_stars(rng, grid_px * RAMP.pixel_scale_arcsec,
                        rng.uniform(17, 19.5, len(grid_px)))
    cells_px = (np.array(CELLS) - 0.5 * (n_grid - 2)) * STEP_PX
    for number, position_px in enumerate(cells_px[:4], 1):
        # two stars on both sides of the middle of a cell
        separation, angle = rng.uniform(*DOUBLE_PX), rng.uniform(0, 2 * np.pi)
        half = 0.5 * separation * np.array([np.cos(angle), np.sin(angle)])
        mag = rng.uniform(17, 19)
        stars += (Star(f"D{number}a", *_sky(position_px + half), mag),
                  Star(f"D{number}b", *_sky(position_px - half), mag + rng.uniform(*DOUBLE_MAG)))
    hosts = []
    for number, position_px in enumerate(cells_px[4:], 1):
        # a galaxy, and a star 2 px from its centre
        hosts.append(Galaxy(f"H{number}", *_sky(position_px), mag=18.5, r_eff_arcsec=1.0,
                            n_sersic=float(number), axis_ratio=0.7, pa_deg=rng.uniform(0, 180)))
        stars += (Star(f"N{number}", *_sky(position_px + np.array([2.0, 0.0])),
                       rng.uniform(18, 20)),)
    # frames under growing seeing, one minute between them
    frames = []
    for index, fwhm_arcsec in enumerate(np.linspace(*seeing_arcsec, n_frames)):
        shift_px = np.random.default_rng([seed, FRAMES, index]).uniform(-0.5, 0.5, 2)
        frames.append(Frame(
            RAMP.name, mjd_start=NIGHTS_MJD[0] + 0.1 + index * (EXPTIME_S + 60) / 86400,
            exptime_s=EXPTIME_S, fwhm_arcsec=float(fwhm_arcsec), moffat_beta=3.5, sky_mag=21.0,
            shift_px=tuple(shift_px.tolist())))
    return Campaign(
        "ramp", RA_DEG, DEC_DEG, frames=tuple(frames), stars=stars, galaxies=tuple(hosts),
        telescopes=(replace(RAMP, nx=n_grid * STEP_PX, ny=n_grid * STEP_PX),), seed=seed)


def star_grid(rng, n_grid, step_px=STEP_PX):
    """Positions on a square grid around (0, 0), each off by up to half a pixel: (n_grid**2, 2)."""
    steps = (np.arange(n_grid) - 0.5 * (n_grid - 1)) * step_px
    positions = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    return positions + rng.uniform(-0.5, 0.5, positions.shape)


def _sky(position_px):
    """Right ascension and declination of a position in pixels from the middle, two floats."""
    position = from_plane(np.asarray(position_px) * RAMP.pixel_scale_arcsec, RA_DEG, DEC_DEG)
    return tuple(float(value[0]) for value in position)
