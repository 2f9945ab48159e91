"""Light curves as ``.rdb`` tables, which PyCS3 reads."""

import numbers

from cosmouline.errors import UserError
from cosmouline.files.io_text import read_lines, write_text

import numpy as np

TEXT_COLUMNS = ("datetime", "telescope", "setname")  # text even where every set is a number
OUR_TIME_MJD = (-60_000, 100_000)  # plates of 1694 to the year 2132
FAINTEST_MAG = 50  # 99 stands for no value in many tables
_BOOL = {"True": True, "False": False}


def write_rdb(path, columns, comment=""):
    """Write columns of equal length as an rdb table.

    Parameters
    ----------
    path : str or Path
    columns : dict of array_like
        Values by column name: numbers, booleans or text. NaN is written as ``nan``, a number
        with the fewest digits that give back the same number.
    comment : str, optional
        One line behind the header, after ``#``: readers skip it as PyCS3 does.

    Raises
    ------
    UserError
        If a name or a text is empty or holds white space.
    ValueError
        If the columns differ in length, or a value is neither number, boolean nor text.

    Notes
    -----
    Tab-separated; names, a line of ``=`` as long as the names, then the values: what
    ``pycs3.gen.lc_func.rdbimport`` asks for. It splits at any white space (hence the rule about
    text) and takes masks and properties in the order of the file (so sort by date).
    """
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"columns must have one length, not {lengths}")
    cells = [[_word(_cell(value), f"{path}, column '{name}'") for value in values]
             for name, values in columns.items()]
    names = [_word(name, f"{path}, name of a column") for name in columns]
    rows = [names, ["=" * len(name) for name in names],
            *([[f"# {' '.join(comment.split())}"]] if comment else []), *zip(*cells, strict=True)]
    write_text(path, "".join("\t".join(row) + "\n" for row in rows))


def read_rdb(path):
    """Read an rdb table, with any line ends; blank lines and comments (``#``) are skipped.

    Returns
    -------
    dict of ndarray
        Values by column name: bool where all are True or False, else int, else float (``nan``
        included), else text; those of TEXT_COLUMNS always text. Columns of a table without rows
        are of float.

    Raises
    ------
    UserError
        If there is no header, a name appears twice, or a line has too few or too many columns.
    """
    # The header: a line of names, and a row of = (or -) under each of them.
    lines = [(i, line.split()) for i, line in enumerate(read_lines(path), 1) if line.strip()]
    lines = [*lines[:2], *(one for one in lines[2:] if not one[1][0].startswith("#"))]
    if len(lines) < 2 or any(set(word) - set("=-") for word in lines[1][1]):
        raise UserError(f"{path} is not an rdb table. Its first line must hold the names of the "
                        "columns, its second one a row of = under each name.")
    names = lines[0][1]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UserError(f"{path} has the column '{twice[0]}' twice. Rename one of them.")
    for number, words in lines[2:]:
        if len(words) != len(names):
            raise UserError(f"{path}, line {number} has {len(words)} columns, the header has "
                            f"{len(names)}. Correct or remove the line.")
    columns = list(zip(*[words for _, words in lines[2:]], strict=True)) or [()] * len(names)
    return {name: np.array(words) if words and name in TEXT_COLUMNS else _typed(words)
            for name, words in zip(names, columns, strict=True)}


def odd_points(columns):
    """Return what is suspicious in a light curve of unknown origin, as texts; none in one of ours.

    The columns are those of `read_rdb`; magnitudes are called ``mag_...``, errors ``magerr_...``.
    """
    # Dates: of our time, each once, in order.
    notes = []
    date = columns.get("mhjd", np.zeros(0))
    if date.dtype.kind in "if":
        strange = date[(date < OUR_TIME_MJD[0]) | (date > OUR_TIME_MJD[1])]
        notes += [f"mhjd is no modified Julian date of our time in {strange.size} points, such as "
                  f"{strange[0]:.10g}: another zero point?"] if strange.size else []
        twice = date.size - np.unique(date).size
        notes += [f"{twice} dates occur twice"] if twice else []
        notes += ["the dates are not sorted"] if (np.diff(date) < 0).any() else []
    # Magnitudes and errors: numbers that a measurement can give.
    for name, values in columns.items():
        if name != "mhjd" and not name.startswith("mag"):
            continue
        if values.dtype.kind not in "if":
            notes += [f"{name} holds text"] if values.size else []
            continue
        faint = np.abs(values) > FAINTEST_MAG if name.startswith("mag") else np.zeros(0)
        # a part of an error, that of the scatter of the stars, is mostly 0
        is_error = name.startswith("magerr") and not name.endswith("_calib")
        low = values <= 0 if is_error else np.zeros(0)
        is_scatter = name.startswith("magerr") and name.endswith("_4")  # not known of few images
        notes += [f"{name} {problem.format(int(is_so.sum()))}" for problem, is_so in (
            ("is nan in {} points", ~np.isfinite(values) & (not is_scatter)),
            (f"is beyond {FAINTEST_MAG} in {{}} points: no measurement?", faint),
            ("is an error of 0 or less in {} points: an infinite weight", low)) if is_so.any()]
    return notes


def _cell(value):
    """Write a value as text that does not depend on the locale."""
    # bool first: Python counts True and False among the integers.
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, numbers.Integral):
        return str(int(value))
    if isinstance(value, numbers.Real):
        return repr(float(value))
    if isinstance(value, str):
        return str(value)
    raise ValueError(f"a value must be a number, a boolean or text, not {value!r}")


def _word(text, place):
    """Return a text; raise UserError unless it is one word."""
    if text.split() != [text]:
        raise UserError(f"{place}: {text!r} is empty or holds white space, which separates the "
                        "columns of an rdb table. Rename it.")
    return text


def _typed(words):
    """Turn the words of a column into the narrowest type that holds them all."""
    if words and set(words) <= set(_BOOL):
        return np.array([_BOOL[word] for word in words])
    for kind in (int, float):
        try:
            return np.array([kind(word) for word in words], dtype=kind)
        except ValueError:
            continue
    return np.array(words)
