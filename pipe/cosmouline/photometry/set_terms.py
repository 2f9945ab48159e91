"""What telescope, filter and colour do to the stars: their fluxes per set, their trends."""

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
    """Fit the relative flux of every star in every set.

    Parameters
    ----------
    residual : ndarray of float, shape (n_images, n_stars)
        ``flux / (c F) - 1`` (`norm.normalise`); NaN where not measured.
    relative_sigma : ndarray of float, of the same shape
        Their errors.
    set_names : sequence, length n_images
        Set of every image: telescope, camera, band, season.
    used : ndarray of bool, shape (n_images, n_stars)
        Fluxes that are no outliers.
    is_variable : ndarray of bool, shape (n_stars,)
        Stars that get terms, but do not tell how large terms are, nor where their mean lies.

    Returns
    -------
    SetTerms

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
    means = [_mean_and_error(residual[rows == k], weight[rows == k]) for k in range(len(names))]
    raw, sigma = np.array(means).swapaxes(0, 1)
    star_weight = np.where(is_variable, 0.0, weight.sum(0)) + TINY
    raw = raw - _mean_over_stars(raw, star_weight)
    telling = ~np.asarray(is_variable)
    scatter = _excess(raw[:, telling], sigma[:, telling]) if len(names) > 1 else 0.0
    shrunk = raw * scatter**2 / (scatter**2 + sigma**2 + TINY)
    shrunk = shrunk - _mean_over_stars(shrunk, star_weight)
    return SetTerms(names, np.nan_to_num(shrunk) * (scatter > 0), raw, sigma, scatter)


def _mean_and_error(residual, weight):
    """Return the weighted mean of every star and its error, enlarged where the star scatters."""
    value, total = np.where(weight > 0, residual, 0.0), weight.sum(0)
    seen = total > 0
    mean = (weight * value).sum(0) / np.maximum(total, TINY)
    n_free = np.maximum((weight > 0).sum(0) - 1, 1)
    chi2 = (weight * (value - mean) ** 2).sum(0) / n_free
    sigma = np.sqrt(np.maximum(chi2, 1) / np.maximum(total, TINY))
    return np.where(seen, mean, np.nan), np.where(seen, sigma, np.nan)


def _mean_over_stars(values, weight):
    """Return the weighted means over the stars that are there, shape (n_sets, 1)."""
    seen = np.isfinite(values)
    top = np.where(seen, values * weight, 0.0).sum(1, keepdims=True)
    return top / np.maximum((seen * weight).sum(1, keepdims=True), TINY)


def _excess(raw, sigma):
    """Return the scatter of the terms beyond their errors; 0 where it is not significant."""
    seen = np.isfinite(raw)
    n_free = max((seen.sum(1) - 1).clip(0).sum(), 1)  # a mean was taken out of every set
    excess2 = (raw[seen] ** 2 - sigma[seen] ** 2).sum() / n_free
    noise2 = np.sqrt(2 * (sigma[seen] ** 4).sum()) / n_free
    return float(np.sqrt(excess2)) if excess2 > SIGNIFICANT * noise2 else 0.0


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
    total = np.maximum(weight.sum(0), TINY)
    x = np.where(good, quantity - np.where(good, weight * quantity, 0).sum(0) / total, 0.0)
    value = np.where(good, residual, 0.0)
    curvature = (weight * x * x).sum(0)
    known = (good.sum(0) >= 3) & (curvature > TINY)
    slope = (weight * x * value).sum(0) / np.maximum(curvature, TINY)
    sigma = 1 / np.sqrt(np.maximum(curvature, TINY))
    return np.where(known, slope, np.nan), np.where(known, sigma, np.nan)
