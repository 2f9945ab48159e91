"""Master frames: calibration frames prepared and combined pixel by pixel."""

from cosmouline.images.bad_pixels import sharp_pixels
from cosmouline.images.combine import combine, strips
from cosmouline.robust import MAD_TO_SIGMA

import numpy as np

CLIP_SIGMAS, N_ROUNDS = 5.0, 3
HOT, LOW, ODD = np.uint8(1), np.uint8(2), np.uint8(4)  # bits of a map of bad pixels
FLAT_DEPTH = 0.2  # by which a sharp pixel of a flat is lower than its surroundings
COARSE_PARTS = 8  # of each side, whose levels show how the light of a flat lies
SAMPLE_PX = 4e6  # of larger frames every second, third, ... row and column gives the level


def combined(readers, shape, sigma, coeff, write, is_photon_limited=False):
    """Combine prepared frames strip by strip: clipped weighted mean, variance, frames used.

    Parameters
    ----------
    readers : sequence of callable
        ``read(rows, cols)`` of two slices gives float32 of one prepared frame; NaN: no value.
    shape : tuple of int
        (ny, nx).
    sigma : sequence of float
        Noise of a pixel of each frame: weights are 1 / sigma^2.
    coeff : sequence of float
        Variance that a unit of the mean adds in each frame, of photons or dark current.
    write : callable
        ``write(rows, cols, planes)`` with image, variance and count.
    is_photon_limited : bool
        The variance goes with the value, as of flats: it is multiplied by the image.

    Notes
    -----
    A value is clipped where it is more than 5 sigma from the lower median, sigma being that of
    the frame or half of the central 68 % of the values of the pixel, whichever is larger: so hot
    pixels, which scatter more, lose nothing. The clipped mean has the noise of a mean; a median,
    as PhotoPipe takes, has a quarter more (David & Nagaraja 2003, table 3.2).
    """
    sigma, coeff = np.asarray(sigma, float), np.asarray(coeff, float)
    for rows, cols in strips(len(readers), shape):
        values = np.stack([read(rows, cols) for read in readers])
        stack = combine(values, sigma, coeff, star_fraction=0.0)
        variance = stack.variance * np.maximum(stack.image, 0) if is_photon_limited else (
            stack.variance)
        write(rows, cols, (stack.image, variance, stack.count))


def clipped_median(data, step=None):
    """Median of a frame, (ny, nx), without what is 5 sigma off; NaN is left out.

    `step` of rows and columns; None: all of them, or a sample of a large frame. Three of a flat's
    hundred are vignetting: the median of a ninth of a small frame was wrong by 0.03 %.
    """
    step = step or max(1, round(np.sqrt(data.size / SAMPLE_PX)))
    values = data[::step, ::step]
    values = values[np.isfinite(values)]
    for _ in range(N_ROUNDS):
        middle = np.median(values)
        spread = MAD_TO_SIGMA * np.median(np.abs(values - middle))
        keep = np.abs(values - middle) <= CLIP_SIGMAS * spread
        if keep.all() or spread == 0:
            break
        values = values[keep]
    return float(np.median(values)) if values.size else float("nan")


def coarse_shape(data):
    """Return the medians of 8 x 8 parts of an image, over their mean; NaN is left out."""
    parts = [np.array_split(row, COARSE_PARTS, axis=1)
             for row in np.array_split(data, COARSE_PARTS, axis=0)]
    medians = np.array([[clipped_median(one) for one in row] for row in parts])
    return medians / np.nanmean(medians)


def bad_pixels(planes, exptime_s, n_sigma, flat_least):
    """Find the bad pixels of a camera by its masters.

    Parameters
    ----------
    planes : list of (kind, ndarray of shape (ny, nx))
        Bias in ADU, dark in ADU/s, flat relative to its median.
    exptime_s : float
        Of the science frames: what a hot pixel collects meanwhile.
    n_sigma : float
        Least distance from the surroundings in units of the noise of the master's pixels.
    flat_least : float
        Pixels of lower sensitivity are bad.

    Returns
    -------
    ndarray of uint8, shape (ny, nx)
        0, or the sum of HOT, LOW and ODD.
    """
    bad = np.zeros(planes[0][1].shape, np.uint8)
    for kind, image in planes:
        if kind == "flat":
            sharp = sharp_pixels(image, n_sigma) & (image < 1 - FLAT_DEPTH)
            bad[~(image >= flat_least) | sharp] |= LOW
            continue
        scale = np.float32(exptime_s if kind == "dark" else 1.0)
        smooth = image * scale
        found = sharp_pixels(smooth, n_sigma) & (smooth > np.nanmedian(smooth) if kind == "dark"
                                                 else True)
        bad[found] |= HOT if kind == "dark" else ODD
    return bad
