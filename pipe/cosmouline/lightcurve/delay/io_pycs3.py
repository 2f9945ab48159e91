"""The program that starts a PyCS3 analysis of an rdb light curve: errors, shifts, knots."""

import numpy as np

KNOTS_D = (25, 65)  # of the quasar's spline: about those of Millon et al. (2020)
KNOT_POINTS = 5  # points of a curve for each knot, within that range
ML_KNOTS_D = 400  # of the microlensing of all curves but the first, in two pieces at least

TEXT = '''"""Delays of {stem} with PyCS3, from the first guess of lcmanip/5_opt_start_delays.py.

Run it with the Python that PyCS3 is installed for: python {stem}_pycs3.py

What the delays hang on most are the knots of quasar and microlensing: try others. Errors come from
curves that are drawn again and fitted (pycs3.sim), which this program leaves to you.
"""

from pathlib import Path

from pycs3.gen import lc_func, splml, util
from pycs3.spl import topopt

HERE = Path(__file__).resolve().parent
CURVE = HERE / "{stem}.rdb"
ERRORS = {errors}
# days to add to the dates of a curve, as guessed
SHIFTS = {{
{shifts}}}
KNOTS_D, ML_PIECES = {knots}, {ml_pieces}
# seasons: first and last date, number of points, median distance in days
SEASONS = [
{seasons}]

curves = [lc_func.rdbimport(str(CURVE), source, f"mag_{{source}}", ERRORS[source], "{telescope}",
                            flagcolname={flag}) for source in SHIFTS]
for curve in curves:
    curve.cutmask()
    curve.shifttime(SHIFTS[curve.object])
for curve in curves[1:]:
    splml.addtolc(curve, n=ML_PIECES)
topopt.opt_rough(curves, nit=5, knotstep=2 * KNOTS_D)
spline = topopt.opt_fine(curves, nit=10, knotstep=KNOTS_D)
print(lc_func.getnicetimedelays(curves, separator="\\n", to_be_sorted=True))
util.writepickle((curves, spline), str(HERE / "{stem}_pycs3.pkl"))
'''


def start_program(stem, errors, shifts, seasons, has_flag, telescope="COSMOULINE"):
    """Return the text of the program.

    Parameters
    ----------
    stem : str
        Name of the table without ``.rdb``; the program lies beside it.
    errors : dict of str to str
        Column of the errors by source.
    shifts : dict of str to (float, float)
        Days to add to the dates of a source, and their error; NaN where there is no guess.
    seasons : list of tuple
        See `delays.seasons`.
    has_flag : bool
        Whether the table has a column ``flag``.
    telescope : str
        For the labels of PyCS3.
    """
    lines = [f"    {name!r}: {shift:.2f},  # +- {sigma:.2f}\n" if np.isfinite(shift) else
             f"    {name!r}: 0.0,  # no guess: the curves do not tell\n"
             for name, (shift, sigma) in shifts.items()]
    steps = [one[3] for one in seasons if np.isfinite(one[3])] or [0.0]
    span_d = seasons[-1][1] - seasons[0][0]
    return TEXT.format(
        stem=stem, errors=repr(errors), shifts="".join(lines), flag=repr("flag" if has_flag
                                                                       else None),
        knots=int(np.clip(KNOT_POINTS * np.median(steps), *KNOTS_D)),
        ml_pieces=max(2, round(span_d / ML_KNOTS_D)),
        telescope=telescope, seasons="".join(
            f"    ({first:.2f}, {last:.2f}, {n}, {gap:.2f}),\n".replace("nan", "None")
            for first, last, n, gap in seasons))
