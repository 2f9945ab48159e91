"""Stacks: many images on one grid and one scale, combined pixel by pixel."""

from dataclasses import dataclass

from cosmouline.robust import median_of_finite

import numpy as np

METHODS = ("mean", "median")
CLIP_SIGMAS = np.float32(5)  # from the lower median, which itself scatters by about half a sigma
# Seeing changes the pixels of a star by more than noise does: the peak of a star five times as
# high as in the other images (FWHM smaller by 2.2) is no cosmic ray.
STAR_FRACTION = np.float32(4)
SPREAD_MIN_IMAGES = 5  # from here on the scatter is measured from the values themselves
GAUSSIAN_QUANTILE = 0.8413  # quantile of one sigma
BLOCK_VALUES = 1 << 18  # values combined at a time: they stay in the cache of the processor
STRIP_BYTES = 24 << 20  # of all images together, read at a time
# Variance of a median of n Gaussian values over that of their mean; pi / 2 for many (David &
# Nagaraja 2003, Order Statistics, table 3.2, for the first ones)
MEDIAN_LOSS = (1.0, 1.0, 1.3459, 1.1922, 1.4342, 1.2888, 1.4731, 1.3486, 1.4960, 1.3834)


@dataclass(frozen=True, eq=False)
class Stack:
    """A stack, or some rows of it: arrays of shape (ny, nx)."""

    image: np.ndarray  # float32, on the scale of the values; NaN where there are too few images
    variance: np.ndarray  # float32, what counts for a flux: sky, read noise, photons of sources
    count: np.ndarray  # uint16, images behind each pixel
    sky_variance: np.ndarray  # float32, that of sky and read noise alone: one over the weight


