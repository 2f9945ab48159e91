"""Medians that skip missing values, and variances known from few draws."""

import numpy as np

MAD_TO_SIGMA = 1.4826  # 1 / Phi^-1(3/4): Gaussian sigma per median absolute deviation
MAD_EFFICIENCY = 0.37  # of its square, as an estimate of a variance from Gaussian values
PRIOR_DRAWS = 4  # weight of the other images, in draws: four draws know a variance to 70 %


def median_of_finite(values, axis=0):
    """Median along an axis of the values that are not NaN.

    Parameters
    ----------
    values : array_like of float
        NaN marks a missing value.
    axis : int
        Axis that disappears.

    Returns
    -------
    ndarray
        NaN where every value along the axis is missing (numpy's ``nanmedian`` warns there).

    Notes
    -----
    The axis is moved to the end and sorted in place: sorting runs of neighbours in memory is five
    times faster than ``numpy.median`` over the first axis of a stack of frames. NaN sort last.
    """
    # NaN are sorted to the end
    ordered = np.array(np.moveaxis(np.asarray(values), axis, -1), order="C", copy=True)
    n_values = ordered.shape[-1]
    if n_values == 0:
        return np.full(ordered.shape[:-1], np.nan)[()]
    ordered.sort(axis=-1)
    if not np.isnan(ordered[..., -1]).any():
        return (ordered[..., (n_values - 1) // 2] + ordered[..., n_values // 2]) / 2
    # With NaN the middle is another one in each line
    n_finite = np.count_nonzero(~np.isnan(ordered), axis=-1)[..., None]
    low = np.take_along_axis(ordered, np.maximum(n_finite - 1, 0) // 2, axis=-1)
    high = np.take_along_axis(ordered, np.minimum(n_finite // 2, n_values - 1), axis=-1)
    return ((low + high) / 2)[..., 0]


def mad_sigma(values):
    """Gaussian sigma from the median absolute deviation of a 1-D sample without NaN."""
    values = np.asarray(values, dtype=float)
    return float(MAD_TO_SIGMA * np.median(np.abs(values - np.median(values))))


def steady_variance(own, expected, n_draws):
    """Average variances that few draws know with those of all images.

    Parameters
    ----------
    own : ndarray of float, shape (n,)
        Mean square of the draws of each image; NaN where there were none.
    expected : ndarray of float, shape (n,)
        What they go with from image to image, such as the photon noise.
    n_draws : int

    Returns
    -------
    ndarray of float, shape (n,)
        NaN where `own` or `expected` is.

    Notes
    -----
    Weighted with the draws and `PRIOR_DRAWS` (a moderated variance: Smyth 2004, Stat. Appl.
    Genet. Mol. Biol. 3, 3).
    """
    known = np.isfinite(own) & np.isfinite(expected)
    if not known.any():
        return np.full(np.shape(own), np.nan)
    common = expected * np.mean(own[known] / expected[known])
    return (PRIOR_DRAWS * common + n_draws * own) / (PRIOR_DRAWS + n_draws)


def theil_sen(x, y):
    """Return slope and offset of a line, and the limits of its slope at 95 %.

    Parameters
    ----------
    x, y : ndarray of float, shape (n,)
        Finite; not all of `x` the same.

    Notes
    -----
    The median of the slopes of all pairs, its limits by equation 2.6 of Sen (1968, JASA 63, 1379):
    as scipy.stats.theilslopes, whose library takes .2 s to load.
    """
    i, j = np.triu_indices(len(x), 1)
    step, rise = x[j] - x[i], y[j] - y[i]
    slopes = np.sort(rise[step != 0] / step[step != 0])
    slope = float(np.median(slopes))
    # pairs of the same value tell nothing
    n_alike = np.concatenate([np.unique(one, return_counts=True)[1] for one in (x, y)])
    n_all = np.array([len(x)])
    variance = (_pairs_variance(n_all) - _pairs_variance(n_alike)) / 18
    half = 1.959963984540054 * np.sqrt(variance)
    first = max(int(np.round((len(slopes) - half) / 2)) - 1, 0)
    last = min(int(np.round((len(slopes) + half) / 2)), len(slopes) - 1)
    return slope, float(np.median(y) - slope * np.median(x)), float(slopes[first]), float(
        slopes[last])


def _pairs_variance(n):
    return float((n * (n - 1) * (2 * n + 5)).sum())
