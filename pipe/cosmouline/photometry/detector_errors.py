"""Flat field, linearity and shutter of a detector, as the stars show what is wrong with them."""

from typing import NamedTuple

from cosmouline import library
from cosmouline.photometry.calibration import extra_scatter
from cosmouline.photometry.set_terms import trend

import numpy as np

special = library("scipy.special")

SHOWN_BY_CHANCE = 1e-3  # that good flat fields show as much
LEAST_CONSTANT = 5
NEAR_PART = 0.25  # of the pairs of images: the nearest; the farther half is compared with them
N_ORDERS, N_SIGMA = 300, 4.0  # in which images are exchanged, and above which it is no chance
MOST_IMAGES = 60  # of a set, spread over it
LEAST_APART_PX = 3.0  # of images of a star: nearer ones share the pixels of its core
MEAN_ROUNDS = 20  # of the means of images and stars in turn
SHUTTER_RANGE = 1.5  # of the exposure times of a set: with less a shutter shows nothing


class BetweenPlaces(NamedTuple):
    """Error of the flat field between places of a detector: relative, and their distances."""

    error: float
    near_px: float
    far_px: float


def between_sets(terms, is_variable, colour, width=None):
    """Relative scatter of the stars between sets that colours and PSFs do not explain.

    Parameters
    ----------
    terms : SetTerms
    is_variable : ndarray of bool, shape (n_stars,)
        Stars that do not count.
    colour : ndarray of float, shape (n_stars,)
        NaN where unknown: all colours are left out then.
    width : ndarray of float, shape (n_sets, n_stars), optional
        Of each star in each set relative to its PSF there, less 1; NaN where unknown: not used.

    Returns
    -------
    ndarray of float, shape (n_sets,)
        0 where chance explains it, or too few stars are in a set.

    Notes
    -----
    A star falls on other pixels of each camera. Its term in a set less the mean of those in the
    others has the errors of all of them; all cameras are taken to be as bad. What counts is the
    scatter of that about a straight line in the colour, and in the difference of the widths: where
    the PSF of a set varies over the field more than its model holds, its stars are off by about
    as much as their widths, which is no flat field.
    """
    found, n_sets = np.zeros(len(terms.sets)), len(terms.sets)
    with_colour = np.isfinite(colour).all()
    for k in range(n_sets if n_sets > 1 else 0):
        rest = np.arange(n_sets) != k
        seen = np.isfinite(terms.raw[rest])
        n_others = np.maximum(seen.sum(0), 1)
        away = terms.raw[k] - np.where(seen, terms.raw[rest], 0.0).sum(0) / n_others
        of_others = (np.where(seen, terms.sigma[rest], 0.0) ** 2).sum(0) / n_others**2
        variance = terms.sigma[k] ** 2 + of_others
        good = np.isfinite(terms.raw[k]) & seen.any(0) & ~np.asarray(is_variable)
        others = [colour] if with_colour else []
        if width is not None:
            known = np.isfinite(width[rest])
            mean = np.where(known, width[rest], 0.0).sum(0) / np.maximum(known.sum(0), 1)
            wider = np.where(known.any(0), width[k] - mean, np.nan)
            others += [wider] if np.isfinite(wider[good]).all() else []
        columns = np.stack([np.ones(good.sum()), *(one[good] for one in others)], 1)
        freedom = len(columns) - columns.shape[1]
        if freedom < LEAST_CONSTANT - 2:
            continue
        sigma = np.sqrt(variance[good])
        line = np.linalg.lstsq(columns / sigma[:, None], away[good] / sigma)[0]
        squared = (away[good] - columns @ line) ** 2 * good.sum() / freedom
        of_both = extra_scatter(squared, sigma**2, SHOWN_BY_CHANCE, freedom)
        found[k] = of_both / np.sqrt(1 + 1 / np.median(n_others[good]))
    return found


