"""Magnitudes of single images, and their errors."""

import numpy as np

MAG_PER_LN = 2.5 / np.log(10)


def image_magnitudes(flux_e, sigma_e, coeff, coeff_sigma):
    """Magnitudes of single images on the scale of the reference image, and their errors.

    Parameters
    ----------
    flux_e, sigma_e : ndarray of float, shape (n_images, n_sources)
        In electrons of the exposures; NaN where missing.
    coeff, coeff_sigma : ndarray of float, shape (n_images,)

    Returns
    -------
    mag, sigma : ndarray of float, shape (n_images, n_sources)
        The errors hold those of the coefficients. NaN without a positive flux and coefficient.
    """
    coeff, coeff_sigma = coeff[:, None], coeff_sigma[:, None]
    # a flux that is not positive has no magnitude
    flux_e = np.where((flux_e > 0) & (coeff > 0), flux_e, np.nan)
    relative = np.hypot(sigma_e / flux_e, coeff_sigma / coeff)
    return -2.5 * np.log10(flux_e * coeff), MAG_PER_LN * relative


def mag_error(error_e, flux_e):
    """Turn errors of fluxes into errors of magnitudes, as COSMOULINE does: 2.5 lg(1 + e / f)."""
    return 2.5 * np.log10(1.0 + error_e / flux_e)
