"""Errors of a flat field: structure that the skies of all images have at the same pixels."""

from cosmouline.robust import MAD_EFFICIENCY, mad_sigma

import numpy as np

LEAST_BLOCKS = 20  # a scatter of fewer is none


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
    """Scatter of what images have in common, block by block, and its significance.

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

    Notes
    -----
    The covariance of the means a and b of two halves of the images, every second one, in which
    independent noise averages to nothing: (var(a + b) - var(a - b)) / 4, variances from median
    absolute deviations: a source that the masks missed is in few blocks.
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
        return np.nan, np.nan
    a, b = a[known], b[known]
    noise2 = mad_sigma(a - b) ** 2 / 4
    common2 = mad_sigma(a + b) ** 2 / 4 - noise2
    error = 2 * noise2 / np.sqrt(MAD_EFFICIENCY * known.sum())
    return float(np.sqrt(max(common2, 0.0))), float(common2 / error) if error > 0 else np.inf


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
