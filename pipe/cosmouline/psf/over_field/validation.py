"""Residuals of the PSF on other stars: their means, rho statistics, slope with flux."""

from typing import NamedTuple

from cosmouline.robust import mad_sigma

import numpy as np

CLIP_SIGMAS = 5.0  # residuals beyond are left out of means: a blend is no fault of the PSF
MODEL_ERROR = 0.004  # of e and of the relative size: a PSF is not known better from 50 stars


class Rho(NamedTuple):
    """Correlations of PSF residuals by distance; arrays of shape (n_bins,), NaN without pairs."""

    distance: np.ndarray  # mean, in the unit of the positions
    rho: np.ndarray  # (5, n_bins): rho 1 to 5
    n_pairs: np.ndarray


def mean_and_error(values, snr=None):
    """Mean without outliers, its error, and the robust scatter; NaN of fewer than 2 values.

    With the signal-to-noise of stars their residuals have weights: a residual of e scatters by
    2 / snr, one of a relative size by 1 / snr (Bernstein & Jarvis 2002, AJ 123, 583, section 5),
    and no star is known better than `MODEL_ERROR`. Faint ones would decide otherwise.
    """
    values = np.asarray(values, dtype=float)
    weight = np.ones(values.shape) if snr is None else 1 / (MODEL_ERROR**2 + (2 / snr) ** 2)
    finite = np.isfinite(values + weight)
    values, weight = values[finite], weight[finite]
    if values.size < 2:
        return np.nan, np.nan, np.nan
    scatter = mad_sigma(values)
    away = (values - np.median(values)) * np.sqrt(weight)
    kept = np.abs(away) <= CLIP_SIGMAS * max(mad_sigma(away), 1e-12)
    values, weight = values[kept], weight[kept]
    mean = float(np.average(values, weights=weight))
    error = np.sqrt(((weight * (values - mean)) ** 2).sum()) / weight.sum()
    return mean, float(error), scatter


def slope_with_error(x, y):
    """Slope of y over x by least squares, and its error; outliers of y are left out."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    good = np.isfinite(x + y)
    x, y = x[good], y[good]
    good = np.abs(y - np.median(y)) <= CLIP_SIGMAS * max(mad_sigma(y), 1e-12) if y.size else good
    x, y = x[good], y[good]
    if x.size < 3 or x.std() == 0:
        return np.nan, np.nan
    from_mean = x - x.mean()
    slope = (from_mean * y).sum() / (from_mean**2).sum()
    rest = y - y.mean() - slope * from_mean
    return float(slope), float(np.sqrt((rest**2).sum() / (x.size - 2) / (from_mean**2).sum()))


def rho_statistics(positions, e_star, e_model, size_star, size_model, edges):
    """Rho statistics of a PSF model on stars.

    Parameters
    ----------
    positions : ndarray of float, shape (n, 2)
        On a plane.
    e_star, e_model : ndarray of complex, shape (n,)
        Ellipticities e1 + i e2.
    size_star, size_model : ndarray of float, shape (n,)
        T, the trace of the moments (any power law of it changes rho 3 to 5 by a constant).
    edges : ndarray of float, shape (n_bins + 1,)
        Of the distances.

    Returns
    -------
    Rho

    Notes
    -----
    With de = e_star - e_model and w = e_star dT / T: rho1 = <de* de>, rho2 = <e* de>, rho3 =
    <w* w>, rho4 = <de* w>, rho5 = <e* w> over pairs (Rowe 2010, MNRAS 404, 350; Jarvis et al.
    2016, MNRAS 460, 2245). The real part, xi+, of all pairs: n^2 of them.
    """
    good = np.isfinite(e_star + e_model + size_star + size_model)
    xy, e = positions[good], e_star[good]
    de, w = e - e_model[good], e * (size_star - size_model)[good] / size_star[good]
    total = np.zeros((6, len(edges) - 1))
    n_pairs = np.zeros(len(edges) - 1)
    for k in range(len(xy) - 1):
        away = np.hypot(*(xy[k + 1:] - xy[k]).T)
        which = np.digitize(away, edges) - 1
        inside = (which >= 0) & (which < len(n_pairs))
        rest, which = np.flatnonzero(inside) + k + 1, which[inside]
        n_pairs += np.bincount(which, minlength=n_pairs.size)
        both = (de[k].conj() * de[rest], (e[k].conj() * de[rest] + de[k].conj() * e[rest]) / 2,
                w[k].conj() * w[rest], (de[k].conj() * w[rest] + w[k].conj() * de[rest]) / 2,
                (e[k].conj() * w[rest] + w[k].conj() * e[rest]) / 2, away[inside])
        for row, values in zip(total, both, strict=True):
            row += np.bincount(which, np.real(values), minlength=n_pairs.size)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / n_pairs
    return Rho(mean[5], mean[:5], n_pairs)
