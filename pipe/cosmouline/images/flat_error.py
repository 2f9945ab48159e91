"""Errors of a flat field: structure that the skies of all images have at the same pixels."""

from cosmouline.robust import MAD_EFFICIENCY, mad_sigma

import numpy as np

LEAST_BLOCKS = 20  # a scatter of fewer is none
LAGS = (1, 2, 3)  # blocks, over which the structure is compared with itself
SCALES = np.geomspace(0.5, 8.0, 40)  # blocks, of the structure, that are tried
CG_STEPS, CG_LEFT = 300, 1e-8  # of conjugate gradients: at most, and the squared residual
FAR_SCALES = 6  # beyond, the structure at two places is independent


def block_means(values, good, block_px):
    """Means of the good pixels of square blocks, and their numbers, both (my, mx).

    Parameters
    ----------
    values : ndarray of float, shape (ny, nx)
    good : ndarray of bool, of the same shape
    block_px : int
        Side of the blocks; rows and columns left over are dropped.

    Returns
    -------
    mean, n_good : ndarray of float, shape (ny // block_px, nx // block_px)
        NaN and 0 where less than half of a block is good.
    """
    my, mx = (side // block_px for side in values.shape)
    shape = my, block_px, mx, block_px
    part = np.s_[: my * block_px, : mx * block_px]
    n_good = good[part].reshape(shape).sum((1, 3)).astype(float)
    n_good[n_good < block_px**2 / 2] = 0.0
    total = np.where(good, values, 0.0)[part].reshape(shape).sum((1, 3), dtype=float)
    return np.where(n_good > 0, total / np.maximum(n_good, 1), np.nan), n_good


def common_structure(means, weights):
    """Scatter of what images have in common, block by block, its significance and its scale.

    Parameters
    ----------
    means : ndarray of float, shape (n_images, my, mx)
        Relative departures of the sky from its map; NaN where not known.
    weights : ndarray of float, of the same shape
        Inverse variances of their noise; 0 where not known.

    Returns
    -------
    sigma, significance : float
        Standard deviation of the common structure, 0 where its variance comes out negative, and
        that variance in units of its error; NaN with too few blocks.
    scale : float
        s of its correlation exp(-d^2 / (4 s^2)) at a distance d, in blocks; NaN without any.

    Notes
    -----
    The covariance of the means a and b of two halves of the images, every second one, in which
    independent noise averages to nothing: (var(a + b) - var(a - b)) / 4, variances from median
    absolute deviations: a source that the masks missed is in few blocks. The scale is the one of
    `SCALES` whose correlations are nearest to those of a and b some blocks apart.
    """
    halves = []
    for start in (0, 1):
        weight = weights[start::2]
        total = weight.sum(0)
        mean = (weight * np.nan_to_num(means[start::2])).sum(0) / np.where(total > 0, total, 1.0)
        halves.append(np.where(total > 0, mean, np.nan))
    a, b = halves
    known = np.isfinite(a) & np.isfinite(b)
    if known.sum() < LEAST_BLOCKS:
        return np.nan, np.nan, np.nan
    noise2 = mad_sigma((a - b)[known]) ** 2 / 4
    common2 = mad_sigma((a + b)[known]) ** 2 / 4 - noise2
    error = 2 * noise2 / np.sqrt(MAD_EFFICIENCY * known.sum())
    significance = float(common2 / error) if error > 0 else np.inf
    if not common2 > 0:
        return 0.0, significance, np.nan
    alike = [np.mean([_covariance(a, b, lag, axis) for axis in (0, 1)]) / common2 for lag in LAGS]
    expected = np.exp(-(np.array(LAGS)[:, None] ** 2) / (4 * SCALES**2))
    nearest = np.square(expected - np.array(alike)[:, None]).sum(0).argmin()
    return float(np.sqrt(common2)), significance, float(SCALES[nearest])


def _covariance(a, b, lag, axis):
    """Return the covariance of two maps that are moved by some blocks, from median deviations."""
    a, b = (np.moveaxis(one, axis, 0) for one in (a, b))
    first, second = a[:-lag], b[lag:]
    known = np.isfinite(first) & np.isfinite(second)
    if known.sum() < LEAST_BLOCKS:
        return 0.0
    first, second = first[known], second[known]
    return (mad_sigma(first + second) ** 2 - mad_sigma(first - second) ** 2) / 4


def common_map(means, weights, sigma, scale):
    """Most probable map of what images have in common, (my, mx).

    Parameters
    ----------
    means, weights : ndarray of float, shape (n_images, my, mx)
        As in `common_structure`.
    sigma, scale : float
        From there: a Gaussian field with this prior.

    Notes
    -----
    The Wiener filter C (C + N)^-1 d of the weighted mean d, for blocks without a measurement too:
    with C = sigma^2 exp(-d^2 / (4 scale^2)), W = 1 / N, solved as C W^1/2 y,
    (W^1/2 C W^1/2 + 1) y = W^1/2 d, by conjugate gradients, C being a convolution.
    """
    weight = weights.sum(0)
    root, (ny, nx) = np.sqrt(weight), weight.shape
    mean = (weights * np.nan_to_num(means)).sum(0) / np.where(weight > 0, weight, 1.0)
    shape = [side + int(FAR_SCALES * scale) + 1 for side in (ny, nx)]
    away2 = [np.minimum(np.arange(side), side - np.arange(side)) ** 2 for side in shape]
    kernel = np.fft.rfft2(sigma**2 * np.exp(-np.add.outer(*away2) / (4 * scale**2)))

    def convolved(blocks):
        return np.fft.irfft2(np.fft.rfft2(blocks, shape) * kernel, shape)[:ny, :nx]

    left = root * mean
    found, direction, left2 = np.zeros_like(left), left.copy(), (left**2).sum()
    enough = CG_LEFT * left2
    for _ in range(CG_STEPS):
        if left2 <= enough:
            break
        moved = root * convolved(root * direction) + direction
        step = left2 / (direction * moved).sum()
        found += step * direction
        left -= step * moved
        before, left2 = left2, (left**2).sum()
        direction = left + left2 / before * direction
    return convolved(root * found)


def at_places(blocks, block_px, x_px, y_px):
    """Values of a map of blocks at places, linear between the middles of blocks; of their shape.

    Beyond the middles of the outermost blocks those count; NaN at NaN.
    """
    places = [np.clip((np.asarray(place, float) - (block_px - 1) / 2) / block_px, 0, side - 1)
              for place, side in ((y_px, blocks.shape[0]), (x_px, blocks.shape[1]))]
    known = np.isfinite(places[0]) & np.isfinite(places[1])
    (y, x) = (np.where(known, place, 0.0) for place in places)
    low_y, low_x = (np.minimum(place.astype(int), max(side - 2, 0)) for place, side in zip(
        (y, x), blocks.shape, strict=True))
    high_y, high_x = (np.minimum(low + 1, side - 1) for low, side in zip(
        (low_y, low_x), blocks.shape, strict=True))
    y, x = y - low_y, x - low_x
    value = ((1 - y) * ((1 - x) * blocks[low_y, low_x] + x * blocks[low_y, high_x])
             + y * ((1 - x) * blocks[high_y, low_x] + x * blocks[high_y, high_x]))
    return np.where(known, value, np.nan)


def of_mean(sigma, places_px, sets, scale_px):
    """Error of a mean flux from the errors of flat fields where the source fell in each image.

    Parameters
    ----------
    sigma : ndarray of float, shape (n_images,)
        Relative, of the set of each image.
    places_px : ndarray of float, shape (n_images, 2)
        On the detector.
    sets : ndarray, shape (n_images,)
        Errors of different sets are independent.
    scale_px : float
        Errors so far apart have a correlation of exp(-1/2).
    """
    apart2 = ((places_px[:, None] - places_px) ** 2).sum(-1)
    correlation = np.exp(-apart2 / (2 * scale_px**2)) * (sets[:, None] == sets)
    return float(np.sqrt(sigma @ correlation @ sigma) / len(sigma))
