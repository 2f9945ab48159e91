"""Numbers as they were when they were right: a change of any of them is noticed.

Whether numbers are right is the matter of tests against truth and theory. These here hold them
once they are: a test gives what some functions return for one rich input, and a table of its name
in tests/recorded/ tells what they returned before. Where a change is wanted, say in CHANGELOG.md
why, and write the tables anew:

    WRITE_RECORDED=1 python -m pytest -n 0 <the tests>

Of each array a table has the number of its finite values, their mean size, and their mean under
weights that are all different, so that neither a sign nor an order is lost. Numbers may differ by
a ten-thousandth of their mean size from one processor to another, more where a test says so.
"""

import dataclasses
import os
import re
from pathlib import Path

from cosmouline.files.io_table import read_ecsv_columns

import numpy as np
from astropy.io import fits

TABLES = Path(__file__).with_name("recorded")
RELATIVE = 1e-4  # of the mean size
FAR = r"(ra|dec)_deg|mjd|mhjd|_WORLD|\b(RA|DEC)\b"  # they are compared less a round number too
OF_TEXT = 1e-6  # of a number in a text, beside one of its last digit
NUMBER = r"[-+]?(?<![\w.])\d+(?:\.\d+)?(?:e[-+]?\d+)?(?![\w.])"  # alone, in a report
# fields that hold paths, dates of a run, or hashes of those
NOT_COMPARED = ("raw_path", "raw_state", "raw_hash", "updating", "ran__", "made__", "dec_epochs",
                "dec_start", "dec_fit", "pixel_hash", "dec_change_sigma")  # the last: of rounding
GOLDEN = 0.6180339887498949  # its multiples, cut at 1, are never near to a repetition


def summary(values):
    """Number of finite values, their mean size, and their mean under unequal weights."""
    values = np.asarray(values, dtype=float).ravel()
    weight = 0.5 + (np.arange(1, values.size + 1) * GOLDEN) % 1
    known = np.isfinite(values)
    if not known.any():
        return 0, 0.0, 0.0
    return (int(known.sum()), float(np.abs(values[known]).mean()),
            float((weight[known] * values[known]).sum() / weight[known].sum()))


def lines_of(name, value):
    """Yield the lines of a table for a value: numbers, texts, or parts that have names."""
    if dataclasses.is_dataclass(value):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    elif hasattr(value, "_asdict"):
        value = value._asdict()
    if value is None:
        yield name, "none"
    elif isinstance(value, dict):
        for part, one in value.items():
            yield from lines_of(f"{name}.{part}" if name else str(part), one)
    elif isinstance(value, list | tuple) and any(
            isinstance(one, dict | list | tuple | np.ndarray) or dataclasses.is_dataclass(one)
            for one in value):
        for k, one in enumerate(value):
            yield from lines_of(f"{name}.{k}", one)
    elif isinstance(value, str) or np.asarray(value).dtype.kind in "US" or (
            np.asarray(value).dtype.kind == "O" and any(isinstance(one, str) for one in value)):
        yield name, " | ".join(map(str, np.ravel(value))).replace("\n", " ")
    elif np.asarray(value).dtype.names:
        for part in np.asarray(value).dtype.names:
            yield from lines_of(f"{name}.{part}", value[part])
    elif np.asarray(value).dtype.kind == "c":
        yield from lines_of(name, np.stack([np.real(value), np.imag(value)]))
    else:
        values = [np.nan if one is None else one for one in np.ravel(np.asarray(value, object))
                  ] if np.asarray(value).dtype.kind == "O" else value
        n, size, mean = summary(values)
        yield name, f"{n} {size:.7g} {mean:.7g}"
        if n and re.search(FAR, name):  # large numbers whose small differences matter
            known = np.asarray(values, dtype=float)
            known = known[np.isfinite(known)]
            base = float(f"{known[0]:.3g}")
            n, size, mean = summary(known - base)
            yield f"{name} beyond {base:g}", f"{n} {size:.7g} {mean:.7g}"


