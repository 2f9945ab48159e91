"""Trails of satellites and aeroplanes: long thin light across a frame."""

from typing import NamedTuple

from cosmouline import library
from cosmouline.images.sep_tools import background, default_box_px, usable_pixels

import numpy as np

ndimage = library("scipy.ndimage")

SIDE_PX = 512  # larger frames are averaged over blocks: quicker, and faint trails stand out
TRAIL_SIGMA = 3.0
LENGTH_MIN = 0.5  # of the shorter side of the frame
FULL_PX = 5  # around saturated (averaged) pixels
WIDTH_MAX = 0.08  # of the length: rms across the trail times sqrt(12), the width of a bar


class Trail(NamedTuple):
    """A line across a frame: a point on it, its direction (unit vector), its length, in pixels."""

    x_px: float
    y_px: float
    along: tuple
    length_px: float

    def distance_px(self, x_px, y_px):
        """Return the distance of a position from the line."""
        return abs((x_px - self.x_px) * self.along[1] - (y_px - self.y_px) * self.along[0])


def find_trail(image_e, bad=None, saturation_e=np.inf):
    """Find the longest trail of a frame.

    Parameters
    ----------
    image_e : ndarray of float32, shape (ny, nx)
        Sky included; NaN is bad.
    bad : ndarray of bool, shape (ny, nx), or None
    saturation_e : float
        Pixels near saturated ones count for no trail: columns bleed.

    Returns
    -------
    Trail or None

    Notes
    -----
    Connected pixels 3 sigma above the sky whose extent is half of the frame or more and whose
    width is a twelfth of it or less. Trails fainter than that per (averaged) pixel are missed.
    """
    image_e, bad = usable_pixels(image_e, bad)
    # average blocks of pixels; blocks with a bad pixel are left out
    step = max(1, min(image_e.shape) // SIDE_PX)
    ny, nx = (size // step for size in image_e.shape)
    blocks = image_e[:ny * step, :nx * step].reshape(ny, step, nx, step)
    small = np.ascontiguousarray(blocks.mean((1, 3), dtype=np.float32))
    hidden = np.zeros((ny, nx), dtype=bool)
    if bad is not None:
        hidden = bad[:ny * step, :nx * step].reshape(ny, step, nx, step).any((1, 3))

    # connected pixels that are bright and many enough for a trail
    sky = background(small, hidden, default_box_px(small.shape))
    bright = (small - sky.back() > TRAIL_SIGMA * sky.globalrms) & ~hidden
    labels, _ = ndimage.label(bright, np.ones((3, 3)))
    # a trail goes on behind a saturated star; the star and its bleeding column are left out
    full = ndimage.maximum_filter(small >= saturation_e, 2 * FULL_PX + 1)
    labels[full] = 0
    n_pixels = np.bincount(labels.ravel())
    n_pixels[0] = 0
    least_px = LENGTH_MIN * min(small.shape)
    longest = None
    for label in np.flatnonzero(n_pixels >= least_px):
        y, x = np.nonzero(labels == label)
        # their main axes give length and width
        middle = np.array([x.mean(), y.mean()])
        offsets = np.column_stack([x, y]) - middle
        _, axes = np.linalg.eigh(offsets.T @ offsets)
        across, along = (offsets @ axes).T
        length_px = float(np.ptp(along))
        is_thin = np.sqrt(12 * np.mean(across**2)) <= WIDTH_MAX * length_px
        if (length_px >= least_px and is_thin
                and (longest is None or step * length_px > longest.length_px)):
            # from averaged pixels back to those of the frame
            x_px, y_px = (step * value + 0.5 * (step - 1) for value in middle.tolist())
            longest = Trail(x_px, y_px, tuple(axes[:, 1].tolist()), step * length_px)
    return longest