def between_places(residual, relative_sigma, xy_px):
    """Whether a star has another flux on other pixels, from the images of a set.

    Parameters
    ----------
    residual, relative_sigma : ndarray of float, shape (n_images, n_stars)
        Relative departures of the fluxes of constant stars and their errors; NaN where unknown.
    xy_px : ndarray of float, shape (n_images, n_stars, 2)
        Places on the detector.

    Returns
    -------
    BetweenPlaces or None
        None where chance explains it, or the images have no different places.

    Notes
    -----
    The structure function: the mean squared difference of a star between images in which it is
    far apart on the detector, less that of images where it is near, is twice the variance of the
    flat field over that distance. Noise and the rest of the scatter are in both. It counts where
    it is more than 4 sigma above those with the images exchanged at random.
    """
    if len(residual) > MOST_IMAGES:
        some = np.linspace(0, len(residual) - 1, MOST_IMAGES).round().astype(int)
        residual, relative_sigma, xy_px = residual[some], relative_sigma[some], xy_px[some]
    apart_px = np.hypot(*np.moveaxis(xy_px[:, None] - xy_px, -1, 0))
    noise2 = relative_sigma[:, None] ** 2 + relative_sigma**2
    excess = (residual[:, None] - residual) ** 2 - noise2
    is_pair = np.triu(np.ones(apart_px.shape[:2], bool), 1)[..., None]
    # distances of the images, the same for all stars
    with np.errstate(invalid="ignore"):
        apart_px = np.ma.median(np.ma.masked_invalid(apart_px), axis=-1).filled(np.nan)
    known = np.isfinite(excess) & is_pair
    weight = np.where(known, 1 / np.maximum(noise2, 1e-30), 0.0)
    weighted, weight = np.where(known, weight * excess, 0.0).sum(-1), weight.sum(-1)
    if (known.any((0, 1)).sum() < LEAST_CONSTANT or not (weight > 0).any()):
        return None
    nearest_px, middle_px = np.nanquantile(apart_px[weight > 0], [NEAR_PART, 0.5])
    if not middle_px > max(LEAST_APART_PX, nearest_px):
        return None

    def difference(order):
        mixed = apart_px[np.ix_(order, order)]
        near, far = mixed <= nearest_px, mixed > middle_px
        if not (weight[near].sum() > 0 and weight[far].sum() > 0):
            return np.nan
        return weighted[far].sum() / weight[far].sum() - weighted[near].sum() / weight[near].sum()

    random, images = np.random.default_rng(0), np.arange(len(residual))
    found = difference(images)
    by_chance = np.array([difference(random.permutation(images)) for _ in range(N_ORDERS)])
    by_chance = by_chance[np.isfinite(by_chance)]
    if not (len(by_chance) > 1 and found > by_chance.mean() + N_SIGMA * by_chance.std()):
        return None
    far = apart_px[(weight > 0) & (apart_px > middle_px)]
    near = apart_px[(weight > 0) & (apart_px <= nearest_px)]
    return BetweenPlaces(float(np.sqrt(found / 2)), float(np.median(near)), float(np.median(far)))


def slope_with_peak(residual, relative_sigma, peak_e):
    """Relative change of the flux with the peak of a star, and its error, per electron.

    Parameters
    ----------
    residual, relative_sigma, peak_e : ndarray of float, shape (n_images, n_stars)
        NaN where unknown.

    Returns
    -------
    slope, sigma : float
        NaN where the peaks do not change, or too few stars are there.

    Notes
    -----
    What an image and what a star have in all is taken out of both: the coefficient is the former.
    What is left is that in sharp and clear images the peaks of bright stars rise by more than
    those of faint ones. A detector that is not linear makes their fluxes follow. The error is the
    largest of those with independent residuals, and with what stars or images have in common
    (the "sandwich" of clusters; Liang & Zeger 1986, Biometrika 73, 13).
    """
    good = np.isfinite(residual) & (relative_sigma > 0) & np.isfinite(peak_e)
    if (good.sum(0) > 1).sum() < LEAST_CONSTANT or good.any(1).sum() < LEAST_CONSTANT:
        return np.nan, np.nan
    weight = np.where(good, 1 / np.where(good, relative_sigma, 1.0) ** 2, 0.0)
    left = []
    for values in (residual, peak_e):
        values = np.where(good, values, 0.0)
        for _ in range(MEAN_ROUNDS):
            for axis in (0, 1):
                mean = (weight * values).sum(axis, keepdims=True) / np.maximum(
                    weight.sum(axis, keepdims=True), 1e-30)
                values = np.where(good, values - mean, 0.0)
        left.append(values)
    curvature = (weight * left[1] ** 2).sum()
    if not curvature > 0:
        return np.nan, np.nan
    slope = (weight * left[0] * left[1]).sum() / curvature
    freedom = good.sum() - good.any(1).sum() - good.any(0).sum()
    rest = left[0] - slope * left[1]
    chi2 = (weight * rest**2).sum() / max(freedom, 1)
    # Errors of the flat field are alike in all images of a star, or in all stars of an image
    variances = [max(chi2, 1.0) / curvature]
    for axis in (0, 1):
        n_groups = good.any(axis).sum()
        sums = (weight * rest * left[1]).sum(axis)
        variances.append((sums**2).sum() * n_groups / (n_groups - 1) / curvature**2)
    return float(slope), float(np.sqrt(max(variances)))


def shutter_error_s(residual, relative_sigma, used, exptime_s):
    """Scatter among the stars of the error of their exposure time, in seconds; 0 where none shows.

    Parameters
    ----------
    residual, relative_sigma, used : ndarray, shape (n_images, n_stars)
    exptime_s : ndarray of float, shape (n_images,)

    Notes
    -----
    A shutter that opens for longer at one place than at another adds the same light there to all
    exposures: relative to the flux it goes with 1 / time. What it adds everywhere is in the
    coefficients.
    """
    exptime_s = np.asarray(exptime_s, dtype=float)
    if not np.nanmax(exptime_s) > SHUTTER_RANGE * np.nanmin(exptime_s):
        return 0.0
    slope, sigma = trend(residual, relative_sigma, used, 1 / exptime_s)
    known = np.isfinite(slope)
    n = int(known.sum())
    if n < LEAST_CONSTANT:
        return 0.0
    away = slope[known] - np.average(slope[known], weights=sigma[known] ** -2.0)
    if special.chdtrc(n - 1, ((away / sigma[known]) ** 2).sum()) > SHOWN_BY_CHANCE:
        return 0.0
    return extra_scatter(away**2 * n / (n - 1), sigma[known] ** 2)
