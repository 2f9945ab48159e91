"""Which pixels of a stamp agree with a model of its sources, and how noisy they are."""

from cosmouline import library
from cosmouline.sources.moments import FWHM_PER_SIGMA

import numpy as np

ndimage = library("scipy.ndimage")
special = library("scipy.special")

SMOOTH_FWHM = 0.35  # sigma of the Gaussian that estimates the source, in FWHM
SMOOTH_COVER_MIN = 0.05  # least fraction of good pixels under that Gaussian

# Neighbours that no catalogue has. None was found around 72 good stars of S/N 15 to 1500.
BRIGHT_NEIGHBOUR_SIGMA = 7.0
NEIGHBOUR_MODEL_ERROR = 0.02  # relative; the grid leaves less
NEIGHBOUR_FWHM = 0.75  # masked this far around what is found
NEIGHBOUR_LARGEST = 0.25  # fraction of a stamp
NEIGHBOUR_COMMON = 0.34  # fraction of the stars
TINY = 1e-30

# A pattern that several stars share: so unlikely, by the rate of lost places (3 x 3 pixels) away
# from the stars, that one image in a hundred has it by chance. The rate is at least that of an
# exposure of half an hour.
SHARED_FWHM, SHARED_CHANCE, LEAST_RATE = 1.5, 0.01, 5e-3
PLACE_PX = 3


def model_error(model, relative, shift_px):
    """Tolerated error of a model of stars at each pixel.

    Parameters
    ----------
    model : ndarray of float, shape (..., ny, nx)
        Model of the sources, without sky.
    relative : float
        Relative error of the PSF.
    shift_px : float
        Error of the position in pixels.

    Returns
    -------
    ndarray of float, of the shape of `model`

    Notes
    -----
    The root of the sum of the squares of `relative` times the largest of a pixel and its four
    neighbours, and of `shift_px` times the largest step to a neighbour. The second term matters
    where stars are undersampled: without it the cores of good stars are taken for cosmic rays.
    """
    # highest and lowest of each pixel and its four neighbours
    edges = [(0, 0)] * (np.ndim(model) - 2) + [(1, 1), (1, 1)]
    wide = np.pad(model, edges, mode="edge")
    inner = slice(1, -1)
    highest, lowest = np.array(model), np.array(model)
    for rows, cols in ((slice(2, None), inner), (slice(-2), inner)):
        for neighbour in (wide[..., rows, cols], wide[..., cols, rows]):
            np.maximum(highest, neighbour, out=highest)
            np.minimum(lowest, neighbour, out=lowest)
    step = np.maximum(highest - model, model - lowest)
    return np.sqrt((relative * highest) ** 2 + (shift_px * step) ** 2)


def judge_pixels(residual, variance, model, good, relative, shift_px=0.08, clip_sigma=5.0):
    """Pixels that agree with a model: outlier rejection.

    Parameters
    ----------
    residual, variance, model : ndarray of float, shape (n, ny, nx)
        Data minus model (and minus sky); variance of the noise that the model predicts, source
        included; model of the sources, without sky.
    good : ndarray of bool, of the same shape
        Pixels that may be used at all.
    relative, shift_px : float
        See `model_error`.
    clip_sigma : float
        Largest accepted residual in units of noise and model error.

    Returns
    -------
    ndarray of bool, of the same shape
    """
    limit2 = clip_sigma**2 * (variance + model_error(model, relative, shift_px) ** 2)
    return good & (residual**2 < limit2)


