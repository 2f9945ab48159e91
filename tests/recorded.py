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
from pathlib import Path

import numpy as np

TABLES = Path(__file__).with_name("recorded")
RELATIVE = 1e-4  # of the mean size
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
        return True
    if (len(found), len(old)) != (3, 3) or found[0] != old[0]:
        return True
    return max(abs(found[1] - old[1]), abs(found[2] - old[2])) > within * old[1]
