"""Which star stamps of an image may make its PSF."""

from typing import NamedTuple

from cosmouline.robust import MAD_TO_SIGMA
from cosmouline.sources.moments import FWHM_PER_SIGMA

import numpy as np

TINY = 1e-30  # keeps ratios of stamps without pixels finite

LEAST_GOOD_FRACTION = 0.35  # of the pixels of a stamp
LEAST_CORE_WEIGHT = 0.5  # of the sum of the squared model on good pixels; lower: the core is lost
LEAST_SNR = 5.0

# Limits of the residual left by the Moffat alone: a double star or a galaxy is well above.
COARSE_RATIO, COARSE_LEAST = 3.0, 0.08
# Limits of the full model. Both chi2 and the residual must be high ...
CHI2_RATIO, CHI2_LEAST, FINE_RATIO, FINE_LEAST = 1.6, 1.5, 3.0, 0.02
# ... or chi2 alone very high.
CHI2_RATIO_ALONE, CHI2_LEAST_ALONE = 5.0, 2.0
LARGEST_FRACTION_DROPPED = 0.34  # of the stars, in one pass

# Limits of the shape of a star against the median of all: in units of its error, of the scatter of
# the stars, and of the square of the width of the weight. .06: a field with a change of 10 % of
# its FWHM, or of 0.1 in ellipticity, has stars within .03.
SHAPE_SIGMA, SHAPE_SCATTER, SHAPE_LEAST = 5.0, 5.0, 0.06
SHAPE_RADIUS_FWHM = 1.2  # a star with a bad pixel nearer than this is not compared
LEAST_SHAPES = 4
SHAPE_STEPS = 8  # of the centroid, under a weight of its own size: each halves its error


class StarQuality(NamedTuple):
    """How well the model describes each star.

    Parameters
    ----------
    residual_fraction : ndarray of float, shape (n,)
        Root of the sum of squared residuals in excess of the noise, over that of the model.
    chi2 : ndarray of float, shape (n,)
        Mean squared residual in units of noise and tolerated model error; NaN without pixels.
    is_hopeless : ndarray of bool, shape (n,)
        No flux, no significant flux, or too few good pixels: not a star to measure a PSF on.
    has_core : ndarray of bool, shape (n,)
        At least half of the sum of the squared model lies on good pixels.
    """

    residual_fraction: np.ndarray
    chi2: np.ndarray
    is_hopeless: np.ndarray
    has_core: np.ndarray


def star_quality(data, model, sky_variance, good, relative):
    """Compare the stamps of one image with a model of the stars; return `StarQuality`.

    Parameters
    ----------
    data, model : ndarray of float, shape (n, side, side)
        Stamps without sky, and their model, in electrons.
    sky_variance : ndarray of float, of the same shape
        Variance of sky and read noise.
    good : ndarray of bool, of the same shape
        Pixels to use.
    relative : float
        Tolerated relative error of the model in chi2.
    """
    # residual beyond the noise, chi2 with a tolerated error, and what is left of the core
    used = good.astype(float)
    residual2 = (data - model) ** 2
    noise2 = sky_variance + np.maximum(model, 0)
    power = (used * model**2).sum((1, 2))
    excess = (used * (residual2 - noise2)).sum((1, 2))
    n_pixels = used.sum((1, 2))
    chi2 = (used * residual2 / (noise2 + (relative * model) ** 2)).sum((1, 2))
    signal_to_noise = np.sqrt((used * model**2 / noise2).sum((1, 2)))
    has_core = power >= LEAST_CORE_WEIGHT * (model**2).sum((1, 2))
    hopeless = (signal_to_noise < LEAST_SNR) | ((used * model).sum((1, 2)) <= 0)
    hopeless |= ~has_core | (used.mean((1, 2)) < LEAST_GOOD_FRACTION)
    fraction = np.sqrt(np.maximum(excess, 0) / (power + TINY))
    chi2 = np.where(n_pixels > 0, chi2 / np.maximum(n_pixels, 1), np.nan)
    return StarQuality(fraction, chi2, hopeless, has_core)


