"""Fields of many rows as arrays."""

import functools
import logging

from cosmouline.database.fields import matches

import numpy as np

log = logging.getLogger("cosmouline")


def column(rows, name):
    """Return a number field of all rows as floats, shape (n,); NaN where a row lacks it."""
    return np.array([row.get(name, np.nan) for row in rows], float)


def texts(rows, name, absent=""):
    """Return a text field of all rows as a list."""
    return [row.get(name, absent) for row in rows]


def members(rows, pattern):
    """Return the names that fill the one placeholder of a family, in order of first sight.

    ``members(rows, "flux_e__lens__{source}")`` gives the sources of that deconvolution.
    """
    found = {}
    for row in rows:
        found |= dict.fromkeys(_members(tuple(row), pattern))
    return list(found)


@functools.lru_cache(maxsize=1000)
def _members(names, pattern):
    """Return what the fields of a row give for the placeholder: the rows of a lens are alike."""
    prefix = pattern.split("{")[0]
    return [name.removeprefix(prefix) for name in names
            if name.startswith(prefix) and matches(pattern, name)]


def family(rows, pattern, names):
    """Return the fields of a family, shape (n rows, n names); NaN where a row lacks one."""
    prefix = pattern.split("{")[0]
    found = [column(rows, prefix + name) for name in names]
    return np.reshape(found, (len(names), len(rows))).T.copy()


def covariance(rows, pattern, names):
    """Return the covariances of a family with two placeholders, (n rows, n names, n names).

    Each pair is stored once, in either order; the diagonal under the name twice.
    """
    prefix = pattern.split("{")[0]
    # A pair is looked for under both orders of its names
    filled = np.full((len(rows), len(names), len(names)), np.nan)
    for i, one in enumerate(names):
        for j, other in enumerate(names):
            values = column(rows, f"{prefix}{one}__{other}")
            found = np.isfinite(values)
            filled[found, i, j] = filled[found, j, i] = values[found]
    return filled


def time_of(rows):
    """Return mhjd of all rows; where one has none, mjd of all, with a warning."""
    mhjd = column(rows, "mhjd")
    if np.isfinite(mhjd).all():
        return mhjd
    log.warning("times are mjd, not heliocentric: %d of %d images have no mhjd. Set lens_ra_deg "
                "and lens_dec_deg and run 1_character/2a_astrocalc.py.",
                np.isnan(mhjd).sum(), len(rows))
    return column(rows, "mjd")
