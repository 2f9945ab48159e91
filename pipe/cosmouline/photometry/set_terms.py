"""Effect of telescope, filter and colour on the stars: their fluxes per set, their trends."""

from typing import NamedTuple

import numpy as np

SIGNIFICANT = 3.0  # sigma of the scatter that noise alone makes; below, sets are alike
TINY = 1e-30


class SetTerms(NamedTuple):
    """Relative fluxes of n_stars stars in n_sets sets of images.

    Parameters
    ----------
    sets : list
        Names of the sets, sorted.
    term : ndarray of float, shape (n_sets, n_stars)
        How much brighter a star is in a set, relative to its mean over all images and to the
        other stars; 0 where it was not measured, or where the noise explains it.
    raw, sigma : ndarray of float, of the same shape
        The same before it was shrunk, and its error; NaN where it was not measured.
    scatter : float
        True scatter of the terms among the stars; 0 where the noise explains it.
    """

    sets: list
    term: np.ndarray
    raw: np.ndarray
    sigma: np.ndarray
    scatter: float


def set_terms(residual, relative_sigma, set_names, used, is_variable):
    """Fit the relative flux of every star in every set; return `SetTerms`.

    Parameters
    ----------
    residual : ndarray of float, shape (n_images, n_stars)
        ``flux / (c F) - 1`` (`coefficient_fit.normalise`); NaN where not measured.
    relative_sigma : ndarray of float, of the same shape
        Their errors.
    set_names : sequence, length n_images
        Set of every image: telescope, camera, band, season.
    used : ndarray of bool, shape (n_images, n_stars)
        Fluxes that are no outliers.
    is_variable : ndarray of bool, shape (n_stars,)
        Stars that get terms, but count neither for the size of the terms nor for their mean.

    Notes
    -----
    A red and a blue star have other flux ratios with other filters and detectors. A coefficient
    from common fluxes F then depends on which stars an image has, and its error on their colours.
    The mean over the stars of the terms of a set is zero, with weights that are the same in all
    sets: the zero point of a set is that of the mean star. The terms t are shrunk,
    ``t s^2 / (s^2 + error^2)``, by the scatter s of the stars beyond the errors: a set of few
    images does not turn its noise into terms, and sets alike have none.
    """
    names = sorted(set(set_names))
    rows = np.array([names.index(name) for name in set_names])
    good = used & np.isfinite(residual)
    weight = np.where(good, 1 / np.maximum(relative_sigma, TINY) ** 2, 0.0)

    # the weighted mean of every star in every set; its error is enlarged where the star scatters
    raw, sigma = np.full((2, len(names), weight.shape[1]), np.nan)
    for k in range(len(names)):
        own = weight[rows == k]
        value, total = np.where(own > 0, residual[rows == k], 0.0), own.sum(0)
        mean = (own * value).sum(0) / np.maximum(total, TINY)
        chi2 = (own * (value - mean) ** 2).sum(0) / np.maximum((own > 0).sum(0) - 1, 1)
        raw[k] = np.where(total > 0, mean, np.nan)
        sigma[k] = np.where(total > 0, np.sqrt(np.maximum(chi2, 1) / np.maximum(total, TINY)),
                            np.nan)
    star_weight = np.where(is_variable, 0.0, weight.sum(0)) + TINY
    raw = raw - _mean_over_stars(raw, star_weight)

    # the scatter of the terms of the constant stars beyond their errors, where significant
    scatter = 0.0
    if len(names) > 1:
        term, error = raw[:, ~np.asarray(is_variable)], sigma[:, ~np.asarray(is_variable)]
        seen = np.isfinite(term)
        n_free = max((seen.sum(1) - 1).clip(0).sum(), 1)  # a mean was taken out of every set
        excess2 = (term[seen] ** 2 - error[seen] ** 2).sum() / n_free
        noise2 = np.sqrt(2 * (error[seen] ** 4).sum()) / n_free
        scatter = float(np.sqrt(excess2)) if excess2 > SIGNIFICANT * noise2 else 0.0

    shrunk = raw * scatter**2 / (scatter**2 + sigma**2 + TINY)
    shrunk = shrunk - _mean_over_stars(shrunk, star_weight)
    return SetTerms(names, np.nan_to_num(shrunk) * (scatter > 0), raw, sigma, scatter)


def _mean_over_stars(values, weight):
    """Return the weighted means over the stars that were measured, shape (n_sets, 1)."""
    seen = np.isfinite(values)
    top = np.where(seen, values * weight, 0.0).sum(1, keepdims=True)
    return top / np.maximum((seen * weight).sum(1, keepdims=True), TINY)


def trend(residual, relative_sigma, counts, quantity):
    """Slope of every star with a quantity of the images, such as the airmass.

    Parameters
    ----------
    residual, relative_sigma, counts : ndarray, shape (n_images, n_stars)
        As in `set_terms`.
    quantity : array_like of float, shape (n_images,)
        NaN where unknown.

    Returns
    -------
    slope, sigma : ndarray of float, shape (n_stars,)
        Relative change of flux per unit of the quantity; NaN for a star with fewer than three
        points, or where the quantity is the same in all images.
    """
    quantity = np.asarray(quantity, dtype=float)[:, None]
    good = counts & np.isfinite(residual) & np.isfinite(quantity)
    weight = np.where(good, 1 / np.maximum(relative_sigma, TINY) ** 2, 0.0)
    # straight line about the weighted mean of the quantity
    total = np.maximum(weight.sum(0), TINY)
    x = np.where(good, quantity - np.where(good, weight * quantity, 0).sum(0) / total, 0.0)
    value = np.where(good, residual, 0.0)
    curvature = (weight * x * x).sum(0)
    known = (good.sum(0) >= 3) & (curvature > TINY)
    slope = (weight * x * value).sum(0) / np.maximum(curvature, TINY)
    sigma = 1 / np.sqrt(np.maximum(curvature, TINY))
    return np.where(known, slope, np.nan), np.where(known, sigma, np.nan)
