"""Images brought onto the grid of the reference image: to be stacked or looked at.

Interpolated pixels have correlated noise that looks too small. No flux of a single image is
measured on them.
"""

import math

from cosmouline.astrometry.align import apply
from cosmouline.images.bad_pixels import mend_pixels

import numpy as np
from scipy.ndimage import affine_transform, convolve1d, spline_filter, uniform_filter

REACH_PX = 14  # a cubic spline forgets a pixel by a factor 0.27 per pixel: 1e-8 at that distance
BOX_FROM = 1.05  # an image with pixels so much finer than the reference is averaged over its own
TOUCHED = 0.01  # a pixel to which a bad one gives more than this part of its weight is bad
BAND_ROWS = 512  # made at a time: a 4k frame takes its result and 60 MB
NOISE_TILES, TILE_PX = 4, 48  # 4 x 4 tiles of noise: its scatter is known to 0.4 %
NOISE_SEED = 1


def resample(image_e, matrix, shape, bad=None):
    """Resample an image onto the grid of the reference image, its fluxes conserved.

    Parameters
    ----------
    image_e : ndarray of float, shape (ny, nx)
        Image without sky (the filling of bad regions is 0). NaN pixels are bad.
    matrix : ndarray of float, shape (2, 3)
        From reference to image pixels; rotations, scales and mirror images are fine.
    shape : tuple of int
        (ny, nx) of the grid. For a cut-out put its first pixel into the matrix (`moved`).
    bad : ndarray of bool, shape (ny, nx), or None
        Bad pixels.

    Returns
    -------
    ndarray of float32, shape (ny, nx)
        In electrons per pixel of the reference. NaN outside of the image and where a bad pixel
        has a part of more than 1 %: the finite pixels are the footprint.

    Notes
    -----
    Cubic splines (Unser, Aldroubi & Eden 1993, IEEE Trans. Signal Process. 41, 821), times the
    area of a reference pixel in image pixels. Where the pixels of the image are finer by more
    than 5 %, it is averaged over boxes of the size of a reference pixel first, as a coarser
    camera would: single points of it would waste light and fold the noise. COSMOULINE's kernel
    (Catmull-Rom) moves magnitudes by five times as much, conserves no flux where scales differ,
    and fills what lies outside of the image with the median.
    """
    out_e = np.empty(shape, np.float32)
    for first in range(0, shape[0], BAND_ROWS):
        band = out_e[first:first + BAND_ROWS]
        _resample_band(np.asarray(image_e), moved(matrix, 0, first), band, bad)
    return out_e


def _resample_band(image_e, matrix, out_e, bad):
    """Resample onto some rows of the grid: all that it needs is a part of the image."""
    window = _window(matrix, out_e.shape, image_e.shape)
    if window is None:
        out_e.fill(np.nan)
        return
    part_e = image_e[window].astype(np.float32)
    spoilt = ~np.isfinite(part_e) if bad is None else bad[window] | ~np.isfinite(part_e)
    matrix = matrix - [[0, 0, window[1].start], [0, 0, window[0].start]]
    area = abs(np.linalg.det(matrix[:, :2]))
    if spoilt.any():
        part_e = np.nan_to_num(mend_pixels(part_e, spoilt), copy=False)
    coefficients = spline_filter(_boxed(part_e, math.sqrt(area)), 3, np.float32)
    turn, first = _in_rows(matrix)
    affine_transform(coefficients, turn, first, out_e.shape, out_e, order=3, cval=np.nan,
                     prefilter=False)
    out_e *= np.float32(area)
    if spoilt.any():
        part = _boxed(spoilt.astype(np.float32), math.sqrt(area))
        touched = affine_transform(part, turn, first, out_e.shape, order=1, cval=0.0)
        out_e[touched > TOUCHED] = np.nan


def moved(matrix, x_px, y_px):
    """Matrix of a cut-out of the reference grid whose first pixel is (x_px, y_px)."""
    matrix = np.array(matrix, float)
    matrix[:, 2] = apply(matrix, [x_px, y_px])
    return matrix


