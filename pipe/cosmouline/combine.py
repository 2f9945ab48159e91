"""Images brought onto the grid of the reference image, to be looked at or stacked."""

import numpy as np
from scipy.ndimage import affine_transform, uniform_filter


def resample(image_e, matrix, shape, step=1):
    """Resample an image onto the grid of the reference image.

    Parameters
    ----------
    image_e : ndarray of float, shape (ny, nx)
        NaN pixels become 0.
    matrix : ndarray of float, shape (2, 3)
        From reference to image pixels.
    shape : tuple of int
        (ny, nx) of the reference image.
    step : int
        Every `step`-th pixel of the reference grid is made, each from an image smoothed over as
        many pixels: a small picture.

    Returns
    -------
    ndarray of float32, shape (ceil(ny / step), ceil(nx / step))
        NaN outside of the image.

    Notes
    -----
    Cubic splines. Interpolated pixels have correlated noise that is too small: they are for
    pictures and stacks, never for a flux.
    """
    filled = np.nan_to_num(np.asarray(image_e, np.float32))
    smooth = uniform_filter(filled, step) if step > 1 else filled
    rows, cols = (-(-side // step) for side in shape)
    turn = matrix[:, :2][::-1, ::-1] * step  # (row, column) of the grid to (row, column)
    first = matrix[::-1, 2] + matrix[:, :2][::-1, ::-1] @ np.full(2, (step - 1) / 2)
    return affine_transform(smooth, turn, first, (rows, cols), order=3, cval=np.nan)
