"""Masks of polygons, circles and borders as bits of a flag image."""

import numpy as np

HALO_CORNERS = 50  # of the polygon that stands for a circle


def size_of_star(mag, pivot_mag, slope):
    """Scale of the mask of a star: 1 - slope (mag - pivot), never negative.

    Parameters
    ----------
    mag : ndarray of float, shape (n,)
    pivot_mag : float
        Magnitude at which the scale is 1.
    slope : float
        Per magnitude.
    """
    return np.maximum(0.0, 1 - slope * (np.asarray(mag, float) - pivot_mag))


def halo_polygon(radius_px):
    """Corners (x, y) of a regular polygon with the area of a circle, shape (50, 2)."""
    angle = 2 * np.pi * np.arange(HALO_CORNERS) / HALO_CORNERS
    area = np.sin(2 * np.pi / HALO_CORNERS) * HALO_CORNERS / (2 * np.pi)
    return radius_px / np.sqrt(area) * np.column_stack([np.cos(angle), np.sin(angle)])


def spike_polygon(length_px, width_px, angle_deg):
    """Corners of a cross of four arms, shape (12, 2).

    Parameters
    ----------
    length_px, width_px : float
        Of an arm from the centre to its end, and across.
    angle_deg : float
        Of the first arm, from x towards y.
    """
    a, b = length_px, width_px / 2
    corners = np.array([(a, -b), (a, b), (b, b), (b, a), (-b, a), (-b, b), (-a, b), (-a, -b),
                        (-b, -b), (-b, -a), (b, -a), (b, -b)], dtype=float)
    cos, sin = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    return corners @ np.array([[cos, sin], [-sin, cos]])


def add_polygon(flags, corners, bit):
    """Set a bit where the centre of a pixel is inside a polygon; flags are changed in place.

    Parameters
    ----------
    flags : ndarray of int, shape (ny, nx)
    corners : ndarray of float, shape (n, 2)
        (x, y); the centre of the first pixel is (0, 0).
    bit : int

    Notes
    -----
    Crossings of the ray towards +x with the edges, even or odd (Shimrat 1962, CACM 5, 434). A
    centre on a lower or left edge is inside, on an upper or right edge outside, so that polygons
    with a common edge share no pixel. Bits are OR-ed: a pixel in two masks of one bit has it once.
    """
    ny, nx = flags.shape
    low = np.maximum(np.ceil(corners.min(0)).astype(int), 0)
    high = np.minimum(np.floor(corners.max(0)).astype(int) + 1, (nx, ny))
    if (high <= low).any():
        return
    y = np.arange(low[1], high[1])[:, None]
    x = np.arange(low[0], high[0])[None, :]
    inside = np.zeros((len(y), x.size), dtype=bool)
    for (x1, y1), (x2, y2) in zip(corners, np.roll(corners, -1, 0), strict=True):
        if y1 == y2:
            continue
        crosses = (y1 <= y) != (y2 <= y)
        inside ^= crosses & (x < x1 + (y - y1) * (x2 - x1) / (y2 - y1))
    flags[low[1]:high[1], low[0]:high[0]] |= np.where(inside, bit, 0).astype(flags.dtype)


def add_border(flags, width_px, bit):
    """Set a bit on the outermost pixels of all four sides, in place."""
    if width_px > 0:
        inner = np.zeros(flags.shape, dtype=bool)
        inner[width_px:-width_px, width_px:-width_px] = True
        flags |= np.where(inner, 0, bit).astype(flags.dtype)


def without_magnitude(mag, taken_as):
    """Return magnitudes with those that are NaN replaced, and which those are.

    A catalogue has no magnitude for stars that are too bright for it: without this the brightest
    stars would have no mask. `taken_as` None leaves them NaN.
    """
    mag = np.asarray(mag, float)
    missing = ~np.isfinite(mag)
    return np.where(missing, np.nan if taken_as is None else taken_as, mag), missing
