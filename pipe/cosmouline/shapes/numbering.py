"""Numbers in the names of files, as ShapePipe numbers its images."""

import re
from typing import NamedTuple

RAW = "RE:"  # before a numbering scheme that is a regular expression
DEFAULT_SCHEME = r"RE:\_\d+"


class Numbered(NamedTuple):
    """The numbers that all patterns have, and those that some lack."""

    files: dict  # number: tuple of file names, one for each pattern
    missing: dict  # number: tuple of the patterns that lack it


def expression_of(scheme):
    """Return the regular expression of a numbering scheme.

    ``-0000000-0``: k letters or digits in a row, k > 1, stand for k digits, a single one for one
    or more; anything else for itself. Behind ``RE:`` stands a regular expression. Raises
    ValueError for one that cannot be compiled.
    """
    if scheme.startswith(RAW):
        text = scheme.removeprefix(RAW)
    else:
        text = re.sub(r"[^\W_]+|[\W_]", lambda found: (
            re.escape(found[0]) if not found[0].isalnum() else
            r"\d+" if len(found[0]) == 1 else rf"\d{{{len(found[0])}}}"), scheme)
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"numbering scheme '{scheme}': {error}") from error
    return text


def numbered(names, patterns, scheme, wanted=None):
    """Find the numbers for which there is one file of each pattern.

    Parameters
    ----------
    names : iterable of str
        Of files.
    patterns : sequence of str
        Words with which the names of the files of each kind begin.
    scheme : str
        See `expression_of`; the first place in a name, behind the pattern, where it fits.
    wanted : collection of str, optional
        The numbers that are asked for; None: all.

    Returns
    -------
    Numbered
        Numbers in their order. A number of several files of one kind has the first of them.
    """
    expression, found = re.compile(expression_of(scheme)), {}
    for name in sorted(names):
        # a file belongs to the longest pattern that fits: flag and flag_star
        fitting = [word for word in patterns if name.startswith(word)]
        if fitting and (match := expression.search(name, len(max(fitting, key=len)))):
            found.setdefault(match[0], {}).setdefault(max(fitting, key=len), name)
    numbers = sorted(found.keys() if wanted is None else set(wanted))
    lacking = {number: tuple(word for word in patterns if word not in found.get(number, {}))
               for number in numbers}
    return Numbered({number: tuple(found[number][word] for word in patterns)
                     for number in numbers if not lacking[number]},
                    {number: words for number, words in lacking.items() if words})
