"""Magnitudes at a date: the damped random walk of a quasar, its delays and drifts, sines."""

from functools import lru_cache
from itertools import accumulate

import numpy as np

GRID_START_MJD = 50000.0  # 1995: before it nothing is drawn
GRID_STEP_DAYS = 0.25  # far below any time scale of a quasar; between the steps it is linear
GRID_STEPS = 8192  # the grid is drawn in multiples of so many steps, and kept


def random_walk(mjd, seed, tau_days, sigma_mag):
    """Magnitudes of a damped random walk at given dates.

    Parameters
    ----------
    mjd : float or ndarray
        Dates, from `GRID_START_MJD` on.
    seed : int
        Fixes the curve for all dates: asking for other or more dates reads the same curve.
    tau_days, sigma_mag : float
        Time scale and asymptotic rms.

    Returns
    -------
    ndarray
        Magnitudes around 0, of the shape of `mjd`.

    Raises
    ------
    ValueError
        If a date is before `GRID_START_MJD`.

    Notes
    -----
    Kelly, Bechtold & Siemiginowska 2009, ApJ 698, 895: an autoregressive process of order one,
    m_i = a m_(i-1) + sigma sqrt(1 - a^2) noise, a = exp(-step / tau), on a fixed grid. It starts
    in its stationary state. The random numbers come one after the other, so that a longer grid
    begins with the shorter one.
    """
    mjd = np.asarray(mjd, dtype=float)
    if mjd.size == 0:
        return np.zeros(mjd.shape)
    if mjd.min() < GRID_START_MJD:
        raise ValueError(f"mjd must be {GRID_START_MJD:.0f} or later, not {mjd.min():.2f}")
    # the complete grid up to the last date, whatever dates are asked for
    n_steps = int((mjd.max() - GRID_START_MJD) / GRID_STEP_DAYS) + 2
    walk = _unit_walk(seed, tau_days, -(-n_steps // GRID_STEPS) * GRID_STEPS)
    return np.interp(mjd, GRID_START_MJD + GRID_STEP_DAYS * np.arange(walk.size), sigma_mag * walk)


@lru_cache(maxsize=16)
def _unit_walk(seed, tau_days, n_steps):
    """Walk of rms 1 on the grid; all images of all frames of a lens read the same one."""
    damping = np.exp(-GRID_STEP_DAYS / tau_days)
    kicks = np.random.default_rng(seed).normal(size=n_steps)
    # the first step has the asymptotic rms: the walk starts in its stationary state
    kicks[1:] *= np.sqrt(1 - damping**2)
    return np.array([*accumulate(kicks.tolist(), lambda last, kick: damping * last + kick)])


def image_magnitude(lens, image, mjd):
    """Magnitude of one image of a lens: its mean, the delayed source and its own drift.

    Parameters
    ----------
    lens : model.Lens
        Gives the variations of the source.
    image : model.LensImage
        Gives the mean magnitude, the delay and the drift.
    mjd : float or ndarray
        Dates.
    """
    mjd = np.asarray(mjd, dtype=float)
    # light of the source that left earlier arrives now; microlensing has the dates of arrival
    source = random_walk(mjd - image.delay_days, lens.seed, lens.tau_days, lens.sigma_mag)
    phase = 2 * np.pi * mjd / image.drift_period_days + image.drift_phase_rad
    return image.mag + source + image.drift_mag * np.sin(phase)


def star_magnitude(star, mjd):
    """Magnitude of a star at a date: constant, or a sine if it has an amplitude."""
    return star.mag + star.amplitude_mag * np.sin(2 * np.pi * np.asarray(mjd) / star.period_days)


def flux_e_s(telescope, mag, colour_mag=0.0):
    """Electrons per second at transparency 1 of a magnitude and a colour on a telescope."""
    return 10 ** (0.4 * (telescope.zeropoint_mag - mag - telescope.colour_term * colour_mag))
