"""Compare measured fluxes with those that a simulation was drawn from."""

from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

MATCH_PX = 2.0


class Comparison(NamedTuple):
    """How well the fluxes of one source are met, all relative to the true flux.

    Parameters
    ----------
    bias, scatter, error : float
        Mean and standard deviation of measured / true - 1, and the median quoted error.
    pull : float
        Rms of the deviations from the mean in units of the quoted errors, corrected for the mean
        that was taken out: 1 for honest errors.
    """

    bias: float
    scatter: float
    error: float
    pull: float


def flux_scale(star_flux, measured_xy, true_flux, true_xy):
    """Return what a true flux of 1 measures, from the stars.

    Parameters
    ----------
    star_flux : ndarray of float, shape (n_images, n_stars)
        Normalised fluxes; NaN where not measured.
    measured_xy : ndarray of float, shape (n_stars, 2)
    true_flux : ndarray of float, shape (n_true,)
        NaN for a star that varies or is no star.
    true_xy : ndarray of float, shape (n_true, 2)
        Positions on the same image.

    Returns
    -------
    float
        Median over stars and images.

    Raises
    ------
    ValueError
        If no star is met.
    """
    # the true star next to each measured one
    distance, row = cKDTree(true_xy).query(measured_xy, distance_upper_bound=MATCH_PX)
    found = np.isfinite(distance)
    ratio = star_flux[:, found] / true_flux[row[found]]
    if not np.isfinite(ratio).any():
        raise ValueError("no measured star is among the true ones")
    return float(np.nanmedian(ratio))


def compare(measured, sigma, true):
    """Return the `Comparison` of one source.

    Parameters
    ----------
    measured, sigma, true : ndarray of float, shape (n,)
        On one scale; three epochs at least.
    """
    deviation, error = measured / true - 1, sigma / measured
    spread = deviation - deviation.mean()
    n = len(deviation)
    # the mean took one degree of freedom
    pull = np.sqrt(np.mean((spread / error) ** 2) * n / (n - 1))
    return Comparison(deviation.mean(), spread.std(ddof=1), np.median(error), pull)
