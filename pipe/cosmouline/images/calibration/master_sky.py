"""The master sky: the pattern that the sky has in all frames of a filter or target."""

from cosmouline import library
from cosmouline.images.calibration.masters import clipped_median
from cosmouline.images.fringes import sources_on
from cosmouline.images.sky import sky_map

import numpy as np

ndimage = library("scipy.ndimage")

FILL_PX = 32  # mesh by whose medians pixels without a value are filled


def prepared(data_adu, bad):
    """Return a frame in units of its sky, sources and bad pixels as NaN, and that level.

    Both arrays have the shape (ny, nx). Sources are found above a smooth map of the sky, whatever
    its level is, and masked to 1.5 sigma of it.
    """
    sky = sky_map(np.nan_to_num(data_adu), bad)
    flat = np.where(bad, np.nan, data_adu - sky.level()).astype(np.float32)
    hidden = sources_on(flat)
    level = clipped_median(np.where(hidden, np.nan, data_adu))
    return np.where(hidden, np.nan, data_adu / np.float32(level)).astype(np.float32), level


def filled(sky):
    """Return a master sky, (ny, nx), in which pixels without a value have the median around."""
    holes = ~np.isfinite(sky)
    if not holes.any():
        return sky
    rows, cols = (-(-side // FILL_PX) for side in sky.shape)
    padded = np.pad(sky, [(0, rows * FILL_PX - sky.shape[0]), (0, cols * FILL_PX - sky.shape[1])],
                    constant_values=np.nan)
    cells = padded.reshape(rows, FILL_PX, cols, FILL_PX).swapaxes(1, 2).reshape(rows, cols, -1)
    known = np.isfinite(cells).any(-1)
    mesh = np.where(known, np.nanmedian(np.where(known[..., None], cells, 1.0), axis=-1), 1.0)
    smooth = ndimage.zoom(mesh, FILL_PX, order=1, mode="nearest", grid_mode=True)
    return np.where(holes, smooth[:sky.shape[0], :sky.shape[1]], sky).astype(np.float32)


def removed(data_adu, sky, level_adu):
    """Return a frame without the pattern of a master sky, (ny, nx); its level stays.

    The level is needed: the noise of a frame is that of its sky.
    """
    return (data_adu - np.float32(level_adu) * (sky - 1)).astype(np.float32)
