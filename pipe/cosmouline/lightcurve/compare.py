"""Two light curves of one lens, point by point: offsets and scatter in units of the errors."""

from typing import NamedTuple

from cosmouline.errors import UserError
from cosmouline.robust import MAD_TO_SIGMA, mad_sigma

import numpy as np

NEAR_D = 0.3  # the dates of one night in two reductions differ by less
NO_NAME = "X"  # of the source of a table that has but one, without a name
MAGERR_OURS, MAGERR_THEIRS = "cov", "5"  # the best bar of each: ours, and COSMOULINE's own


class Difference(NamedTuple):
    """First minus second of one source, over the points of both, in magnitudes.

    `values` are the differences (n,), their offset left in, `sigma` the errors of both in
    quadrature. `offset` is their median, `offset_sigma` its error from the scatter; `rms` the
    standard deviation about the mean, `robust` 1.4826 times the median distance from the median.
    `pull` is the robust scatter of (difference - offset) / error.
    """

    values: np.ndarray
    sigma: np.ndarray
    offset: float
    offset_sigma: float
    rms: float
    robust: float
    pull: float


def match(first, second, near_d=NEAR_D):
    """Return the points that two curves share: pairs (i, j), each the nearest of the other.

    The dates, (n,) and (m,), are finite; those of a pair differ by `near_d` at most.
    """
    first, second = np.asarray(first, float), np.asarray(second, float)
    if not first.size or not second.size:
        return np.zeros(0, int), np.zeros(0, int)
    # i and j belong together if j is the nearest of i and i the nearest of j.
    apart = np.abs(first[:, None] - second)
    nearest = apart.argmin(1)
    i = np.arange(first.size)
    mutual = (apart.argmin(0)[nearest] == i) & (apart[i, nearest] <= near_d)
    return i[mutual], nearest[mutual]


def pairs(ours, theirs, words=None):
    """Return the pairs of sources to compare: those of words such as ``A=B1``, else by name.

    Raises
    ------
    UserError
        If a source is missing, or no name is in both curves.
    """
    present = f"the first table has {', '.join(ours)}, the second {', '.join(theirs)}"
    named = [word.partition("=")[::2] for word in words or ()]
    for one, other in named:
        if one not in ours or other not in theirs:
            raise UserError(f"--sources {one}={other}: {present}.")
    found = named or [(source, source) for source in ours if source in theirs] or (
        [(ours[0], theirs[0])] if len(ours) == len(theirs) == 1 and NO_NAME in (*ours, *theirs)
        else [])
    if not found:
        raise UserError(f"no source has the same name in both: {present}. Pair them: --sources "
                        "A=B1.")
    return found


def error_name(columns, source):
    """Return the name of the errors of a source: ours, bar 5, or the only ones; else None."""
    names = (f"magerr_{source}_{MAGERR_OURS}", f"magerr_{source}_{MAGERR_THEIRS}",
             f"magerr_{source}")
    return next((name for name in names if name in columns), None)


def error_column(columns, source):
    """Return the errors of a source, of the column that `error_name` gives."""
    return columns[error_name(columns, source)]


def difference(first, second, i, j, one, other):
    """Compare a source of one curve with a source of another.

    `first` and `second` are columns of rdb tables, `i` and `j` the points that belong together
    (from `match`), `one` and `other` the name of the source in each.

    Returns
    -------
    Difference
        `values` NaN at the points that either curve flags; numbers NaN with fewer than two points.

    Notes
    -----
    Two reductions of the same frames share their photon noise: then a `pull` below 1 is the rule,
    and above 1 the errors of the reductions themselves are too small.
    """
    values = first[f"mag_{one}"][i] - second[f"mag_{other}"][j]
    sigma = np.hypot(error_column(first, one)[i], error_column(second, other)[j])
    counts = np.isfinite(values) & np.isfinite(sigma) & first["flag"][i] & second["flag"][j]
    values = np.where(counts, values, np.nan)
    known = values[counts]
    if known.size < 2:
        return Difference(values, sigma, *[np.nan] * 5)
    # The offset is that of the zero points: scatter and pull are taken about it.
    offset = float(np.median(known))
    pulls = (known - offset) / sigma[counts]
    rms = float(known.std(ddof=1))
    return Difference(values, sigma, offset, rms / np.sqrt(known.size), rms, mad_sigma(known),
                      MAD_TO_SIGMA * float(np.median(np.abs(pulls))))