def shared_by_stars(lost, offset_px, fwhm_px):
    """Lost pixels near stars that several stars of an image share: their PSF, no cosmic rays.

    Parameters
    ----------
    lost : ndarray of bool, shape (n, ny, nx)
        Pixels that were taken for cosmic rays or outliers; one star per stamp.
    offset_px : array_like of float, shape (n, 2)
        Offsets (x, y) of the stars from the centres of their stamps.
    fwhm_px : float
        Seeing in pixels: the pattern is looked for within 1.5 FWHM of the stars.

    Returns
    -------
    ndarray of bool, of the shape of `lost`
        True for the lost pixels to give back.

    Notes
    -----
    Cosmic rays hit no two stars at the same place. A place is shared if so many stars lose it or
    a pixel next to it as by chance, by the binomial distribution, not one image in a hundred has.
    """
    if len(lost) < 2:
        return np.zeros(np.shape(lost), bool)
    # lost pixels and those next to them, relative to the star
    move = np.round(np.nan_to_num(offset_px)).astype(int)
    wide = ndimage.maximum_filter(lost, size=(1, PLACE_PX, PLACE_PX))
    wide = np.array([np.roll(one, (-y, -x), (0, 1))
                     for one, (x, y) in zip(wide, move, strict=True)])
    # how many stars lose a place, against the rate away from the stars
    rows, cols = np.indices(lost.shape[1:]) - (np.array(lost.shape[1:])[:, None, None] - 1) / 2
    near = np.hypot(rows, cols) < SHARED_FWHM * fwhm_px
    rate = max(wide[:, ~near].mean() if (~near).any() else 0.0, LEAST_RATE)
    n_alike = wide.sum(0)
    chance = near.sum() / PLACE_PX**2 * special.bdtrc(n_alike - 1, len(lost), rate)
    shared = near & (n_alike > 1) & (chance < SHARED_CHANCE)
    return lost & np.array([np.roll(shared, (y, x), (0, 1)) for x, y in move])


def faint_neighbours(residual, variance, model, good, fwhm_px):
    """Pixels around light that a model of stars lacks: faint neighbours, each one star's own.

    Parameters
    ----------
    residual, variance, model, good : ndarray, shape (n, ny, nx)
        As `judge_pixels`; one star per stamp.
    fwhm_px : float
        Seeing in pixels.

    Returns
    -------
    ndarray of bool, shape (n, ny, nx)

    Notes
    -----
    Residuals are added up under a Gaussian of the width of the seeing, which finds stars five
    times fainter than single pixels do. Errors of the model add up too, and count in full.
    """
    # light and noise under a Gaussian of the seeing
    sigma = (0, fwhm_px / FWHM_PER_SIGMA, fwhm_px / FWHM_PER_SIGMA)
    error = np.where(good, NEIGHBOUR_MODEL_ERROR * np.maximum(model, 0), 0)
    light = ndimage.gaussian_filter(np.where(good, residual, 0), sigma)
    # the square of a Gaussian is one of 1/sqrt(2) of its width, 1 / (4 pi sigma^2) as high
    narrower = (0, sigma[1] / np.sqrt(2), sigma[2] / np.sqrt(2))
    noise2 = ndimage.gaussian_filter(np.where(good, variance, 0), narrower) / (
        4 * np.pi * sigma[1] ** 2)
    limit = np.hypot(np.sqrt(noise2), ndimage.gaussian_filter(error, sigma))
    found = light > BRIGHT_NEIGHBOUR_SIGMA * np.maximum(limit, TINY)
    # what most stars have at the same position, or what fills a stamp, is an error of the model
    found &= found.mean(0) <= NEIGHBOUR_COMMON
    wide = ndimage.maximum_filter(found, size=(1, *(2 * [2 * int(NEIGHBOUR_FWHM * fwhm_px) + 1])))
    return wide & (wide.mean((1, 2), keepdims=True) < NEIGHBOUR_LARGEST)


def smoothed_variance(data, good, sky_variance, fwhm_px, sigma_fwhm=SMOOTH_FWHM):
    """First noise map of stamps: sky, and the source as a smoothed stamp shows it.

    Parameters
    ----------
    data, sky_variance : ndarray of float, shape (n, ny, nx)
        Electrons without sky; variance of sky and read noise in electrons squared.
    good : ndarray of bool, of the same shape
        Pixels to use; the others are filled in by their neighbours.
    fwhm_px, sigma_fwhm : float
        Seeing in pixels; sigma of the smoothing Gaussian in FWHM.

    Returns
    -------
    ndarray of float, of the same shape

    Notes
    -----
    The noise is never taken from the noisy pixel itself, which would give low pixels more weight
    than high ones and bias every flux downwards (COSMOULINE's noise maps do that).
    """
    sigma = (0, sigma_fwhm * fwhm_px, sigma_fwhm * fwhm_px)
    cover = ndimage.gaussian_filter(good.astype(float), sigma)
    source = ndimage.gaussian_filter(np.where(good, data, 0.0), sigma)
    return sky_variance + np.maximum(source / np.maximum(cover, SMOOTH_COVER_MIN), 0)
