"""Fields of the database: what their names mean and what values they may have.

They are declared in `field_table`. `expand` puts the names chosen in the settings into the pattern
of a family; what is left in braces stands for any name.
"""

import contextlib
import functools
import math
import numbers
import re

from cosmouline.database.field_table import FIELDS, NEVER

# families of which several members live side by side, and the settings that choose one
VARIANTS = {"dec": "dec_name", "renorm": "renorm_name", "psf": "psf_name",
            "combi": "combi_name", "group": "combi_group_name", "photom": "photom_name"}
ANY_PSF = "{dec_psf}"  # in place of {psf}: each PSF of dec_psf_names
_NAME = r"(?:(?!__).)+?"  # a name put into a family: anything but the double underscore


@functools.cache
def _regex(pattern):
    """Compile a field pattern: every placeholder matches one name."""
    parts = re.split(r"\{\w+\}", pattern)
    return re.compile(_NAME.join(re.escape(part) for part in parts) + r"\Z")


@functools.cache
def lookup(name):
    """Return the declaration of a field, by its name or the family that it belongs to.

    Raises ValueError if no field of this name is declared.
    """
    if name in FIELDS:
        return FIELDS[name]
    # The family with the most placeholders that fits: "a__{x}__{y}" rather than "a__{x}"
    families = [f for p, f in FIELDS.items() if "{" in p and _regex(p).match(name)]
    if not families:
        raise ValueError(f"the field '{name}' is not declared in database/field_table.py")
    return max(families, key=lambda field: field.name.count("__"))


@functools.cache
def producer(name):
    """Return the script that writes a field, with the member of the family behind a colon.

    ``"5_psf/4_build_psf:psf1"`` for ``psf_chi2__psf1``; a deconvolution goes before a PSF. So
    what was done for one PSF, renormalisation or deconvolution is kept next to the others.
    """
    members = names_in(name)
    member = next((members[key] for key in VARIANTS if key in members), "")
    return with_variant(lookup(name).producer, member)


def variant(patterns, settings):
    """Return the member of a family that a script works on, by patterns of its fields."""
    return next((getattr(settings, name) for key, name in VARIANTS.items()
                 if any(f"{{{key}}}" in pattern for pattern in patterns)), "")


def with_variant(script, member):
    """Return the name under which a script leaves its record."""
    return f"{script}:{member}" if member else script


def matches(pattern, name):
    """Return whether a field name fits a pattern such as ``flux_e__lens__{source}``."""
    return name == pattern or ("{" in pattern and bool(_regex(pattern).match(name)))


def names_in(name):
    """Return what fills the placeholders of a field, such as ``{"dec": "lens", "source": "A"}``.

    Empty for a field that belongs to no family. Raises like `lookup`.
    """
    keys = re.findall(r"\{(\w+)\}", lookup(name).name)
    return dict(zip(keys, name.split("__")[1:], strict=False))


def expand(patterns, settings):
    """Put the chosen names of PSF, renormalisation, deconvolution and stacks into patterns."""
    found = []
    for pattern in patterns:
        for key, name in VARIANTS.items():
            if f"{{{key}}}" in pattern:
                pattern = pattern.replace(f"{{{key}}}", getattr(settings, name))
        # Of all PSFs that a deconvolution may take
        found += [pattern.replace(ANY_PSF, name) for name in psf_names(settings)
                  ] if ANY_PSF in pattern else [pattern]
    return tuple(found)


def psf_names(settings):
    """Return the names of the PSFs that a deconvolution may take, the one to prefer first."""
    return settings.dec_psf_names or [settings.psf_name]


def held(row, values, is_exact=False):
    """Return new values of fields, the old ones of `row` where they changed within the tolerance.

    A new value of None removes its field. Returns None where a field changed by more; with
    `is_exact`, at all.
    """
    # Each field by itself: the same, free to change, held, or changed
    kept = {}
    for name, value in values.items():
        before, tolerance = row.get(name), lookup(name).tolerance
        if before == value or tolerance == NEVER:
            kept[name] = value
        elif None in (before, value) or is_exact or not tolerance or (
                abs(value - before) > tolerance * abs(before)):
            return None
        else:
            kept[name] = before
    return kept


def convert(name, value):
    """Return `value` as the declared type of a field.

    Raises ValueError if the field is not declared, the value has another type, or it is not
    finite: a measurement that failed is left out, never stored as NaN.
    """
    declared = lookup(name).type
    if type(value) is declared and (declared is not float or math.isfinite(value)):
        return value  # nearly always, and found fast
    # numpy's numbers count as numbers, its booleans as booleans
    fits = {
        str: lambda v: isinstance(v, str),
        bool: lambda v: isinstance(v, bool) or type(v).__name__ in ("bool_", "bool"),
        int: lambda v: isinstance(v, numbers.Integral) and not isinstance(v, bool),
        float: lambda v: isinstance(v, numbers.Real) and not isinstance(v, bool),
    }[declared]
    if not fits(value):
        raise ValueError(f"the field '{name}' is {declared.__name__}, not {value!r}")
    with contextlib.suppress(OverflowError):  # an integer that no float can hold
        if declared is not float or math.isfinite(value):
            return declared(value)
    raise ValueError(f"the field '{name}' cannot be {value}: leave it out instead")
