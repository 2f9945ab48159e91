"""The flux of a source in a group of images, and its error.

There are two ways: COSMOULINE's six error bars, one source at a time, and the covariance of all
sources from the errors of all images. "Normalised" is flux x coefficient.
"""

from typing import NamedTuple

from cosmouline.robust import MAD_TO_SIGMA, median_of_finite

import numpy as np

MIN_FOR_SCATTER = 3  # the scatter of fewer images is not known well enough
SCATTER_OF_FEW = 3.0  # COSMOULINE: scatter of groups with fewer images, in medians of the others


class Mean(NamedTuple):
    """Fluxes of a group: (M,) values, (M, M) covariance, (M,) chi2 per degree of freedom.

    ``norm_sigma_e`` (M,) is the error from the coefficient, which moves all sources together.
    """

    flux_e: np.ndarray
    cov_e2: np.ndarray
    chi2_dof: np.ndarray
    norm_sigma_e: np.ndarray


def cosmouline_errors(flux_e, flux_sigma_e, coeff, coeff_sigma):
    """Median normalised fluxes of the sources in one group, with COSMOULINE's first five errors.

    Parameters
    ----------
    flux_e, flux_sigma_e : ndarray of float, shape (n, M)
        Fluxes of M sources in n exposures and their errors, in electrons. An image where
        either is NaN does not count for that source.
    coeff, coeff_sigma : ndarray of float, shape (n,)
        Coefficients and the errors of their means (scatter of the stars / sqrt(n stars)).

    Returns
    -------
    flux_e : ndarray of float, shape (M,)
        Median of the normalised fluxes F c.
    errors_e : ndarray of float, shape (M, 5)
        Each with sqrt(n) in the denominator: 0 photons, median(s_F c); 1 photons and
        coefficient, s_c / c from medians; 2 the same from medians of the raw values; 3 median of
        the images' own sums of both; 4 the scatter, 1.4826 MAD(F c).

    Notes
    -----
    COSMOULINE's 1_join. The fifth bar, the larger of 1 and 4, is taken in magnitudes by
    `fill_scatter`. The errors are those of a mean; the median's are up to 1.25 times larger.
    """
    # An image without a flux or error becomes NaN in every array, so that no median counts it.
    one = np.where(np.isfinite(flux_e) & np.isfinite(flux_sigma_e), 1.0, np.nan)
    flux_e, coeff, coeff_sigma = flux_e * one, coeff[:, None] * one, coeff_sigma[:, None] * one
    scaled_e = flux_e * coeff
    center_e, mid_flux_e = median_of_finite(scaled_e), median_of_finite(flux_e)
    mid_sigma_e = median_of_finite(flux_sigma_e * one)
    mid_coeff, mid_coeff_sigma = median_of_finite(coeff), median_of_finite(coeff_sigma)
    photons_e = median_of_finite(flux_sigma_e * coeff)
    # Bars 0 to 4, in COSMOULINE's order.
    errors_e = [
        photons_e,
        np.hypot(photons_e, center_e * mid_coeff_sigma / mid_coeff),
        np.hypot(mid_coeff * mid_sigma_e, mid_flux_e * mid_coeff_sigma),
        median_of_finite(np.hypot(coeff * flux_sigma_e, flux_e * coeff_sigma)),
        MAD_TO_SIGMA * median_of_finite(np.abs(scaled_e - center_e)),
    ]
    n_used = np.sum(np.isfinite(one), axis=0)
    return center_e, np.stack(errors_e, axis=1) / np.sqrt(np.fmax(n_used, 1))[:, None]


def fill_scatter(magerr, n_used):
    """Complete COSMOULINE's error bars 4 and 5 over all groups.

    `magerr` (G, M, 5) are the bars 0 to 4 of every group and source, in magnitudes, `n_used`
    (G, M) the images behind them. Returned are six bars (G, M, 6): bar 4 of groups with fewer
    than 3 images is 3 times its median over the others (NaN where there are no others); bar 5 is
    the larger of 1 and 4, or 1 where there is no 4.

    Notes
    -----
    Bar 4 is noisy: for Gaussian errors it scatters by 83 % of its mean with 3 images and by 37 %
    with 10, and bar 5, which can only enlarge bar 1, is 8-12 % too large on average.
    ``magerr_cov`` is the bar whose size is right.
    """
    filled = np.concatenate([magerr, magerr[:, :, :1]], axis=2)
    for source in range(magerr.shape[1]):
        # Bar 4: the scatter of a few images comes from the other groups of this source.
        few = n_used[:, source] < MIN_FOR_SCATTER
        filled[few, source, 4] = SCATTER_OF_FEW * median_of_finite(magerr[~few, source, 4])
    # Bar 5, where bar 4 is NaN too: fmax takes the number.
    filled[:, :, 5] = np.fmax(filled[:, :, 1], filled[:, :, 4])
    filled[np.isnan(magerr[:, :, 0])] = np.nan
    return filled


