"""DS9 regions: stars to look at on an image, and masks drawn by hand."""

import re
from typing import NamedTuple

from cosmouline.errors import UserError
from cosmouline.files.io_catalog import from_ds9, to_ds9
from cosmouline.files.io_text import read_lines, write_text

import numpy as np

PIXEL_FRAMES = ("image", "physical")  # the same for images that are not cut out of larger ones
SKY_FRAMES = ("fk5", "icrs", "j2000")  # they differ by less than 0.1 arcsec
_OTHER_WORDS = ("detector", "amplifier", "fk4", "b1950", "galactic", "ecliptic", "linear", "wcs",
                "tile")
_HEADER = ("# Region file format: DS9 version 4.1\n"
           'global color=green width=1 font="helvetica 10 normal roman"\nimage\n')
_SHAPE = re.compile(r"([+-]?)\s*([A-Za-z]+)\s*\(([^)]*)\)")
_N_NUMBERS = {"circle": 3, "box": 5}
_EDGE_PX = 1e-9  # rounding of a turned box: a pixel on the edge stays outside
_ARCSEC = {'"': 1.0, "'": 60.0, "d": 3600.0, "": 3600.0}  # DS9's units of angles on the sky
_DEG_PER_HOUR = 15.0


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


def read_ds9_masks(path, sky=None):
    """Read the circles and boxes of a DS9 region file.

    Parameters
    ----------
    path : str or Path
        The file, saved by DS9 in image, physical, fk5 or icrs coordinates.
    sky : callable, optional
        ``sky(ra_deg, dec_deg)`` gives a place in pixels from 0, shape (2,), and the matrix
        (2, 2) there from (east, north) in arcsec to (x, y) in pixels. None: the image has no
        celestial coordinates.

    Returns
    -------
    list of Circle and Box
        Pixels from 0. Empty if the file has no region.

    Raises
    ------
    UserError
        If a region has another shape, is excluded (``-circle``) or is in coordinates that cannot
        be turned into pixels: a mask that is passed over in silence is worse than none.

    Notes
    -----
    Follows COSMOULINE, which reads the same two shapes in physical coordinates, but the angle of
    a box is honoured and circle and box count pixels alike (COSMOULINE's boxes lie one pixel off,
    ds9reg.py). The angle of a box on the sky counts from west to north, as DS9 does it.
    """
    regions, frame = [], PIXEL_FRAMES[0]
    for number, line in enumerate(read_lines(path), 1):
        for part in line.partition("#")[0].split(";"):
            text, place = part.strip(), f"{path}, line {number}"
            word = text.split("(")[0].split(" ")[0].lower()
            if word in (*PIXEL_FRAMES, *SKY_FRAMES):
                frame = word
            elif word in _OTHER_WORDS:
                raise UserError(f"{place}: coordinates '{text}'. Save the regions in image or fk5 "
                                "coordinates.")
            elif text and word != "global":
                regions.append(_region(text, frame in SKY_FRAMES, sky, place))
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
    return inside_regions(regions, x, y)


def inside_regions(regions, x_px, y_px):
    """Mark the places that lie inside any of the regions.

    Parameters
    ----------
    regions : iterable of Circle and Box
    x_px, y_px : ndarray of float, of one shape
        In the pixels of the regions.

    Returns
    -------
    ndarray of bool, of the same shape
    """
    mask = np.zeros(np.shape(x_px), dtype=bool)
    for region in regions:
        inside = _inside_circle if isinstance(region, Circle) else _inside_box
        mask |= inside(region, x_px - region.x_px, y_px - region.y_px)
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


def _region(text, on_sky, sky, place):
    """Return the region of one statement of a region file."""
    match = _SHAPE.fullmatch(text)
    if match is None or match[2].lower() not in _N_NUMBERS or match[1] == "-":
        raise UserError(f"{place}: '{text}' is not read. Use circle(x,y,r) or "
                        "box(x,y,width,height,angle).")
    if on_sky and sky is None:
        raise UserError(f"{place}: the reference image has no WCS, so that '{text}' cannot be "
                        "placed. Save the regions in image coordinates.")
    name, words = match[2].lower(), match[3].replace(",", " ").split()
    if name == "box" and len(words) == 4:
        words.append("0")  # the angle of an upright box may be left out
    try:
        values = _from_sky(name, words, sky) if on_sky else [float(word) for word in words]
    except ValueError:
        values = []
    if len(values) != _N_NUMBERS[name] or not np.isfinite(values).all() or min(values[2:4]) <= 0:
        raise UserError(f"{place}: '{text}' has wrong numbers. Use circle(x,y,r) or "
                        "box(x,y,width,height,angle).")
    x_px, y_px = (float(value) for value in from_ds9(values[:2]))
    return (Circle if name == "circle" else Box)(x_px, y_px, *values[2:])


def _from_sky(name, words, sky):
    """Turn the arguments of a region on the sky into those in pixels, as DS9 counts them."""
    xy, matrix = sky(_angle_deg(words[0], _DEG_PER_HOUR), _angle_deg(words[1], 1.0))
    scale = np.sqrt(abs(np.linalg.det(matrix)))  # pixels per arcsec
    sizes = [scale * _size_arcsec(word) for word in words[2:4 if name == "box" else 3]]
    values = [*to_ds9(xy).tolist(), *sizes]
    if name == "box":
        angle = np.radians(float(words[4]))
        along = matrix @ (-np.cos(angle), np.sin(angle))
        values.append(float(np.degrees(np.arctan2(along[1], along[0]))))
    return values


def _angle_deg(word, sexagesimal_unit_deg):
    """Read degrees, or hours or degrees with minutes and seconds behind colons."""
    if ":" not in word:
        return float(word)
    parts = [float(part) for part in word.lstrip("+-").split(":")]
    size = sum(part / 60**k for k, part in enumerate(parts)) * sexagesimal_unit_deg
    return -size if word.startswith("-") else size


def _size_arcsec(word):
    """Read a size on the sky: arcsec, arcmin, or degrees where there is no unit."""
    unit = word[-1] if word[-1:] in _ARCSEC else ""
    return float(word.removesuffix(unit)) * _ARCSEC[unit]
