"""Which stars vary: their scatter about the common coefficient beyond their errors."""

from typing import NamedTuple

from cosmouline.photometry.coefficient_fit import normalise
from cosmouline.photometry.magnitudes import image_magnitudes
from cosmouline.robust import median_of_finite

import numpy as np

MIN_POINTS = 3
AMPLITUDE_PERCENTILES = (5, 95)  # one bad point makes no amplitude


class Variability(NamedTuple):
    """Scatter of M stars, and coefficients of N images.

    Parameters
    ----------
    mag, scatter, error, excess, chi2, amplitude : ndarray of float, shape (M,)
        Median instrumental magnitude at a coefficient of 1; standard deviation; root mean square
        of the errors; root of the difference of their squares, 0 where the errors explain all;
        chi2 per degree of freedom about the weighted mean; 5 to 95 % range; all in magnitudes.
    n : ndarray of int, shape (M,)
    is_variable : ndarray of bool, shape (M,)
        From `coefficient_fit.normalise`: they do not count for the coefficients.
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
    No point is clipped in the scatter: a scatter that is large against `amplitude` comes from
    outliers. Errors hold those of the coefficient.
    """
    # magnitudes on the scale of the median image, the errors of the coefficients included
    found = normalise(flux, sigma)
    coeff, coeff_sigma = 1 / found.coeff, found.coeff_sigma / found.coeff**2
    mags, errors = image_magnitudes(np.where(sigma > 0, flux, np.nan), sigma, coeff, coeff_sigma)
    n = np.isfinite(mags).sum(0)
    freedom = np.maximum(n - 1, 1)
    plain = np.nansum(mags, 0) / np.maximum(n, 1)
    scatter = np.sqrt(np.nansum((mags - plain) ** 2, 0) / freedom)
    error = np.sqrt(np.nansum(errors**2, 0) / np.maximum(n, 1))
    excess = np.sqrt(np.maximum(scatter**2 - error**2, 0))

    # chi2 about the weighted mean
    weight = np.nan_to_num(errors**-2.0)
    mean = np.nansum(mags * weight, 0) / np.maximum(weight.sum(0), 1e-300)
    chi2 = np.nansum((mags - mean) ** 2 * weight, 0) / freedom

    amplitude = np.full(n.shape, np.nan)
    for k in np.flatnonzero(n >= MIN_POINTS):
        low, high = np.nanpercentile(mags[:, k], AMPLITUDE_PERCENTILES)
        amplitude[k] = high - low
    few = n < MIN_POINTS
    return Variability(
        median_of_finite(mags, 0), *(np.where(few, np.nan, values) for values in (
            scatter, error, excess, chi2)),
        amplitude, n, found.is_variable, coeff, coeff_sigma, mags)


def ranking(found):
    """Return the stars with the largest excess scatter first, those without one last."""
    return np.argsort(-np.nan_to_num(found.excess, nan=-1.0), kind="stable")
