"""Star lists (``.cat``) and image lists, as people edit them by hand.

Files count pixels from 1, as DS9 shows them; memory counts from 0. Only this module and the
FITS headers know the difference.
"""

import re
from typing import NamedTuple

from cosmouline import library
from cosmouline.errors import UserError, one_line
from cosmouline.files.io_text import read_lines, write_text

import numpy as np

spatial = library("scipy.spatial")

NO_COMMENT = "na"  # COSMOULINE's comment of an image listed without one
NOT_MEASURED = -1.0  # COSMOULINE's flux of a star that has none
ONE_STAR_PX = 1.0  # two names nearer than this mark one star
_NAME = re.compile(r"[A-Za-z0-9_+][A-Za-z0-9._+-]{0,59}")  # safe in file, field and shell words
_SKY = re.compile(r"[+-]?\d+(\.\d*)?d|[+-]?\d{1,3}:[0-5]?\d:[0-5]?\d(\.\d*)?")  # RA or Dec
_LARGEST = 1e30  # of a position or a flux
_CAT_FORM = "Write one star a line: name x y [flux]"


class Star(NamedTuple):
    """A named position: pixels of the reference image from 0, flux in electrons or None."""

    name: str
    x_px: float
    y_px: float
    flux_e: float | None = None


def from_ds9(xy):
    """Turn pixel coordinates that count from 1 (DS9, FITS) into ours, which count from 0."""
    return np.asarray(xy, dtype=float) - 1.0


def to_ds9(xy):
    """Turn our pixel coordinates, which count from 0, into those of DS9 and FITS, from 1."""
    return np.asarray(xy, dtype=float) + 1.0


def read_cat(path, min_distance_px=ONE_STAR_PX, to_pixels=None):
    """Read a star list in COSMOULINE's ``.cat`` format, ``name x y [flux]``.

    In place of x and y RA and Dec may stand, as ``69.5622d -12.2873d`` in degrees or as
    ``04:38:14.93 -12:17:14.3``.

    Parameters
    ----------
    path : str or Path
        The list. ``#`` starts a comment anywhere; blank lines are skipped. Pixels count from 1.
    min_distance_px : float
        Two stars within this distance are one star named twice.
    to_pixels : callable, optional
        ``to_pixels(ra_deg, dec_deg)`` gives x and y in pixels from 0; without it a list in RA and
        Dec is refused.

    Returns
    -------
    list of Star
        In the order of the file, pixels from 0. A flux left out, or COSMOULINE's -1, is None.

    Raises
    ------
    UserError
        If a line has too few or too many columns, a bad name or a bad number, if a name or a
        position appears twice, or if there is no star at all. The message has file and line.
    """
    stars, where = [], []
    for number, line in enumerate(read_lines(path), 1):
        text = line.partition("#")[0].strip()
        if text:
            where.append(f"{path}, line {number}")
            stars.append(_star(text, where[-1], to_pixels))
    if not stars:
        raise UserError(f"{path} is empty: it holds no star. {_CAT_FORM}.")
    _check_stars(stars, where, min_distance_px)
    return stars


def write_cat(path, stars, comment="", min_distance_px=ONE_STAR_PX):
    """Write a star list that `read_cat` reads back, to 0.0001 px and 6 digits of the flux.

    Parameters
    ----------
    path : str or Path
    stars : iterable of Star
        Positions in pixels from 0; a flux that is None is left out.
    comment : str
        Lines put on top of the file after ``#``.
    min_distance_px : float
        As in `read_cat`.

    Raises
    ------
    UserError
        If `read_cat` would refuse the list.
    """
    stars = [Star(*star) for star in stars]
    if not stars:
        raise UserError(f"{path} would hold no star. Choose at least one.")
    # names are padded to one width
    width = max(len(star.name) for star in stars)
    rows = []
    for star in stars:
        x, y = to_ds9([star.x_px, star.y_px])
        flux = "" if star.flux_e is None else f" {star.flux_e:.6g}"
        rows.append(f"{star.name:<{width}} {x:10.4f} {y:10.4f}{flux}")
    # what is written must be readable
    where = [f"{path}, star {number}" for number in range(1, len(stars) + 1)]
    written = [_star(row, at) for row, at in zip(rows, where, strict=True)]
    _check_stars(written, where, min_distance_px)
    _write_rows(path, comment, rows)


def read_image_list(path):
    """Read a list of images, ``img_name [comment]`` a line (kick list, test list, skip list).

    Lines that start with ``#`` and blank lines are skipped.

    Returns
    -------
    dict of str
        Comment ("na" where there is none) by image name, in the order of the file. Of an image
        listed twice the last comment holds: scripts and users add lines at the end.
    """
    images = {}
    for line in read_lines(path):
        name, *comment = line.split(maxsplit=1)[:2] or [""]
        if name and not name.startswith("#"):
            images[name] = "".join(comment).lstrip("#").strip() or NO_COMMENT
    return images


