"""DS9 regions: stars to look at on an image, and masks drawn by hand."""

import re
import warnings

from cosmouline.errors import UserError
from cosmouline.files.io_catalog import to_ds9
from cosmouline.files.io_text import read_lines, write_text

import numpy as np

PIXEL_FRAMES = ("image", "physical")  # the same for images that are not cut out of larger ones
SKY_FRAMES = ("fk5", "icrs", "j2000")
_HEADER = ("# Region file format: DS9 version 4.1\n"
           'global color=green width=1 font="helvetica 10 normal roman"\nimage\n')
_SHAPE = re.compile(r"([+-]?)\s*([a-z]+)\s*\(([^()_|]*)\)")
_EDGE_PX = 1e-9  # rounding of a turned box: a pixel on the edge stays outside
_FORMS = {"circle": "circle(x,y,r)", "box": "box(x,y,width,height,angle)",
          "ellipse": "ellipse(x,y,rx,ry,angle)", "annulus": "annulus(x,y,r1,r2)",
          "polygon": "polygon(x1,y1,x2,y2,x3,y3,...)"}


def write_ds9_regions(path, stars, radius_px):
    """Write a DS9 region file with a labelled circle around every star.

    Parameters
    ----------
    path : str or Path
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


def read_ds9_masks(path, wcs=None):
    """Read the regions of a DS9 file that is to mask pixels.

    Parameters
    ----------
    path : str or Path
        The file, saved by DS9 in image, physical, fk5 or icrs coordinates: circles, boxes,
        ellipses, annuli and polygons. Excluded ones (``-circle``) cut a hole into the others.
    wcs : WCS, optional
        Of the image. None: it has no celestial coordinates.

    Returns
    -------
    list of regions.PixelRegion
        Pixels from 0. Empty if the file has no region.

    Raises
    ------
    UserError
        If a region has another shape, wrong numbers or coordinates that cannot be turned into
        pixels, or all are excluded: a region passed over in silence is worse than no mask.

    Notes
    -----
    Follows COSMOULINE, which reads circles and boxes in physical coordinates, but the angle of a
    box counts, and circle and box count pixels alike (COSMOULINE's boxes lie one pixel off,
    ds9reg.py). On the sky, angles count from west to north, as DS9 does it.
    """
    from regions import Regions  # takes half a second, and most lenses have no mask

    # statements end with a line or a semicolon
    found, frame = [], PIXEL_FRAMES[0]
    statements = [(f"{path}, line {number}", text.strip())
                  for number, line in enumerate(read_lines(path), 1)
                  for text in line.partition("#")[0].split(";")]
    for where, text in statements:
        word = text.lower()
        # coordinates hold until others follow
        if word in (*PIXEL_FRAMES, *SKY_FRAMES):
            frame = word
        if not word or word == frame or word.startswith("global"):
            continue
        # a shape with its numbers
        match = _SHAPE.fullmatch(word)
        if match is None or match[2] not in _FORMS:
            raise UserError(f"{where}: '{text}' is not read. Save the regions in image or fk5 "
                            f"coordinates, as {', '.join(_FORMS.values())}.")
        sign, name, numbers = match[1], match[2], match[3].replace(",", " ").split()
        if name in ("box", "ellipse") and len(numbers) == 4:
            numbers.append("0")  # the angle of an upright one may be left out
        is_on_sky = frame in SKY_FRAMES
        if is_on_sky and wcs is None:
            raise UserError(f"{where}: the reference image has no WCS, so that '{text}' cannot be "
                            "placed. Save the regions in image coordinates.")
        # regions itself passes over numbers that are too many
        n_wanted = max(6, len(numbers)) if name == "polygon" else _FORMS[name].count(",") + 1
        try:
            if len(numbers) != n_wanted:
                raise ValueError
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # what regions cannot read it only warns of
                region, = Regions.parse(f"{frame if is_on_sky else 'image'}\n"
                                        f"{sign}{name}({','.join(numbers)})", format="ds9")
                warnings.simplefilter("ignore")
                region = region.to_pixel(wcs) if is_on_sky else region
                _ = region.bounding_box  # no number where a position is not on the projected sky
        except Exception as error:  # whatever regions, astropy and wcslib make of it
            raise UserError(f"{where}: '{text}' has wrong numbers. Use {_FORMS[name]}.") from error
        if name == "box":
            region.width, region.height = region.width - _EDGE_PX, region.height - _EDGE_PX
        found.append(region)
    if found and all(map(is_excluded, found)):
        raise UserError(f"{path}: all regions are excluded (-), so that none masks a pixel. Draw "
                        "the region out of which they are cut too.")
    return found


def is_excluded(region):
    """Whether a region cuts a hole into the others."""
    return not region.meta.get("include", 1)


def inside_regions(regions, x_px, y_px):
    """Mark the positions inside any of the regions, and outside of all excluded ones.

    Parameters
    ----------
    regions : iterable of regions.PixelRegion
    x_px, y_px : ndarray of float, of one shape
        In the pixels of the regions. On an edge is outside, as in COSMOULINE.

    Returns
    -------
    ndarray of bool, of the same shape
    """
    from regions import PixCoord

    inside, excluded = np.zeros((2, *np.shape(x_px)), dtype=bool)
    for region in regions:
        marked = excluded if is_excluded(region) else inside
        marked |= region.contains(PixCoord(x_px, y_px))
    return inside & ~excluded
