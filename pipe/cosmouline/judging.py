"""Which pixels of a stamp agree with a model of its sources, and how noisy they are."""

import numpy as np
from scipy.ndimage import gaussian_filter

SMOOTH_FWHM = 0.35  # sigma of the Gaussian that estimates the source, in FWHM
SMOOTH_COVER_MIN = 0.05  # least share of good pixels under that Gaussian


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
    where stars are undersampled: without it the cores of good stars are taken for cosmics.
    """
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
    """Pixels that agree with a model.

    Parameters
    ----------
    residual : ndarray of float, shape (n, ny, nx)
        Data minus model (and minus sky).
    variance : ndarray of float, of the same shape
        Variance of the noise that the model predicts, source included.
    model : ndarray of float, of the same shape
        Model of the sources, without sky.
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


def smoothed_variance(data, good, sky_variance, fwhm_px, sigma_fwhm=SMOOTH_FWHM):
    """First noise map of stamps: sky, and the source as a smoothed stamp shows it.

    Parameters
    ----------
    data : ndarray of float, shape (n, ny, nx)
        Electrons without sky.
    good : ndarray of bool, of the same shape
        Pixels to use; the others are filled in by their neighbours.
    sky_variance : ndarray of float, of the same shape
        Variance of sky and read noise in electrons squared.
    fwhm_px : float
        Seeing in pixels.
    sigma_fwhm : float
        Sigma of the smoothing Gaussian in FWHM.

    Returns
    -------
    ndarray of float, of the same shape

    Notes
    -----
    The noise is never taken from the noisy pixel itself, which would give low pixels more weight
    than high ones and bias every flux downwards (COSMOULINE's noise maps do that).
    """
    sigma = (0, sigma_fwhm * fwhm_px, sigma_fwhm * fwhm_px)
    cover = gaussian_filter(good.astype(float), sigma)
    source = gaussian_filter(np.where(good, data, 0.0), sigma)
    return sky_variance + np.maximum(source / np.maximum(cover, SMOOTH_COVER_MIN), 0)
