"""DS9 regions: stars to look at on an image, and masks drawn by hand."""

import re
from typing import NamedTuple

from cosmouline.errors import UserError
from cosmouline.io_catalog import from_ds9, to_ds9
from cosmouline.io_text import read_lines, write_text

import numpy as np

PIXEL_FRAMES = ("image", "physical")  # the same for images that are not cut out of larger ones
_OTHER_WORDS = ("global", "detector", "amplifier", "fk4", "fk5", "icrs", "galactic", "ecliptic",
                "linear", "wcs", "tile")
_HEADER = ("# Region file format: DS9 version 4.1\n"
           'global color=green width=1 font="helvetica 10 normal roman"\nimage\n')
_SHAPE = re.compile(r"([+-]?)\s*([A-Za-z]+)\s*\(([^)]*)\)")
_N_NUMBERS = {"circle": 3, "box": 5}
_EDGE_PX = 1e-9  # rounding of a turned box: a pixel on the edge stays outside


class Circle(NamedTuple):
    """A disk on the image, pixels from 0."""

    x_px: float
    y_px: float
    radius_px: float


class Box(NamedTuple):
    """A rectangle on the image, pixels from 0, turned by `angle_deg` from x towards y."""

    x_px: float
    y_px: float
    width_px: float
    height_px: float
    angle_deg: float


def write_ds9_regions(path, stars, radius_px):
    """Write a DS9 region file with a labelled circle around every star.

    Parameters
    ----------
    path : str or Path
        The file to make, whole or not at all.
    stars : iterable of Star
        Positions in pixels from 0; the file counts from 1, in image coordinates.
    radius_px : float
        Radius of the circles.
    """
    rows = []
    for star in stars:
        x, y = to_ds9([star.x_px, star.y_px])
        rows.append(f"circle({x:.4f},{y:.4f},{radius_px:.4f}) # text={{{star.name}}}\n")
    write_text(path, _HEADER + "".join(rows))


def read_ds9_masks(path):
    """Read the circles and boxes of a DS9 region file.

    Parameters
    ----------
    path : str or Path
        The file, saved by DS9 in image or physical coordinates.

    Returns
    -------
    list of Circle and Box
        Pixels from 0. Empty if the file has no region.

    Raises
    ------
    UserError
        If a region has another shape, is excluded (``-circle``) or is not in pixels: a mask
        that is passed over in silence is worse than none.

    Notes
    -----
    Follows COSMOULINE, which reads the same two shapes, but the angle of a box is honoured and
    circle and box count pixels alike (COSMOULINE's boxes lie one pixel off, ds9reg.py).
    """
    regions = []
    for number, line in enumerate(read_lines(path), 1):
        for part in line.partition("#")[0].split(";"):
            regions += _regions(part.strip(), f"{path}, line {number}")
    return regions


def mask_from_regions(regions, shape):
    """Mark the pixels whose centre lies inside any of the regions.

    Parameters
    ----------
    regions : iterable of Circle and Box
        Pixels from 0. They may reach beyond the image.
    shape : tuple of int
        ``(ny, nx)`` of the mask.

    Returns
    -------
    ndarray of bool, shape (ny, nx)
        True inside a region. A centre exactly on the edge is outside, as in COSMOULINE.
    """
    y, x = np.indices(shape)
    mask = np.zeros(shape, dtype=bool)
    for region in regions:
        inside = _inside_circle if isinstance(region, Circle) else _inside_box
        mask |= inside(region, x - region.x_px, y - region.y_px)
    return mask


def _inside_circle(circle, dx_px, dy_px):
    """Mark offsets from the centre that lie inside the circle."""
    return dx_px**2 + dy_px**2 < circle.radius_px**2


def _inside_box(box, dx_px, dy_px):
    """Mark offsets from the centre that lie inside the turned box."""
    cos, sin = np.cos(np.radians(box.angle_deg)), np.sin(np.radians(box.angle_deg))
    along_px, across_px = dx_px * cos + dy_px * sin, dy_px * cos - dx_px * sin
    inside_width = np.abs(along_px) < box.width_px / 2 - _EDGE_PX
    return inside_width & (np.abs(across_px) < box.height_px / 2 - _EDGE_PX)


def _regions(text, place):
    """Return the region of one statement of a region file, if it has one, in a list."""
    word = text.split("(")[0].split(" ")[0].lower()
    if not text or word in ("global", *PIXEL_FRAMES):
        return []
    if word in _OTHER_WORDS:
        raise UserError(f"{place}: coordinates '{text}'. Save the regions in image coordinates.")
    match = _SHAPE.fullmatch(text)
    if match is None or match[2].lower() not in _N_NUMBERS or match[1] == "-":
        raise UserError(f"{place}: '{text}' is not read. Use circle(x,y,r) or "
                        "box(x,y,width,height,angle).")
    return [_shape(match[2].lower(), match[3], text, place)]


def _shape(name, arguments, text, place):
    """Turn the arguments of a circle or box into one."""
    try:
        values = [float(word) for word in arguments.replace(",", " ").split()]
    except ValueError:
        values = []
    if name == "box" and len(values) == 4:
        values.append(0.0)  # the angle of an upright box may be left out
    if len(values) != _N_NUMBERS[name] or not np.isfinite(values).all() or min(values[2:4]) <= 0:
        raise UserError(f"{place}: '{text}' has wrong numbers. Use pixels: circle(x,y,r) or "
                        "box(x,y,width,height,angle).")
    x_px, y_px = (float(value) for value in from_ds9(values[:2]))
    return (Circle if name == "circle" else Box)(x_px, y_px, *values[2:])
