"""Quantities of the images against the date, one below the other."""

from cosmouline.plots import style
from cosmouline.plots.date_axis import calendar_axis, day_ticks
from cosmouline.plots.light_curve import time_series
from cosmouline.plots.point_colours import draw_common_key, point_colours
from cosmouline.plots.scaling import finite

import numpy as np

ROW_IN = 1.45
WIDTH_IN = 11.0


@style.styled
def by_date_page(mhjd, rows, by_set=None, title=""):
    """Page of quantities against the days; returns the Figure.

    Parameters
    ----------
    mhjd : array of float, shape (n,)
        Days.
    rows : sequence of (array of float of shape (n,), str, str)
        Values, label and unit of each panel; NaN where not known.
    by_set : array of str, shape (n,), optional
        Colours the points.
    title : str
    """
    page, axes = style.figure(1, max(len(rows), 1), (WIDTH_IN, 1.3 + ROW_IN * len(rows)),
                              sharex=True, squeeze=False)
    style.title_page(page, title)
    for ax, (values, label, unit) in zip(axes[:, 0], rows, strict=False):
        values = np.asarray(values, dtype=float)
        time_series(ax, mhjd, values, colour=by_set, calendar=False, show_key=False)
        if not finite(values).size:
            style.no_data(ax)
        ax.set(xlabel="", ylabel=style.axis_label(label, unit).replace(" (", "\n("))
    if rows and finite(mhjd).size:
        calendar_axis(axes[0, 0])
    day_ticks(axes[-1, 0])
    draw_common_key(list(axes.flat), point_colours(by_set, np.size(mhjd))[1], "set")
    return page