def combine(values, sigma, coeff, method="mean", n_min=1, scatter=None,
            star_fraction=STAR_FRACTION):
    """Combine images pixel by pixel.

    Parameters
    ----------
    values : ndarray of float32, shape (n, ny, nx)
        Resampled images times their coefficient, without sky. NaN: no value.
    sigma : ndarray of float, shape (n,)
        Noise of the sky per pixel, that of a large aperture, on the same scale.
    coeff : ndarray of float, shape (n,)
        The coefficients: as much variance as a unit of light has.
    method : {"mean", "median"}
        "mean": cosmic rays clipped, weights 1 / sigma^2.
    n_min : int
        Pixels with fewer images are NaN.
    scatter : ndarray of float, shape (n,), optional
        Noise of single pixels, which resampling has made smaller; None: `sigma`.
    star_fraction : float
        Times the median: as much more a value may be; 0 for frames without stars that move.

    Returns
    -------
    Stack

    Raises
    ------
    ValueError
        If the method is not known.

    Notes
    -----
    A value is clipped if it differs from the lower median by more than 5 sigma (of itself, or of
    the values, whichever is larger) and 4 times the median: so cosmic rays are found even in two
    images, and a star does not lose its peak in the image of the best seeing. With one weight per
    image the flux of a star is the weighted mean of its fluxes, whatever the seeing.
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, not '{method}'")
    n, *shape = values.shape
    sigma, coeff = (np.asarray(numbers, np.float32) for numbers in (sigma, coeff))
    scatter = sigma if scatter is None else np.asarray(scatter, np.float32)
    flat = values.reshape(n, -1)
    step = BLOCK_VALUES // n | 1  # odd: rows a power of two apart would share their cache lines
    parts = []
    for start in range(0, flat.shape[1], step):
        block = np.ascontiguousarray(flat[:, start:start + step], np.float32)
        parts.append(_mean(block, sigma, coeff, scatter, star_fraction) if method == "mean"
                     else _median(block, sigma, coeff))
    image, variance, count, sky_variance = (np.concatenate(plane).reshape(shape)
                                            for plane in zip(*parts, strict=True))
    image[count < n_min] = variance[count < n_min] = sky_variance[count < n_min] = np.nan
    return Stack(image, variance, count.astype(np.uint16), sky_variance)


def _mean(values, sigma, coeff, scatter, star_fraction):
    """Clipped weighted mean of (n, p) values: mean, variance, count, variance of the sky."""
    weight = 1 / sigma**2
    rows = np.stack([weight, weight**2 * coeff, np.ones_like(weight)])
    ordered = np.ascontiguousarray(values.T)
    ordered.sort(axis=1)  # NaN sort last
    n = ordered.shape[1]

    # weighted sum of the finite values; sums of the weights, of the photon terms, and the number
    if np.isnan(ordered[:, -1]).any():
        there = ~np.isnan(values)
        light = rows[0] @ np.where(there, values, np.float32(0))
        sums = rows @ there.astype(np.float32)
    else:
        light = rows[0] @ values
        sums = np.repeat(rows.sum(axis=1)[:, None], values.shape[1], axis=1)

    # lower median, half of the central 68 % and highest value, from the sorted values
    n_finite = sums[2].astype(int)
    if n_finite.min() == n:
        low, high = _ranks(n)
        spread = (ordered[:, high] - ordered[:, low]) / 2
        spread = spread if n >= SPREAD_MIN_IMAGES else 0 * spread
        centre, highest = ordered[:, (n - 1) // 2], ordered[:, -1]
    else:
        last = np.maximum(n_finite - 1, 0)
        start = np.arange(len(ordered)) * n
        centre, low, high, highest = (ordered.ravel()[start + rank] for rank in (
            last // 2, *_ranks(np.maximum(n_finite, 1)), last))
        spread = np.where(n_finite >= SPREAD_MIN_IMAGES, (high - low) / 2, np.float32(0))

    # only few pixels hold a value beyond the least limit: they alone are clipped and summed again
    star = np.float32(star_fraction) * np.maximum(centre, 0)
    least = CLIP_SIGMAS * np.maximum(scatter.min(), spread) + star
    with np.errstate(invalid="ignore"):
        agree = (highest - centre <= least) & (centre - ordered[:, 0] <= least)
    some = np.flatnonzero(~agree)
    if some.size:
        values = values[:, some]
        limit = CLIP_SIGMAS * np.maximum(scatter[:, None], spread[some]) + star[some]
        with np.errstate(invalid="ignore"):
            keep = np.abs(values - centre[some]) <= limit
        sums[:, some] = rows @ keep.astype(np.float32)
        light[some] = weight @ np.where(keep, values, np.float32(0))

    total, photons, count = sums
    with np.errstate(divide="ignore", invalid="ignore"):
        mean, sky = light / total, 1 / total
        return mean, sky + photons / total**2 * np.maximum(mean, 0), count, sky


def _ranks(n):
    """Ranks of the quantiles of -1 and +1 sigma among n values."""
    low = np.rint((1 - GAUSSIAN_QUANTILE) * (n - 1)).astype(int)
    return low, n - 1 - low


def _median(values, sigma, coeff):
    """Median of (n, p) values: median, variance, count, variance of the sky."""
    # the variance of the mean of the same values, times the loss of the median
    there = (~np.isnan(values)).astype(np.float32)
    rows = np.stack([sigma**2, coeff, np.ones_like(coeff)])
    sky, photons, count = rows @ there
    image = median_of_finite(values)
    loss = median_loss(count) / np.maximum(count, 1)**2
    return image, loss * (sky + photons * np.maximum(image, 0)), count, loss * sky


def median_loss(n):
    """Variance of the median of n values over that of their mean, for Gaussian noise."""
    n = np.asarray(n).astype(int)
    table = np.array([1.0, *MEDIAN_LOSS])
    # 1.3 for even numbers: from 100 000 medians of 12, 20 and 40 values each, to 0.5 %
    many = np.pi / 2 * n / (n + np.where(n % 2, np.pi / 2 - 1, 1.3))
    return np.where(n < len(table), table[np.minimum(n, len(table) - 1)], many)


def strips(n_images, shape):
    """Divide a frame of `shape` so that its rows of all images fit into memory together.

    Returns a list of (rows, columns), slices in order: complete rows, several at a time; parts of
    one row where even one is too much.
    """
    ny, nx = shape
    most = max(1, STRIP_BYTES // (4 * n_images))
    rows, cols = max(1, most // nx), min(nx, most)
    return [(slice(y, min(y + rows, ny)), slice(x, min(x + cols, nx)))
            for y in range(0, ny, rows) for x in range(0, nx, cols)]
