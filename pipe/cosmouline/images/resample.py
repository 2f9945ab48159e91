"""Images brought onto the grid of the reference image: to be stacked or looked at.

Interpolated pixels have correlated noise that looks too small. No flux of a single image is
measured on them.
"""

import math

from cosmouline import library
from cosmouline.astrometry.align import apply
from cosmouline.images.bad_pixels import mend_pixels

import numpy as np

ndimage = library("scipy.ndimage")

MARGIN_PX = 14  # a cubic spline forgets a pixel by a factor 0.27 per pixel: 1e-8 at that distance
BOX_FROM = 1.05  # an image with pixels so much finer than the reference is averaged over its own
TOUCHED = 0.01  # a pixel to which bad ones give more than this fraction of its weight is bad
BAND_ROWS = 512  # made at a time: a 4k frame takes its result and 60 MB
NOISE_TILES, TILE_PX = 4, 48  # 4 x 4 tiles of noise: its scatter is known to 0.4 %
NOISE_SEED = 1


def resample(image_e, matrix, shape, bad=None):
    """Resample an image onto the grid of the reference image, its fluxes conserved.

    Parameters
    ----------
    image_e : ndarray of float, shape (ny, nx)
        Image without sky (bad regions are filled by 0). NaN pixels are bad.
    matrix : ndarray of float, shape (2, 3)
        From reference to image pixels; rotations, scales and mirror images are fine.
    shape : tuple of int
        (ny, nx) of the grid. For a cut-out put its first pixel into the matrix (`moved`).
    bad : ndarray of bool, shape (ny, nx), or None

    Returns
    -------
    ndarray of float32, shape (ny, nx)
        In electrons per pixel of the reference. NaN outside of the image and where a bad pixel
        contributes more than 1 %: the finite pixels are the footprint.

    Notes
    -----
    Cubic splines (Unser, Aldroubi & Eden 1993, IEEE Trans. Signal Process. 41, 821), times the
    area of a reference pixel in image pixels. Where the pixels of the image are finer by more
    than 5 %, it is averaged over boxes of the size of a reference pixel first, as a coarser
    camera would: sampled at points only, it would lose light and fold the noise. COSMOULINE's
    kernel (Catmull-Rom) moves magnitudes by five times as much, conserves no flux where scales
    differ, and fills what lies outside of the image with the median.
    """
    image_e, matrix = np.asarray(image_e), np.asarray(matrix, float)
    out_e = np.empty(shape, np.float32)
    side_px = math.sqrt(abs(np.linalg.det(matrix[:, :2])))  # of a reference pixel, in the image
    for first_row in range(0, shape[0], BAND_ROWS):
        band_e = out_e[first_row:first_row + BAND_ROWS]
        here = moved(matrix, 0, first_row)

        # only the part of the image that this band needs, with a margin for the spline
        (ny, nx), edge = band_e.shape, MARGIN_PX + side_px
        corners = apply(here, [(0, 0), (nx - 1, 0), (0, ny - 1), (nx - 1, ny - 1)])
        low = np.maximum(np.floor(corners.min(axis=0) - edge), 0).astype(int)
        high = np.minimum(np.ceil(corners.max(axis=0) + edge) + 1,
                          image_e.shape[::-1]).astype(int)
        if (high - low < 2).any():
            band_e.fill(np.nan)
            continue
        window = slice(low[1], high[1]), slice(low[0], high[0])
        part_e = image_e[window].astype(np.float32)
        here = here - [[0, 0, low[0]], [0, 0, low[1]]]

        # bad pixels are interpolated for the spline, whose prefilter spreads every value
        missing = ~np.isfinite(part_e)
        missing = missing if bad is None else bad[window] | missing
        if missing.any():
            part_e = np.nan_to_num(mend_pixels(part_e, missing), copy=False)
        coefficients = ndimage.spline_filter(_boxed(part_e, side_px), 3, np.float32)
        turn, offset = _in_rows(here)
        ndimage.affine_transform(coefficients, turn, offset, band_e.shape, band_e, order=3,
                                 cval=np.nan, prefilter=False)
        band_e *= np.float32(abs(np.linalg.det(here[:, :2])))

        # what they touch is left out
        if missing.any():
            weight = ndimage.affine_transform(
                _boxed(missing.astype(np.float32), side_px), turn, offset, band_e.shape, order=1,
                cval=0.0)
            band_e[weight > TOUCHED] = np.nan
    return out_e


def moved(matrix, x_px, y_px):
    """Return the matrix of a cut-out of the reference grid whose first pixel is (x_px, y_px)."""
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
    pixels: 1 for a shift by complete pixels, 0.7 for one by half a pixel in x and y.
    """
    area = abs(np.linalg.det(matrix[:, :2]))
    rng = np.random.default_rng(NOISE_SEED)
    half = math.ceil(TILE_PX * math.sqrt(area)) + MARGIN_PX
    squares = []
    for y in np.linspace(0, shape[0], 2 * NOISE_TILES + 1)[1::2].round():
        for x in np.linspace(0, shape[1], 2 * NOISE_TILES + 1)[1::2].round():
            local = moved(matrix, x - TILE_PX // 2, y - TILE_PX // 2)
            local[:, 2] += half - np.floor(apply(matrix, [x, y]))  # complete pixels: no phase lost
            noise = rng.standard_normal((2 * half, 2 * half))
            squares.append(np.square(resample(noise, local, (TILE_PX, TILE_PX))))
    return float(np.sqrt(np.nanmean(squares) / area))


def shrunk(image_e, matrix, shape, step):
    """Resample an image onto every `step`-th pixel of the reference grid: a small picture.

    As `resample`, but NaN pixels become 0, `step` pixels are averaged, and no flux is conserved:
    the result, (ceil(ny / step), ceil(nx / step)) and NaN outside of the image, has its units.
    """
    filled = np.nan_to_num(np.asarray(image_e, np.float32))
    smooth = ndimage.uniform_filter(filled, step) if step > 1 else filled
    rows, cols = (-(-side // step) for side in shape)
    turn, _ = _in_rows(matrix)
    _, first = _in_rows(moved(matrix, (step - 1) / 2, (step - 1) / 2))
    return ndimage.affine_transform(smooth, turn * step, first, (rows, cols), order=3, cval=np.nan)


def _in_rows(matrix):
    """Turn a transform of (x, y) into the matrix and offset of (row, column)."""
    return matrix[:, :2][::-1, ::-1], matrix[::-1, 2]


def _boxed(image, side_px):
    """Average over a box, the side any number of pixels; the image itself for about 1."""
    if side_px < BOX_FROM:
        return image
    half = math.ceil((side_px - 1) / 2)
    # the outermost pixels of the box count by the part of them that is inside
    rim = (side_px - (2 * half - 1)) / 2
    kernel = np.r_[rim, np.ones(2 * half - 1), rim] / side_px
    return ndimage.convolve1d(ndimage.convolve1d(image, kernel, axis=0), kernel, axis=1)


def footprint(matrix, shape, image_shape):
    """Fraction of the reference grid that an image covers, to about one pixel's width.

    `matrix` leads from reference to image pixels; the shapes are (ny, nx) of grid and image.
    """
    x, y = (np.linspace(0, side - 1, min(side, 400)) for side in shape[::-1])
    at = apply(matrix, np.stack(np.meshgrid(x, y), axis=-1))
    return float(((at >= 0) & (at <= np.array(image_shape[::-1]) - 1)).all(axis=-1).mean())
