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
        Gives what a row is sorted by; rows of which it gives None come last.
    what : str
        What the rows are, behind the name of the set and their number.
    per : str
        The field that tells the sets apart.
    """
    groups = {}
    for image in images:
        groups.setdefault(image.get(per, ABSENT), []).append(image)
    return [Part(f"{name}: {len(rows)} {what}", sorted(rows, key=lambda row: _last_if_none(
        key(row))), columns) for name, rows in sorted(groups.items())]


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
    texts = [part if isinstance(part, str) else part.head if not part.rows else
             f"{part.head}\n\n{table(part.rows, part.columns, formats)}" for part in parts]
    write_report(path, title, "\n\n".join(text.rstrip("\n") for text in texts))


def _last_if_none(value):
    return value is None, 0 if value is None else value


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
    laid_out = [_column(rows, name, formats.get(name, "")) for name in columns]
    lines = [" | ".join(cells).rstrip() for cells in zip(*laid_out, strict=True)]
    width = sum(len(cells[0]) for cells in laid_out) + 3 * (len(laid_out) - 1)
    return "".join(f"{line}\n" for line in [lines[0], "-" * width, *lines[1:]])


def write_report(path, title, text):
    """Write a report: title, a line under it, a blank line, the text.

    Parameters
    ----------
    path : str or Path
        The file to make, whole or not at all; left as it is where it says the same already.
    title, text : str
        What stands on top, and below.
    """
    whole = f"{title}\n{'=' * len(title)}\n\n{text.rstrip()}\n"
    if not (Path(path).is_file() and Path(path).read_bytes() == whole.encode()):
        write_text(path, whole)


def _column(rows, name, spec):
    """Return the head and the cells of a column, padded to one width."""
    values = [row.get(name) for row in rows]
    cells = [name, *(_cell(value, spec) for value in values)]
    width = max(len(cell) for cell in cells)
    present = [value for value in values if value is not None]
    side = ">" if present and all(_is_number(value) for value in present) else "<"
    return [f"{cell:{side}{width}}" for cell in cells]


def _cell(value, spec):
    """Write one value as text of one line."""
    if value is None or value != value:
        return ABSENT
    return format(value, spec) if _is_number(value) else " ".join(str(value).split())


def _is_number(value):
    """Tell numbers from text and booleans."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool)
