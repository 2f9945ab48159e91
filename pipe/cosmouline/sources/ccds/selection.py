"""The language of setools: masks, statistics, random splits, plots."""

import re
from typing import NamedTuple

from cosmouline.errors import UserError, did_you_mean
from cosmouline.sources.ccds.selection_values import comparison, value

import numpy as np

KINDS = ("MASK", "PLOT", "STAT", "RAND_SPLIT", "NEW_CAT")
HEADING = re.compile(r"\[\s*(\w+)\s*(?::\s*(\w+)\s*)?\]")
OTHER_MASK = re.compile(r"\{\s*(\w+)\s*\}")
STATISTIC = re.compile(r'"([^"]*)"\s*=\s*(.+)')
EXPRESSION = re.compile(r"@([^@]*)@")


class Section(NamedTuple):
    """One section of a selection file."""

    kind: str
    name: str
    lines: list  # (number, text)


class Selected(NamedTuple):
    """What a selection file makes of one catalogue."""

    masks: dict  # ndarray of bool by name
    saved: list  # names of the masks whose objects are written
    splits: dict  # ndarray of bool by name, such as star_split_ratio_80
    statistics: dict  # section: list of (text, value)
    plots: dict  # section: dict of keys and texts
    new: dict  # NEW_CAT section: dict of columns


def parse(lines, path="selection"):
    """Return the `Section` list of the lines of a selection file.

    A ``#`` begins a comment; each section begins with ``[KIND:name]``. Raises UserError.
    """
    sections = []
    for number, line in enumerate(lines, 1):
        line = _without_comment(line).strip()
        if not line:
            continue
        if match := HEADING.fullmatch(line):
            kind = match[1].upper()
            if kind not in KINDS:
                raise UserError(f"{path}, line {number}: [{match[1]}] is no section."
                                f"{did_you_mean(kind, KINDS)}")
            name = match[2] or f"{kind.lower()}_{len(sections) + 1}"
            if (kind, name) in {one[:2] for one in sections}:
                raise UserError(f"{path}, line {number}: a second [{kind}:{name}].")
            sections.append(Section(kind, name, []))
        elif not sections:
            raise UserError(f"{path}, line {number}: '{line}' stands before any [section].")
        else:
            sections[-1].lines.append((number, line))
    if not sections:
        raise UserError(f"{path} has no section such as [MASK:star_selection].")
    return sections


def _without_comment(line):
    """Return a line up to the first # that is not between quotes."""
    return re.match(r'(?:[^#"]|"[^"]*"?)*', line)[0]


def select(sections, columns, seed, path="selection"):
    """Apply the sections in their order to a catalogue.

    Parameters
    ----------
    sections : list of Section
    columns : dict of ndarray, shape (n,)
    seed : int or sequence of int
        Of the random splits.

    Returns
    -------
    Selected

    Notes
    -----
    Lines of a MASK are joined by "and"; ``{other}`` joins another mask; ``NO_SAVE`` writes no
    catalogue. RATIO of a RAND_SPLIT is in percent from 1 on, else a fraction: the part of the
    second file, ``<name>_ratio_<RATIO>``; each split is drawn afresh.
    """
    found = Selected({}, [], {}, {}, {}, {})
    n = len(next(iter(columns.values())))
    for kind, name, lines in sections:
        if kind == "MASK":
            mask, is_saved = np.ones(n, dtype=bool), True
            for number, line in lines:
                where = f"{path}, line {number}: "
                if line.upper() == "NO_SAVE":
                    is_saved = False
                elif match := OTHER_MASK.fullmatch(line):
                    if match[1] not in found.masks:
                        raise UserError(f"{where}there is no mask '{match[1]}' before it.")
                    mask &= found.masks[match[1]]
                else:
                    mask &= comparison(line, columns, found.masks, where)
            found.masks[name] = mask
            if is_saved:
                found.saved.append(name)
        elif kind == "STAT":
            found.statistics[name] = []
            for number, line in lines:
                if (match := STATISTIC.fullmatch(line)) is None:
                    raise UserError(f'{path}, line {number}: give "text" = expression.')
                found.statistics[name].append((match[1], _number(
                    match[2], columns, found.masks, f"{path}, line {number}: ")))
        elif kind == "RAND_SPLIT":
            keys = _keys(lines, path)
            if not keys.keys() >= {"RATIO", "MASK"} or keys["MASK"] not in found.masks:
                raise UserError(f"{path}: [RAND_SPLIT:{name}] needs RATIO and a MASK above it.")
            ratio = _number(keys["RATIO"], columns, found.masks, f"{path}: ")
            percent = ratio if ratio >= 1 else 100 * ratio
            chosen = np.flatnonzero(found.masks[keys["MASK"]])
            rng = np.random.default_rng(seed)
            second = np.zeros(n, dtype=bool)
            second[rng.permutation(chosen)[:round(len(chosen) * percent / 100)]] = True
            first = found.masks[keys["MASK"]] & ~second
            found.splits[f"{name}_ratio_{100 - percent:g}"] = first
            found.splits[f"{name}_ratio_{percent:g}"] = second
        elif kind == "PLOT":
            found.plots[name] = _keys(lines, path)
        else:
            found.new[name] = {key: np.atleast_1d(value(text, columns, found.masks, f"{path}: "))
                               for key, text in _keys(lines, path).items() if key != "OUTPUT"}
    return found


def _keys(lines, path):
    """Return KEY = value lines as a dict, without the quotes around a value."""
    found = {}
    for number, line in lines:
        key, equal, text = line.partition("=")
        if not equal:
            raise UserError(f"{path}, line {number}: '{line}' is not KEY = value.")
        found[key.strip()] = text.strip().strip('"')
    return found


def _number(text, columns, masks, where):
    """Value of an expression that must be one number."""
    result = value(text, columns, masks, where)
    if np.ndim(result):
        raise UserError(f"{where}'{text}' gives {len(result)} values, not one.")
    return float(result)


def label(text, columns, masks):
    """Return a label in which each ``@expression@`` is its value, four digits long."""
    return EXPRESSION.sub(lambda match: f"{_number(match[1], columns, masks, 'label: '):.4g}",
                          text)