def write_image_list(path, images, comment=""):
    """Write a list of images that `read_image_list` reads back.

    Parameters
    ----------
    path : str or Path
    images : dict of str, or iterable of str
        Comment by image name, or names alone.
    comment : str
        Lines put on top of the file after ``#``.

    Raises
    ------
    UserError
        If a name is empty, holds white space or starts with ``#``.
    """
    images = images if isinstance(images, dict) else dict.fromkeys(images, NO_COMMENT)
    rows = []
    for name, remark in images.items():
        if not name or name.split() != [name] or name.startswith("#"):
            raise UserError(f"{path}: '{name}' cannot be listed. Image names have no spaces and "
                            "do not start with #.")
        rows.append(f"{name} {' '.join(remark.split()) or NO_COMMENT}")
    _write_rows(path, comment, rows)


def _write_rows(path, comment, rows):
    """Write rows below a comment."""
    head = [f"# {line}".rstrip() for line in comment.splitlines()]
    write_text(path, "".join(f"{row}\n" for row in [*head, *rows]))


def _star(text, at, to_pixels=None):
    """Turn one line of a star list into a Star."""
    name, *words = text.split()
    if len(words) not in (2, 3):
        raise UserError(f"{at}: {len(words) + 1} columns. {_CAT_FORM}.")
    if not _NAME.fullmatch(name):
        raise UserError(f"{at}: the name {one_line(repr(name))} is not allowed. Use letters, "
                        "digits and . _ + - only, 60 at most, and neither . nor - in front.")
    # files count from 1
    if all(_SKY.fullmatch(word) for word in words[:2]):
        if to_pixels is None:
            raise UserError(f"{at}: RA and Dec need coordinates of the reference image. Run "
                            "fac_astrometry/2_plate_solve.py and 3_align/1b_identify_stars.py, or "
                            "give pixels.")
        ra_deg, dec_deg = _degrees(words[0], 15), _degrees(words[1], 1)
        if not (0 <= ra_deg <= 360 and -90 <= dec_deg <= 90):
            raise UserError(f"{at}: RA {ra_deg:g} and Dec {dec_deg:g} are not on the sky.")
        x_px, y_px = (float(value) for value in to_pixels(ra_deg, dec_deg))
        if not (np.isfinite(x_px) and np.isfinite(y_px)):
            raise UserError(f"{at}: RA {ra_deg:g}, Dec {dec_deg:g} is far from the reference "
                            "image.")
    else:
        x_px, y_px = (float(from_ds9(_number(word, at))) for word in words[:2])
    flux_e = _number(words[2], at) if words[2:] else NOT_MEASURED
    if flux_e <= 0 and flux_e != NOT_MEASURED:
        raise UserError(f"{at}: the flux {words[2]} is not positive. Leave it out if unknown.")
    return Star(name, x_px, y_px, None if flux_e == NOT_MEASURED else flux_e)


def _degrees(word, per_unit):
    """Turn degrees (``69.5d``) or a sexagesimal text into degrees; `per_unit` is 15 for hours."""
    if word.endswith("d"):
        return float(word[:-1])
    sign = -1 if word.startswith("-") else 1
    parts = [float(part) / 60**k for k, part in enumerate(word.lstrip("+-").split(":"))]
    return sign * per_unit * sum(parts)


def _number(word, at):
    """Turn a word into a finite number."""
    try:
        value = float(word.replace("_", "?"))  # float() takes 1_5 for 15
    except ValueError:
        raise UserError(f"{at}: {one_line(repr(word))} is not a number. {_CAT_FORM}.") from None
    if not abs(value) < _LARGEST:
        problem = "too large" if np.isfinite(value) else "not finite"
        raise UserError(f"{at}: '{word}' is {problem}. Write a number or remove the line.")
    return value


def _check_stars(stars, where, min_distance_px):
    """Refuse names and positions that appear twice."""
    # each name once
    lines = [at.rpartition(", ")[2] for at in where]
    seen = {}
    for star, at, line in zip(stars, where, lines, strict=True):
        if star.name in seen:
            raise UserError(f"{at}: the name '{star.name}' stands twice, already in "
                            f"{seen[star.name]}. Rename or remove one of the two.")
        seen[star.name] = line
    # the nearest neighbour of each star, the star itself being the first
    xy = np.array([[star.x_px, star.y_px] for star in stars])
    distance_px, pairs = spatial.cKDTree(xy).query(xy, 2, distance_upper_bound=min_distance_px)
    # the first pair is reported, at the line of the later star
    close = np.flatnonzero(np.isfinite(distance_px[:, 1]))
    if close.size:
        first, second = sorted(pairs[close[0]])
        raise UserError(
            f"{where[second]}: '{stars[second].name}' lies within {min_distance_px:g} px of "
            f"'{stars[first].name}' in {lines[first]}: the same star. Keep one of the two."
        )