def pixel_noise(matrix, shape):
    """Noise of a single resampled pixel over the noise that a large aperture sees per pixel.

    Parameters
    ----------
    matrix : ndarray of float, shape (2, 3)
        From reference to image pixels.
    shape : tuple of int
        (ny, nx) of the reference grid.

    Returns
    -------
    float
        Below 1. The noise per pixel that counts for a flux is that of an image pixel times the
        square root of the area of a reference pixel, whatever the kernel; the pixels themselves
        scatter by this factor less, the rest is in their correlation.

    Notes
    -----
    Measured on tiles of white noise all over the grid, because it depends on the phase of the
    pixels: 1 for a shift by whole pixels, 0.7 for one by half a pixel in x and y.
    """
    area = abs(np.linalg.det(matrix[:, :2]))
    rng = np.random.default_rng(NOISE_SEED)
    half = math.ceil(TILE_PX * math.sqrt(area)) + REACH_PX
    squares = []
    for y in np.linspace(0, shape[0], 2 * NOISE_TILES + 1)[1::2].round():
        for x in np.linspace(0, shape[1], 2 * NOISE_TILES + 1)[1::2].round():
            local = moved(matrix, x - TILE_PX // 2, y - TILE_PX // 2)
            local[:, 2] += half - np.floor(apply(matrix, [x, y]))  # whole pixels: no phase lost
            noise = rng.standard_normal((2 * half, 2 * half))
            squares.append(np.square(resample(noise, local, (TILE_PX, TILE_PX))))
    return float(np.sqrt(np.nanmean(squares) / area))


def shrunk(image_e, matrix, shape, step):
    """Resample an image onto every `step`-th pixel of the reference grid: a small picture.

    Parameters
    ----------
    image_e : ndarray of float, shape (ny, nx)
        NaN pixels become 0.
    matrix : ndarray of float, shape (2, 3)
        From reference to image pixels.
    shape : tuple of int
        (ny, nx) of the reference image.
    step : int
        Pixels of the grid from one to the next; as many are averaged.

    Returns
    -------
    ndarray of float32, shape (ceil(ny / step), ceil(nx / step))
        NaN outside of the image. In the units of the image: no flux is conserved.
    """
    filled = np.nan_to_num(np.asarray(image_e, np.float32))
    smooth = uniform_filter(filled, step) if step > 1 else filled
    rows, cols = (-(-side // step) for side in shape)
    turn, _ = _in_rows(matrix)
    _, first = _in_rows(moved(matrix, (step - 1) / 2, (step - 1) / 2))
    return affine_transform(smooth, turn * step, first, (rows, cols), order=3, cval=np.nan)


def _in_rows(matrix):
    """Turn a transform of (x, y) into the matrix and offset of (row, column)."""
    return matrix[:, :2][::-1, ::-1], matrix[::-1, 2]


def _window(matrix, shape, image_shape):
    """Rows and columns of the image that the grid needs, as slices; None without any."""
    ny, nx = shape
    corners = apply(matrix, [(0, 0), (nx - 1, 0), (0, ny - 1), (nx - 1, ny - 1)])
    reach = REACH_PX + math.sqrt(abs(np.linalg.det(matrix[:, :2])))
    low = np.maximum(np.floor(corners.min(axis=0) - reach), 0).astype(int)
    high = np.minimum(np.ceil(corners.max(axis=0) + reach) + 1, image_shape[::-1]).astype(int)
    if (high - low < 2).any():
        return None
    return slice(low[1], high[1]), slice(low[0], high[0])


def _boxed(image, side_px):
    """Average over a box of a side that need not be whole; the image itself for about 1."""
    if side_px < BOX_FROM:
        return image
    half = math.ceil((side_px - 1) / 2)
    rim = (side_px - (2 * half - 1)) / 2
    kernel = np.r_[rim, np.ones(2 * half - 1), rim] / side_px
    return convolve1d(convolve1d(image, kernel, axis=0), kernel, axis=1)


def footprint(matrix, shape, image_shape):
    """Part of the reference grid, 0 to 1, that an image covers, to about one pixel's width.

    Parameters
    ----------
    matrix : ndarray of float, shape (2, 3)
        From reference to image pixels.
    shape, image_shape : tuple of int
        (ny, nx) of the grid and of the image.
    """
    x, y = (np.linspace(0, side - 1, min(side, 400)) for side in shape[::-1])
    at = apply(matrix, np.stack(np.meshgrid(x, y), axis=-1))
    return float(((at >= 0) & (at <= np.array(image_shape[::-1]) - 1)).all(axis=-1).mean())
