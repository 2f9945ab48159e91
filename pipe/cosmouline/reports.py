"""Reports: tables of text that line up, as COSMOULINE writes them."""

import numbers

from cosmouline.io_text import write_text

ABSENT = "-"


def table(rows, columns, formats=None):
    """Lay out rows as a text table with `` | `` between columns and a dashed line.

    Parameters
    ----------
    rows : iterable of dict
        One per line. A value that is absent, None or NaN is shown as ``-``.
    columns : iterable of str
        The entries to show, in this order; their names are the heads of the columns.
    formats : dict of str, optional
        Format specification by column, such as ``.2f``. Text ignores it.

    Returns
    -------
    str
        Head, dashed line and one line per row, each with its line end. Columns of numbers are
        set to the right, all others to the left.
    """
    rows, formats = list(rows), formats or {}
    laid_out = [_column(rows, name, formats.get(name, "")) for name in columns]
    lines = [" | ".join(cells).rstrip() for cells in zip(*laid_out, strict=True)]
    width = sum(len(cells[0]) for cells in laid_out) + 3 * (len(laid_out) - 1)
    return "".join(f"{line}\n" for line in [lines[0], "-" * width, *lines[1:]])


def write_report(path, title, text):
    """Write a report: title, a line under it, a blank line, the text.

    Parameters
    ----------
    path : str or Path
        The file to make, whole or not at all.
    title, text : str
        What stands on top, and below.
    """
    write_text(path, f"{title}\n{'=' * len(title)}\n\n{text.rstrip()}\n")


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
