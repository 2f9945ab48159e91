"""The values of a settings.py: whether they fit, what is wanted in words, and names set twice."""

import ast
import re
import types
import typing

LARGEST_INT = 2**53  # above, floats skip whole numbers
WORDS = {  # what is wanted, and an example
    int: ("a whole number", "3"), float: ("a number", "1.5"), bool: ("True or False", ""),
    str: ("a text in quotes", '"name"'), dict: ("pairs in braces", '{"A": (1.2, 0.4)}'),
    list: ("a list", '["a", "b"]'), tuple: ("numbers in brackets", "(1.0, 2.0)"),
    types.NoneType: ("None", "")}
DEGREES = {"lens_ra_deg": 15, "lens_dec_deg": 1}  # degrees per unit of the sexagesimal form
_SEXAGESIMAL = re.compile(
    r"([+-]?)(\d{1,3})[:hd° ]\s*([0-5]?\d)[:m'′ ]\s*([0-5]?\d(?:\.\d*)?)[s\"″]?")


def fits(value, kind):
    """Return whether a value fits an annotation: plain types, unions, list[...], tuple[...]."""
    origin, inside = typing.get_origin(kind), typing.get_args(kind)
    if origin is types.UnionType:
        return any(fits(value, one) for one in inside)
    if origin is list:
        return isinstance(value, list | tuple) and all(fits(v, inside[0]) for v in value)
    if origin is tuple:
        return (isinstance(value, list | tuple) and len(value) == len(inside)
                and all(map(fits, value, inside)))
    if isinstance(value, bool):
        return kind is bool
    if kind in (int, float) and isinstance(value, int):
        return abs(value) < LARGEST_INT
    return isinstance(value, kind)


def wanted(kind, default=None):
    """Return in words what fits an annotation, with the default or another value as example."""
    kinds = typing.get_args(kind) if typing.get_origin(kind) is types.UnionType else (kind,)
    found = []
    for one in kinds:
        words, example = WORDS[typing.get_origin(one) or one]
        inside = typing.get_args(one)
        if inside and typing.get_origin(one) is tuple:
            words, n = f"{len(inside)} numbers in brackets", len(inside)
            example = f"({', '.join(str(k + 1.0) for k in range(n))})"
        elif inside:
            words = f"a list, each of it {WORDS[typing.get_origin(inside[0]) or inside[0]][0]}"
        found.append((words, example))
    example = repr(default) if default and fits(default, kind) else found[0][1]
    text = " or ".join(words for words, _ in found)
    return f"{text}, for instance {example}" if example and kind is not bool else text


def degrees(name, value):
    """Return RA or Dec of the lens in degrees, also from a text such as "04:38:14.9".

    A text with colons, blanks or letters is sexagesimal: hours of RA, degrees of Dec. Raises
    ValueError for any other text; it names an example.
    """
    if not isinstance(value, str):
        return value
    match = _SEXAGESIMAL.fullmatch(value.strip())
    if match is None or (name == "lens_ra_deg" and match[1] == "-"):
        form, number = (("04:38:14.9", 69.562) if name == "lens_ra_deg"
                        else ("-12:17:14.4", -12.287))
        raise ValueError(f'but it must be degrees, for instance {number}; "{form}" is {number}')
    sign = -1 if match[1] == "-" else 1
    parts = [float(part) / 60**power for power, part in enumerate(match.groups()[1:])]
    return sign * DEGREES[name] * sum(parts)


def set_twice(text, known):
    """Yield (name, first line, last line) of settings that a text sets twice, not from themselves.

    Only plain assignments that do not stand under a condition count.
    """
    lines = {}
    for node in ast.parse(text).body:
        if not isinstance(node, ast.Assign | ast.AnnAssign):
            continue
        used = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)
                and isinstance(one.ctx, ast.Load)}
        for target in node.targets if isinstance(node, ast.Assign) else (node.target,):
            for one in ast.walk(target):
                if isinstance(one, ast.Name) and one.id in set(known) - used:
                    lines.setdefault(one.id, []).append(node.lineno)
    for name, found in lines.items():
        if len(found) > 1:
            yield name, found[0], found[-1]
