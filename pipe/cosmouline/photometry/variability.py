"""Which stars vary: their scatter about the common coefficient beyond their errors."""

from typing import NamedTuple

from cosmouline.photometry.coefficient_fit import normalise
from cosmouline.photometry.magnitudes import image_magnitudes
from cosmouline.robust import median_of_finite

import numpy as np

MIN_POINTS = 3
AMPLITUDE_PARTS = (5, 95)  # per cent: one bad point is no amplitude


class Variability(NamedTuple):
    """What is known of M stars, and of N images.

    Parameters
    ----------
    mag, scatter, error, excess, chi2, amplitude : ndarray of float, shape (M,)
        Median instrumental magnitude at a coefficient of 1; standard deviation; root mean square
        of the errors; root of the difference of their squares, 0 where the errors explain all;
        chi2 per degree of freedom about the weighted mean; 5 to 95 % range; all in magnitudes.
    n : ndarray of int, shape (M,)
    is_variable : ndarray of bool, shape (M,)
        As judged by `norm.normalise`: they do not count for the coefficients.
    coeff, coeff_sigma : ndarray of float, shape (N,)
        Flux x coefficient is on the scale of the median image.
    mags : ndarray of float, shape (N, M)
        Of all points.
    """

    mag: np.ndarray
    scatter: np.ndarray
    error: np.ndarray
    excess: np.ndarray
    chi2: np.ndarray
    amplitude: np.ndarray
    n: np.ndarray
    is_variable: np.ndarray
    coeff: np.ndarray
    coeff_sigma: np.ndarray
    mags: np.ndarray


def measure(flux, sigma):
    """Normalise the images and measure how the stars scatter.

    Parameters
    ----------
    flux, sigma : ndarray of float, shape (N, M)
        NaN where a star was not measured.

    Returns
    -------
    Variability
        NaN for a star with fewer than 3 points.

    Notes
    -----
    No point is clipped in the scatter: an outlier is told apart by looking at `amplitude` beside
    it. Errors hold those of the coefficient.
    """
    found = normalise(flux, sigma)
    coeff, coeff_sigma = 1 / found.coeff, found.coeff_sigma / found.coeff**2
    mags, errors = image_magnitudes(np.where(sigma > 0, flux, np.nan), sigma, coeff, coeff_sigma)
    n = np.isfinite(mags).sum(0)
    few = n < MIN_POINTS
    scatter, error, chi2 = _moments(mags, errors, n)
    low, high = (_percentile(mags, part, few) for part in AMPLITUDE_PARTS)
    return Variability(
        median_of_finite(mags, 0), *(np.where(few, np.nan, values) for values in (
            scatter, error, np.sqrt(np.maximum(scatter**2 - error**2, 0)), chi2)),
        high - low, n, found.is_variable, coeff, coeff_sigma, mags)


def ranking(found):
    """Return the stars with the largest excess scatter first, those without one last."""
    return np.argsort(-np.nan_to_num(found.excess, nan=-1.0), kind="stable")


def _moments(mags, errors, n):
    """Return standard deviation, root mean square error and reduced chi2 of every star."""
    freedom = np.maximum(n - 1, 1)
    weight = np.nan_to_num(errors**-2.0)
    mean = np.nansum(mags * weight, 0) / np.maximum(weight.sum(0), 1e-300)
    chi2 = np.nansum((mags - mean) ** 2 * weight, 0) / freedom
    plain = np.nansum(mags, 0) / np.maximum(n, 1)
    scatter = np.sqrt(np.nansum((mags - plain) ** 2, 0) / freedom)
    return scatter, np.sqrt(np.nansum(errors**2, 0) / np.maximum(n, 1)), chi2


def _percentile(mags, part, few):
    """Return a percentile of every star over its points; NaN for those with few."""
    return np.array([np.nan if lacking else np.nanpercentile(one, part)
                     for one, lacking in zip(mags.T, few, strict=True)])