def weighted_mean(flux_e, cov_e2, coeff_relative):
    """Inverse-variance mean of the normalised fluxes of one group, with its covariance.

    Parameters
    ----------
    flux_e : ndarray of float, shape (n, M)
        Normalised fluxes of M sources; NaN where there is none.
    cov_e2 : ndarray of float, shape (n, M, M)
        Their covariance in each image, coefficient left out.
    coeff_relative : ndarray of float, shape (n,)
        Relative errors of the coefficients: common to all sources of an image.

    Returns
    -------
    Mean
        NaN for a source without a flux. chi2_dof is NaN for fewer than two images.

    Notes
    -----
    Each source is weighted by its own variances, so that a mean stays within its fluxes (the
    joint least-squares mean of correlated sources need not; Peelle's puzzle). The error of the
    coefficient is taken at the median flux of the group: taken at each flux, it would give an
    image more weight the lower it has scattered, and pull the mean down. With 3 images or more
    the errors of a source are multiplied by sqrt(chi2/dof) where that exceeds 1. Gaussian errors
    are enlarged by that too, without need: the pulls become 0.92 (n = 3) to 0.94 (n = 10).
    """
    # Mean of each source, weighted by the inverse variances of its images.
    budget_e2 = _budget(flux_e, cov_e2, coeff_relative)
    usable = np.isfinite(flux_e)
    variance_e2 = np.einsum("ikk->ik", budget_e2)
    weight = np.where(usable, 1.0 / variance_e2, 0.0)
    total, n_used = weight.sum(axis=0), usable.sum(axis=0)
    share = weight / np.where(total > 0, total, np.nan)
    mean_e = np.sum(share * np.where(usable, flux_e, 0.0), axis=0)
    # Covariance of the means, and the scatter of the images against it.
    chi2 = np.sum(weight * np.where(usable, flux_e - mean_e, 0.0) ** 2, axis=0)
    chi2_dof = chi2 / np.where(n_used > 1, n_used - 1, np.nan)
    mean_cov_e2 = np.einsum("ik,ikl,il->kl", share, np.nan_to_num(budget_e2), share)
    norm_sigma_e = np.sqrt(coeff_relative**2 @ share**2) * np.abs(median_of_finite(flux_e))
    # Errors are enlarged where the images scatter more than their errors allow.
    factor = np.where(n_used >= MIN_FOR_SCATTER, np.sqrt(np.fmax(chi2_dof, 1.0)), 1.0)
    return Mean(mean_e, _scaled(mean_cov_e2, factor), chi2_dof, factor * norm_sigma_e)


def median_flux(flux_e, cov_e2, coeff_relative):
    """Median of the normalised fluxes of one group, with its covariance.

    Parameters and returns are those of `weighted_mean`.

    Notes
    -----
    The variance is that of the median of independent Gaussians of unequal width: the sum of
    s^2 / n^2 for one or two images, else the large-sample one, (pi / 2) n / (sum of 1/s)^2,
    with the exact factor for n equal widths in place of pi / 2. The error is right to 1 % for
    equal widths and to 3 % where they differ by a factor of two. Correlations and inflation are
    those of the mean.
    """
    mean = weighted_mean(flux_e, cov_e2, coeff_relative)
    variance_e2 = np.einsum("ikk->ik", _budget(flux_e, cov_e2, coeff_relative))
    sigma_e = np.where(np.isfinite(flux_e), np.sqrt(variance_e2), np.nan)
    n = np.isfinite(sigma_e).sum(axis=0)
    n_or_nan = np.where(n > 0, n, np.nan)
    of_pair_e = np.sqrt(np.nansum(sigma_e**2, axis=0)) / n_or_nan
    # pi / (2 n + a): variance of the median of n unit Gaussians, fitted to its integral, < 1 %
    unit_sigma = np.sqrt(np.pi / (2 * n_or_nan + np.where(n % 2, 0.95, 2.6)))
    median_sigma_e = np.where(n <= 2, of_pair_e, n * unit_sigma / np.nansum(1.0 / sigma_e, axis=0))
    # The covariance of the mean, scaled by the ratio of the errors of median and mean.
    ratio = median_sigma_e * np.sqrt(np.nansum(sigma_e**-2.0, axis=0))
    return Mean(median_of_finite(flux_e), _scaled(mean.cov_e2, ratio), mean.chi2_dof,
                ratio * mean.norm_sigma_e)


def _budget(flux_e, cov_e2, coeff_relative):
    """Add the error of the coefficient to the covariance of the normalised fluxes."""
    level_e = median_of_finite(flux_e)
    return cov_e2 + coeff_relative[:, None, None] ** 2 * np.outer(level_e, level_e)


def _scaled(cov_e2, factor):
    """Multiply the errors behind a covariance by a factor for each source."""
    return cov_e2 * np.outer(factor, factor)
