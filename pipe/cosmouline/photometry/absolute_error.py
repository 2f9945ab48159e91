"""Error of the coefficient of an image as a measure of its transparency."""

from cosmouline.robust import steady_variance

import numpy as np


def sum_error(draw_scale):
    """Relative error that all fluxes of an image share: of the PSF's sum, and of its stars.

    It is the root mean square distance from 1 of the flux scales of the draws from the posterior
    of the PSF (`posterior_draws.flux_scale`), known to 35 % with four draws.
    """
    return float(np.sqrt(np.mean((np.asarray(draw_scale) - 1) ** 2)))


def photon_error(flux, flux_sigma):
    """Relative error of the mean of the stars of every image by their flux errors alone.

    Parameters
    ----------
    flux, flux_sigma : array_like of float, shape (n_images, n_stars); NaN where missing

    Returns
    -------
    ndarray of float, shape (n_images,)
        Infinite for an image without stars.
    """
    snr2 = np.square(np.asarray(flux, dtype=float) / np.asarray(flux_sigma, dtype=float))
    with np.errstate(divide="ignore"):
        return 1 / np.sqrt(np.nansum(snr2, 1))


def absolute_sigma(coeff, coeff_sigma, photon, shared, n_draws):
    """Errors of coefficients as measures of the transparency, for zero points.

    Parameters
    ----------
    coeff, coeff_sigma : array_like of float, shape (n,)
        From the stars: right relative to whatever is measured with the same PSFs.
    photon, shared : array_like of float, shape (n,)
        From `photon_error` of the same stars, and from `sum_error`; NaN where there were no draws.
    n_draws : int
        Draws behind each of `shared`.

    Returns
    -------
    ndarray of float, shape (n,)
        NaN where the image has no coefficient or no draws; never below `coeff_sigma`.

    Notes
    -----
    All fluxes of an image share the error of the sum of its PSF: noise and unknown structure in
    the wings. That cancels in flux x coefficient, of the lens as of the stars, but not in the
    coefficient itself. The light beyond the stamps is not contained.
    """
    coeff, coeff_sigma = np.asarray(coeff, dtype=float), np.asarray(coeff_sigma, dtype=float)
    stars2, photon2 = (coeff_sigma / coeff) ** 2, np.asarray(photon, dtype=float) ** 2
    own2 = np.where(np.isfinite(stars2), np.asarray(shared, dtype=float) ** 2, np.nan)
    # few draws know their variance badly; it goes with the photon noise
    shared2 = steady_variance(own2, photon2, n_draws)
    # a draw fits stars with other noise, so it contains the photon noise of their mean: only
    # what the errors of the coefficients have beyond the photons is added
    return coeff * np.sqrt(np.maximum(shared2 + np.maximum(stars2 - photon2, 0), stars2))
