"""Delays of the light curves of a lens: the points to use, and the report in words."""

from cosmouline.errors import UserError
from cosmouline.files import io_report
from cosmouline.lightcurve import compare, db_curves
from cosmouline.lightcurve.delay.delays import FEWEST_POINTS

import numpy as np

LONGEST_D = 150  # longer delays of galaxies as lenses are rare, and need --longest
SHARED = 0.5  # of the variance: then a word is due
PAIRS = ("pair", "delay", "error")
SEASONS = ("season", "first mhjd", "last mhjd", "points", "median distance (d)")


def error_names(table, sources):
    """Return the column of the errors of each source: the full ones, else the best there are."""
    return {one: f"magerr_{one}_cov" if f"magerr_{one}_cov" in table
            else compare.error_name(table, one) for one in sources}


def good_points(table, path, wanted=None):
    """Return dates, magnitudes and errors of the unflagged points of each source.

    Raises UserError for a source that is not there, or has too few points.
    """
    known = db_curves.sources_of(table)
    for name in wanted or ():
        if name not in known:
            raise UserError(f"{path} has no source '{name}', but {', '.join(known)} (--sources).")
    curves = {}
    for name, column in error_names(table, wanted or known).items():
        values = np.array([table["mhjd"], table[f"mag_{name}"], table[column]], float)
        good = np.isfinite(values).all(0) & (values[2] > 0) & table["flag"].astype(bool)
        if good.sum() < FEWEST_POINTS:
            raise UserError(f"{path}: {good.sum()} good points of {name}, at least "
                            f"{FEWEST_POINTS} are needed for a delay. Observe on, or leave it "
                            "out (--sources).")
        curves[name] = tuple(values[:, good])
    if len(curves) < 2:
        raise UserError(f"{path}: a delay needs two sources, there is {', '.join(curves)} only.")
    return curves


def longest_of(curves):
    """Return the longest delay to look for: a quarter of the campaign, at most `LONGEST_D`."""
    mhjd = np.concatenate([one[0] for one in curves.values()])
    return float(min(np.ptp(mhjd) / 4, LONGEST_D))


def shifted(curves, shifts):
    """Return the curves with the shifts added to their dates, where they are known."""
    return {name: (mhjd + np.nan_to_num(shifts[name][0]), mag, sigma)
            for name, (mhjd, mag, sigma) in curves.items()}


def in_words(delay):
    """Return what was found about a delay."""
    if not np.isfinite(delay.delay_d):
        return f"no delay: the curves do not tell one within {delay.trials_d[-1]:.0f} d"
    return f"{delay.delay_d:+.2f} +- {delay.sigma_d:.2f} d"


def report(found, shifts, seasons, longest_d, table):
    """Return the text of the report: delays of all pairs, shifts, seasons, what to mind."""
    rows = [{"pair": "".join(pair), "delay": one.delay_d, "error": one.sigma_d}
            for pair, one in found.items()]
    text = io_report.table(rows, PAIRS, {"delay": "+.2f", "error": ".2f"})
    text += "\nshift of the dates of each source, from all pairs (d)\n"
    text += "".join(f"{name} {shift:+.2f} +- {sigma:.2f}\n" if np.isfinite(shift)
                    else f"{name} not known\n" for name, (shift, sigma) in shifts.items())
    rows = [dict(zip(SEASONS, (n, *one), strict=True)) for n, one in enumerate(seasons, 1)]
    text += "\n" + io_report.table(rows, SEASONS, dict.fromkeys(SEASONS[1:3], ".2f")
                                   | {SEASONS[4]: ".2f"})
    none = ["".join(pair) for pair, one in found.items() if not np.isfinite(one.delay_d)]
    if none:
        text += (f"\n{', '.join(none)}: no delay between -{longest_d:.0f} and +{longest_d:.0f} d "
                 "is more probable than others.\n")
    for name, column in error_names(table, shifts).items():
        if f"magerr_{name}_norm" in table:
            with np.errstate(all="ignore"):
                share = np.nanmedian(table[f"magerr_{name}_norm"] ** 2 / table[column] ** 2)
            if share > SHARED:
                text += (f"\n{name}: {100 * share:.0f} % of the variance of a point comes from "
                         "the coefficient, which all sources share: it draws delays towards 0.\n")
    return text