def compare(name, values, looser=()):
    """Compare values with the table of a name; `looser` are pairs (part of a line, relative)."""
    path = TABLES / f"{name}.txt"
    found = dict(lines_of("", values))
    if os.environ.get("WRITE_RECORDED"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{key}: {line}\n" for key, line in found.items()),
                        encoding="utf-8")
    table = dict(line.split(": ", 1) if ": " in line else (line.rstrip(":"), "")
                 for line in path.read_text(encoding="utf-8").splitlines())
    moved = [f"{key}: {line} (it was {table[key]})" for key, line in found.items()
             if key in table and differs(line, table[key], max(
                 [RELATIVE, *(more for part, more in looser if part in key)]))]
    assert moved == [], "\n".join(["say why in CHANGELOG.md, or mend it:", *moved])
    assert list(table) == list(found)


def differs(line, before, within):
    """Whether a line is not what it was."""
    if line == before:
        return False
    try:
        found, old = ([float(word) for word in one.split()] for one in (line, before))
    except ValueError:
        return words_differ(line, before, within if within > RELATIVE else OF_TEXT)
    if (len(found), len(old)) != (3, 3) or found[0] != old[0]:
        return True
    return max(abs(found[1] - old[1]), abs(found[2] - old[2])) > within * old[1]


def words_differ(line, before, within):
    """Whether two texts differ by more than the last digits of the numbers in them."""
    if re.sub(NUMBER, "#", line) != re.sub(NUMBER, "#", before):
        return True
    for new, old in zip(re.findall(NUMBER, line), re.findall(NUMBER, before), strict=True):
        digits, _, power = old.lower().partition("e")
        last = 10.0 ** (int(power or 0) - len(digits.partition(".")[2])) if "." in digits else 0.0
        if abs(float(new) - float(old)) > within * abs(float(old)) + 1.01 * last:
            return True
    return False


def fields_of(rows, left_out=()):
    """Return the fields of rows of a database, each with its values in the order of the names."""
    rows = [row for _, row in sorted(rows.items())]
    names = sorted({name for row in rows for name in row
                    if not name.startswith((*NOT_COMPARED, *left_out))})
    return {name: [str(row.get(name)) for row in rows] if any(
        isinstance(row.get(name), str) for row in rows) else np.concatenate(
        [np.ravel(np.nan if row.get(name) is None else row[name]) for row in rows])
        for name in names}


def arrays(path):
    """Yield names and values of the arrays of numbers of one file."""
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as file:
            yield from ((name, file[name]) for name in file.files)
        return
    if path.suffix == ".ecsv":
        yield from ((name, values) for name, values in read_ecsv_columns(path).items()
                    if values.dtype.kind in "fiub")
        return
    with fits.open(path) as file:
        for k, part in enumerate(file):
            if part.data is not None and part.data.dtype.names:
                for name in part.data.dtype.names:
                    yield f"{part.name or k} {name}", part.data[name]
            elif part.data is not None:
                yield part.name or str(k), part.data


def products_of(folder, names):
    """Return the arrays of all products, those of the images or objects of some names together.

    A kind of files is their folder and what follows the name of the image; each array is named
    with the kind of its numbers.
    """
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".fits", ".npz", ".ecsv"):
            kind = path.name
            for name in names:
                kind = kind.replace(name, "")
            for name, values in arrays(path):
                if values.dtype.kind in "fiub":
                    key = (f"{path.relative_to(folder).parent}/{kind} {name} "
                           f"{values.dtype.newbyteorder('=').name}")
                    key = re.sub("[0-9a-f]{12}", "#", key)  # hashes follow the last bits
                    found.setdefault(key, []).append(np.asarray(values, dtype=float).ravel())
    return {name: np.concatenate(some) for name, some in found.items()}


def reports_of(folder, pattern="report_*.txt"):
    """Return the lines of reports."""
    return {path.name: {str(k): " ".join(line.split()) for k, line in enumerate(
        path.read_text(encoding="utf-8").splitlines()) if line.strip("-=+| ")}
        for path in sorted(folder.rglob(pattern))}
