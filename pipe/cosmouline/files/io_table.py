"""The image database as a table for other programs: ECSV (TOPCAT, astropy) and pickle."""

import csv
import io
import json
import logging
import pickle
from pathlib import Path

from cosmouline import library
from cosmouline.errors import UserError
from cosmouline.files import origin
from cosmouline.files.atomic import atomic_path
from cosmouline.files.io_text import write_text

import numpy as np

astropy_table = library("astropy.table")
units = library("astropy.units")

log = logging.getLogger("cosmouline")

PICKLE_PROTOCOL = 4  # read by every Python since 3.4
UNITS = {  # ours: the same for astropy and the Virtual Observatory
    "e-": "electron",
    "e-2": "electron2",
    "1/e-": "electron-1",
    "e-/ADU": "electron / adu",
    "ADU": "adu",
    "px": "pix",
    "1": "",
}
_TEXT = {float: lambda v: repr(float(v)), int: lambda v: str(int(v)),
         bool: lambda v: str(bool(v)), str: str}  # by type; no locale enters

_ECSV = {float: "float64", int: "int64", bool: "bool", str: "string"}


def _json(value):
    return json.dumps(value, ensure_ascii=False)


def write_ecsv(path, rows, fields):
    """Write rows as an ECSV table with units, descriptions and masked values.

    Parameters
    ----------
    path : str or Path
    rows : iterable of dict
        One per line. A value that is absent or None is masked; entries that are not in
        `fields` are left out.
    fields : dict of tuple
        ``(type, unit, meaning)`` by column name, in the order of the columns. The type is
        float, int, bool or str; the unit is one of `UNITS` or of astropy's, or empty.

    Raises
    ------
    ValueError
        If a type is none of the four, or a value cannot be turned into its type.

    Notes
    -----
    The values are written here because astropy formats them one by one in the Python way: 30 s
    of CPU for 10000 rows of 200 columns, against 4 s here. So is the header, whose lines of YAML
    are of its part that JSON shares: 80 ms for 200 columns by astropy, 5 ms here.
    """
    unknown = {kind for kind, _, _ in fields.values()} - set(_TEXT)
    if unknown:
        raise ValueError(f"types of fields must be float, int, bool or str, not {unknown}")
    rows = list(rows)
    text = io.StringIO(newline="")
    head = ["%ECSV 1.0", "---", "delimiter: ','", "datatype:"]
    for name, (kind, unit, meaning) in fields.items():
        unit = units.Unit(UNITS.get(unit, unit), parse_strict="silent").to_string() if unit else ""
        known = {"name": name, "unit": unit, "datatype": _ECSV[kind], "description": meaning}
        head.append(f"- {_json({word: value for word, value in known.items() if value})}")
    head += [f"meta: {_json(origin.values())}"] if origin.values() else []
    head.append("schema: astropy-2.0")
    text.writelines(f"# {line}\n" for line in head)
    csv.writer(text, lineterminator="\n").writerow(fields)
    # the values; absent ones are empty
    columns = [["" if (value := row.get(name)) is None else _TEXT[kind](value) for row in rows]
               for name, (kind, _, _) in fields.items()]
    csv.writer(text, lineterminator="\n").writerows(zip(*columns, strict=True))
    write_text(path, text.getvalue())
    warn_of_formulas(path, zip(*columns, strict=True))


def warn_of_formulas(path, rows):
    """Warn of texts of a table that a spreadsheet would take for formulas."""
    n = sum(isinstance(value, str) and value.startswith("=") for row in rows for value in row)
    if n:
        log.warning("%s: %d texts begin with '=': TOPCAT and astropy read them as texts, a "
                    "spreadsheet as formulas", Path(path).name, n)


def read_ecsv(path):
    """Read an ECSV table as rows.

    Returns
    -------
    list of dict
        One per line; masked values, and with them empty texts, are absent.

    Raises
    ------
    UserError
        If the file cannot be read as ECSV.
    """
    table = _read(path)
    columns = [table[name].tolist() for name in table.colnames]
    return [
        {name: v for name, v in zip(table.colnames, values, strict=True) if v is not None}
        for values in zip(*columns, strict=True)
    ]


def read_ecsv_columns(path):
    """Read an ECSV table as columns.

    Returns
    -------
    dict of ndarray
        Values by column name. A masked number is NaN (which makes a column of int or bool one of
        float), a masked text is empty.

    Raises
    ------
    UserError
        If the file cannot be read as ECSV.
    """
    filled = {}
    for name, column in _read(path).items():
        # complete columns keep their type
        if not np.any(getattr(column, "mask", False)):
            filled[name] = np.array(column)
        elif column.dtype.kind == "U":
            filled[name] = np.array(column.filled(""))
        else:
            filled[name] = np.array(column.astype(float).filled(np.nan))
    return filled


def write_plain_pickle(path, rows):
    """Write rows as a pickled list of dicts, COSMOULINE's export format.

    It is for the scripts of others: a pickle can run any code when it is loaded, so COSMOULINE
    itself never reads one.
    """
    with atomic_path(path) as temporary:
        temporary.write_bytes(pickle.dumps([dict(row) for row in rows], PICKLE_PROTOCOL))


def _read(path):
    """Read an ECSV table with astropy; UserError where it cannot."""
    try:
        return astropy_table.Table.read(path, format="ascii.ecsv")
    except (OSError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise UserError(f"{path} cannot be read as an ECSV table: {reason}. Make it again with "
                        "the script that wrote it.") from error