def drop_misshapen(data, variance, good, fwhm_px, is_used, min_stars):
    """Stars that stay before any fit: those of the shape of most.

    A double star that is the brightest of an image pulls every fit to itself, and then the others
    look bad. The median of the shapes is not pulled.

    Parameters
    ----------
    data, variance : ndarray of float, shape (n, side, side)
        Stamps without sky, and their variance.
    good : ndarray of bool, of the same shape
        Pixels to use.
    fwhm_px : float
        Seeing in pixels.
    is_used : ndarray of bool, shape (n,)
    min_stars : int
        Nothing is dropped if fewer would stay.

    Returns
    -------
    ndarray of bool, shape (n,)

    Notes
    -----
    Second moments xx, yy, xy about the centroid, under one Gaussian of the width of the seeing.
    """
    # centroids under the weight
    sigma_px = fwhm_px / FWHM_PER_SIGMA
    axis = np.arange(data.shape[-1]) - (data.shape[-1] - 1) / 2
    centre = np.zeros((len(data), 2))
    for _ in range(SHAPE_STEPS):
        x, y, light = _under_weight(data, axis, centre, sigma_px)
        total = light.sum((1, 2))
        shift = np.stack([(light * x).sum((1, 2)), (light * y).sum((1, 2))], 1)
        centre = np.clip(centre + 2 * shift / np.maximum(total, TINY)[:, None], -2, 2)

    # moments (n, 3) and their errors
    x, y, light = _under_weight(data, axis, centre, sigma_px)
    total = np.maximum(light.sum((1, 2)), TINY)
    powers = np.stack(np.broadcast_arrays(x * x, y * y, x * y), 1) / sigma_px**2
    shape = (light[:, None] * powers).sum((2, 3)) / total[:, None]
    noise2 = _under_weight(np.ones_like(data), axis, centre, sigma_px)[2] ** 2 * variance
    apart = powers - shape[:, :, None, None]
    error = np.sqrt((noise2[:, None] * apart**2).sum((2, 3))) / total[:, None]

    # stars with all pixels that this needs are compared with their median
    near = np.hypot(x, y) < SHAPE_RADIUS_FWHM * FWHM_PER_SIGMA * sigma_px
    compared = is_used & (good | ~near).all((1, 2))
    if compared.sum() < LEAST_SHAPES:
        return is_used
    away = np.abs(shape - np.median(shape[compared], axis=0))
    scatter = MAD_TO_SIGMA * np.median(away[compared], axis=0)
    limit = np.hypot(SHAPE_SIGMA * error, np.maximum(SHAPE_SCATTER * scatter, SHAPE_LEAST))
    excess = np.where(compared, (away / limit).max(1), 0)
    n_most = int(LARGEST_FRACTION_DROPPED * compared.sum())
    stay = is_used & ~_worst(excess > 1, excess, n_most)
    return stay if stay.sum() >= min_stars else is_used


def _under_weight(data, axis, centre, sigma_px):
    """Return x and y of the pixels from each centre, and the data under the weight there."""
    x, y = axis - centre[:, :1, None], axis[:, None] - centre[:, 1:, None]
    return x, y, data * np.exp(-0.5 * (x * x + y * y) / sigma_px**2)


def drop_coarse(quality, is_used, min_stars):
    """Stars that stay after a fit of the Moffat alone.

    Parameters
    ----------
    quality : StarQuality
    is_used : ndarray of bool, shape (n,)
    min_stars : int
        Nothing is dropped if fewer would stay.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    # relative to the typical star, as all share the structure that no Moffat has
    limit = max(COARSE_RATIO * np.median(quality.residual_fraction[is_used]), COARSE_LEAST)
    stay = is_used & ~quality.is_hopeless & (quality.residual_fraction <= limit)
    return stay if stay.sum() >= min_stars else is_used


def drop_fine(quality, is_used, min_stars):
    """Stars that stay after a fit of the full PSF; arguments as `drop_coarse`."""
    fraction, chi2, hopeless, _ = quality
    known = is_used & np.isfinite(chi2)
    median = np.median(chi2[known])
    # both chi2 and residual high, or chi2 alone very high
    high = chi2 > max(CHI2_LEAST, CHI2_RATIO * median)
    high &= fraction > max(FINE_RATIO * np.median(fraction[known]), FINE_LEAST)
    very_high = chi2 > max(CHI2_LEAST_ALONE, CHI2_RATIO_ALONE * median)
    bad = known & (high | very_high | hopeless)
    stay = is_used & ~_worst(bad, chi2, int(LARGEST_FRACTION_DROPPED * known.sum()))
    return stay if stay.sum() >= min_stars else is_used


def _worst(bad, chi2, n_most):
    """Mark at most `n_most` of the bad stars (but at least one), those of the largest chi2."""
    order = np.argsort(-np.where(bad, chi2, -np.inf))[: max(1, n_most)]
    worst = np.zeros_like(bad)
    worst[order] = bad[order]
    return worst
