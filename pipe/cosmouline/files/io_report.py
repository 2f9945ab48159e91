"""Reports: tables of text that line up, as COSMOULINE writes them."""

import numbers
from pathlib import Path
from typing import NamedTuple

from cosmouline.files.io_text import write_text

ABSENT = "-"
FORMATS = {  # of the fields that reports show: as many digits as they are good to
    "airmass": ".2f", "alt_deg": ".1f", "az_deg": ".1f", "ellipticity": ".3f",
    "exptime_s": ".1f", "field_fwhm_arcsec": ".2f", "fringe_rms_e": ".1f", "fringe_scale": ".2f",
    "fwhm_arcsec": ".2f", "fwhm_px": ".2f", "medcoeff": ".4f", "mhjd": ".5f", "mjd": ".5f",
    "moon_alt_deg": ".0f", "moon_dist_deg": ".0f", "moon_percent": ".0f", "pa_deg": ".0f",
    "sky_level_e": ".0f", "sky_noise_e": ".1f", "sky_range_e": ".0f", "sky_sigma_e": ".1f",
    "sun_alt_deg": ".0f", "sun_dist_deg": ".0f",
    "align_rms_px": ".3f", "align_angle_deg": ".3f", "align_scale": ".5f",
}


class Part(NamedTuple):
    """One part of a report: a line above a table of rows."""

    head: str
    rows: list
    columns: tuple


def by_set(images, columns, key, what="images", per="set_name"):
    """Return one `Part` for each set, its rows in the order of a key.

    Parameters
    ----------
    images : list of dict
    columns : tuple of str
    key : callable
        Gives the value by which rows are sorted; rows for which it is None come last.
    what : str
        What the rows are, after the name of the set and their number.
    per : str
        The field that names the set.
    """
    # rows of one set, in their order
    groups = {}
    for image in images:
        groups.setdefault(image.get(per, ABSENT), []).append(image)
    parts = []
    for name, rows in sorted(groups.items()):
        # sorting keeps the order of equals, and of those without a value
        ordered = sorted((row for row in rows if key(row) is not None), key=key)
        ordered += [row for row in rows if key(row) is None]
        parts.append(Part(f"{name}: {len(rows)} {what}", ordered, columns))
    return parts


def write_parts(path, title, parts, formats=None):
    """Write a report of several tables.

    Parameters
    ----------
    path : str or Path
    title : str
    parts : iterable of Part or str
        A text stands for itself. A part without rows is its line alone.
    formats : dict of str, optional
        As those of `table`.
    """
    # a blank line between two parts
    texts = [part if isinstance(part, str) else part.head if not part.rows else
             f"{part.head}\n\n{table(part.rows, part.columns, formats)}" for part in parts]
    write_report(path, title, "\n\n".join(text.rstrip("\n") for text in texts))


def table(rows, columns, formats=None):
    """Lay out rows as a text table with `` | `` between columns and a dashed line.

    Parameters
    ----------
    rows : iterable of dict
        One per line. A value that is absent, None or NaN is shown as ``-``.
    columns : iterable of str
        The entries to show, in this order; their names are the heads of the columns.
    formats : dict of str, optional
        Format specification by column, such as ``.2f``, in place of those of `FORMATS`. Text
        ignores it.

    Returns
    -------
    str
        Head, dashed line and one line per row, each with its line end. Columns of numbers are
        set to the right, all others to the left.
    """
    rows, formats = list(rows), FORMATS | (formats or {})
    laid_out = []
    for name in columns:
        # each value as text of one line
        values = [row.get(name) for row in rows]
        cells = [name]
        for value in values:
            if value is None or value != value:
                cells.append(ABSENT)
            elif _is_number(value):
                cells.append(format(value, formats.get(name, "")))
            else:
                cells.append(" ".join(str(value).split()))
        # padded to one width: columns of numbers from the left, all others from the right
        width = max(map(len, cells))
        present = [value for value in values if value is not None]
        sign = ">" if present and all(map(_is_number, present)) else "<"
        laid_out.append([f"{cell:{sign}{width}}" for cell in cells])
    # a line per row, the heads of the columns first
    lines = [" | ".join(cells).rstrip() for cells in zip(*laid_out, strict=True)]
    width = sum(len(cells[0]) for cells in laid_out) + 3 * (len(laid_out) - 1)
    return "".join(f"{line}\n" for line in [lines[0], "-" * width, *lines[1:]])


def write_report(path, title, text):
    """Write a report: title, a line under it, a blank line, the text.

    The file is left as it is where it holds the same already.
    """
    content = f"{title}\n{'=' * len(title)}\n\n{text.rstrip()}\n"
    if not (Path(path).is_file() and Path(path).read_bytes() == content.encode()):
        write_text(path, content)


def _is_number(value):
    """Whether a value is a number; booleans are none."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool)
