"""The highest pixels of stars, to see which come near to saturation."""

import numpy as np

LEAST_HALF_PX = 3  # COSMOULINE looks at a box of 6 px


def peak_values(image, xy_px, fwhm_px, bad=None):
    """Highest good pixel in a box around each star.

    Parameters
    ----------
    image : ndarray of float, shape (ny, nx)
        Any unit. NaN are left out.
    xy_px : ndarray of float, shape (n, 2)
        Positions of the stars in pixels from 0.
    fwhm_px : float
        Seeing: half the box, at least 3 px, about the pixel nearest to the star.
    bad : ndarray of bool, shape (ny, nx), optional

    Returns
    -------
    ndarray of float, shape (n,)
        NaN for a star whose pixel is not on the image, or without a good pixel.

    Notes
    -----
    COSMOULINE's box lies one pixel off, for its positions count from 1 and its arrays from 0.
    """
    half = max(LEAST_HALF_PX, int(np.ceil(fwhm_px)))
    ny, nx = image.shape
    peak = np.full(len(xy_px), np.nan)
    for k, (x, y) in enumerate(np.asarray(xy_px, dtype=float)):
        if not (-0.5 <= x < nx - 0.5 and -0.5 <= y < ny - 0.5):
            continue
        # the box, cut at the edge of the image
        col, row = round(x), round(y)
        window = (slice(max(0, row - half), row + half + 1),
                  slice(max(0, col - half), col + half + 1))
        good = np.isfinite(image[window])
        if bad is not None:
            good &= ~bad[window]
        if good.any():
            peak[k] = image[window][good].max()
    return peak
