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
    row = true_rows(measured_xy, true_xy)
    ratio = star_flux[:, row >= 0] / true_flux[row[row >= 0]]
    if not np.isfinite(ratio).any():
        raise ValueError("no measured star is among the true ones")
    return float(np.nanmedian(ratio))


def true_rows(measured_xy, true_xy):
    """Return the true star next to each measured one, by its row; -1 where there is none."""
    distance, row = cKDTree(true_xy).query(measured_xy, distance_upper_bound=MATCH_PX)
    return np.where(np.isfinite(distance), row, -1)


def colour_term(mags, reference_mags, colours_mag):
    """Return what a filter adds per magnitude of colour to magnitudes of a reference filter.

    All of shape (n_stars,), of constant stars without noise.
    """
    return np.sum((mags - reference_mags) * colours_mag) / np.sum(colours_mag**2)


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


def pull_limits(n, n_sigma=3.0):
    """Return between which values the pull of `n` right errors lies, to `n_sigma` on each side.

    Quantiles of chi2 over its n - 1 degrees of freedom (Wilson & Hilferty 1931), the root of it.
    """
    share = 2 / 9 / max(n - 1, 1)
    return tuple(max(1 - share + sign * n_sigma * share**0.5, 0.0) ** 1.5 for sign in (-1, 1))
