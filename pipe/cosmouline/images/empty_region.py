"""A box of the sky without sources: found, placed on every image, its pixels measured."""

from cosmouline import library
from cosmouline.astrometry.align import apply, invert
from cosmouline.errors import UserError

import numpy as np

ndimage = library("scipy.ndimage")

MOST_HALF_PX, LEAST_HALF_PX = 40, 6  # half the side of a box that is found
COVERED = 0.9  # fraction of the images on which the box must lie
STEP_PX = 8  # of the grid on which the images are counted
WINGS = 1.8  # (3 / 0.1)^(1/6): a Moffat of beta 3 falls from 3 to 0.1 sigma of the sky
CLIP_SIGMAS = 3.0


def find_empty_box(shape, xy_px, radius_px, matrices=(), shapes=()):
    """Find a square without sources that lies on most images, as near to the middle as it can.

    Parameters
    ----------
    shape : tuple of int
        (ny, nx) of the reference image.
    xy_px, radius_px : ndarray of float, shape (n, 2), (n,)
        Sources on it, and the radius to which their light extends.
    matrices : sequence of ndarray of float, shape (2, 3)
        Transforms from the reference image to the images.
    shapes : sequence of tuple of int
        Their (ny, nx).

    Returns
    -------
    tuple of float
        Edges (x1, x2, y1, y2); the side is 81 px, or the largest that is free.

    Raises
    ------
    ValueError
        If no square of 13 px is empty.
    """
    # the pixels on most of the images, counted on a coarse grid
    free = np.ones(shape, bool)
    if len(matrices):
        y, x = np.mgrid[: shape[0] : STEP_PX, : shape[1] : STEP_PX]
        middle = np.column_stack([x.ravel(), y.ravel()]) + (STEP_PX - 1) / 2
        count = np.zeros(len(middle))
        for matrix, (ny, nx) in zip(matrices, shapes, strict=True):
            xi, yi = apply(matrix, middle).T
            count += (xi > STEP_PX) & (yi > STEP_PX) & (xi < nx - STEP_PX) & (yi < ny - STEP_PX)
        often = (count >= COVERED * len(matrices)).reshape(x.shape)
        free = np.kron(often, np.ones((STEP_PX, STEP_PX), bool))[: shape[0], : shape[1]]

    # less the discs of the sources
    for (x, y), r in zip(np.reshape(xy_px, (-1, 2)), np.ravel(radius_px), strict=True):
        low = np.floor(np.maximum((x - r, y - r), 0)).astype(int)
        window = free[low[1]:max(low[1], int(np.ceil(y + r)) + 1),
                      low[0]:max(low[0], int(np.ceil(x + r)) + 1)]
        yy, xx = np.indices(window.shape)
        window &= np.hypot(xx + low[0] - x, yy + low[1] - y) > r

    # half the side of the largest free square around each pixel; the frame ends at its edge
    padded = np.pad(free, 1)
    half = ndimage.distance_transform_cdt(padded, metric="chessboard")[1:-1, 1:-1] - 1
    best = min(int(half.max(initial=-1)), MOST_HALF_PX)
    if best < LEAST_HALF_PX:
        raise ValueError(f"no square of {2 * LEAST_HALF_PX + 1} px is free of sources")
    rows, cols = np.nonzero(half >= best)
    away = np.hypot(cols - (shape[1] - 1) / 2, rows - (shape[0] - 1) / 2)
    x, y = float(cols[away.argmin()]), float(rows[away.argmin()])
    return x - best - 0.5, x + best + 0.5, y - best - 0.5, y + best + 0.5


def inside(box, shape):
    """Return a box; raise UserError if no pixel of the reference image, (ny, nx), lies in it."""
    x1, x2, y1, y2 = box
    if x2 <= 0 or y2 <= 0 or x1 >= shape[1] - 1 or y1 >= shape[0] - 1:
        raise UserError(f"empty_region: x {x1 + 1:g} to {x2 + 1:g}, y {y1 + 1:g} to {y2 + 1:g} "
                        f"lies outside the reference image of {shape[1]} x {shape[0]} pixels. "
                        "Correct it, or leave it out: then a region is looked for.")
    return box


def reach_px(n_pix, fwhm_px):
    """Radius to which the light of sources extends, from their number of pixels above 3 sigma."""
    return WINGS * np.sqrt(np.asarray(n_pix) / np.pi) + fwhm_px


def pixels_inside(matrix, box, shape):
    """Find the pixels of an image, not resampled, that lie in a box of the reference image.

    `matrix`, (2, 3), leads from reference to image pixels; `box` has the edges (x1, x2, y1, y2) on
    the reference image; `shape` is (ny, nx) of the image.

    Returns
    -------
    rows, cols : slice
        Window of the image.
    inside : ndarray of bool
        Pixels of the window whose centres fall into the box. Empty if none do.
    """
    x1, x2, y1, y2 = box
    corners = apply(matrix, np.array([(x1, y1), (x2, y1), (x2, y2), (x1, y2)]))
    low = np.clip(np.floor(corners.min(0)), 0, (shape[1], shape[0])).astype(int)
    high = np.clip(np.ceil(corners.max(0)) + 1, low, (shape[1], shape[0])).astype(int)
    rows, cols = slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))
    x, y = np.meshgrid(np.arange(low[0], high[0]), np.arange(low[1], high[1]))
    on_reference = apply(invert(matrix), np.column_stack([x.ravel(), y.ravel()]))
    back_x, back_y = on_reference.T.reshape(2, *x.shape)
    return rows, cols, (back_x > x1) & (back_x < x2) & (back_y > y1) & (back_y < y2)


def clipped_mean_and_sigma(values):
    """Mean and standard deviation after one clip at 3 sigma about the mean.

    Parameters
    ----------
    values : array_like of float
        At least two finite values; others are left out.

    Returns
    -------
    mean, sigma : float
    n : int
        Values that are left.

    Notes
    -----
    As COSMOULINE's 1a_imstat. One clip takes 1.3 % off the standard deviation of Gaussian noise.
    """
    values = np.asarray(values, dtype=float)
    values = values[np.isfinite(values)]
    kept = values[np.abs(values - values.mean()) <= CLIP_SIGMAS * values.std()]
    return float(kept.mean()), float(kept.std()), int(kept.size)
