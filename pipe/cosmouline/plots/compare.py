"""Several coefficients of the same images, one below the other."""

from cosmouline.plots import style
from cosmouline.plots.date_axis import calendar_axis
from cosmouline.plots.light_curve import time_series
from cosmouline.plots.point_colours import draw_common_key, point_colours
from cosmouline.plots.scaling import finite
from cosmouline.plots.star_curves import LEAST_SPAN, against

import numpy as np

ROW_IN = 2.2
NOTE_ROOM = 0.15  # above the ratios, as a fraction of their height


@style.styled
def compare_page(mhjd, coefficients, names, quantity, quantity_label, by_set=None, title=""):
    """Page of coefficients and their ratios to the first one; returns the Figure.

    Parameters
    ----------
    mhjd : array of float, shape (n,)
        Days.
    coefficients : array of float, shape (n_coefficients, n)
        NaN where an image has none.
    names : sequence of str
    quantity : array of float, shape (n,)
        What the ratios are drawn against at the right.
    quantity_label : str
    by_set : array of str, shape (n,), optional
        Colours the points.
    title : str
    """
    coefficients = np.asarray(coefficients, dtype=float)
    n_rows = len(names)
    page, axes = style.figure(2, n_rows, (style.PAGE_WIDTH_IN, 1.2 + ROW_IN * n_rows),
                              squeeze=False, width_ratios=(2.3, 1))
    style.title_page(page, title)
    look = {"colour": by_set, "least_span": LEAST_SPAN, "calendar": False, "show_key": False}
    for row, name in enumerate(names):
        values, label = coefficients[row], style.safe_text(name)
        if row:
            values, label = values / coefficients[0], f"{label} /\n{style.safe_text(names[0])}"
        time_series(axes[row, 0], mhjd, values, **look)
        against(axes[row, 1], quantity, values, by_set)
        axes[row, 0].set_ylabel(label)
        if row + 1 < n_rows:
            axes[row, 0].set_xlabel("")
        if row:
            # the line of equality, and how the ratio scatters about its median
            axes[row, 0].axhline(1.0, color=style.FAINT, linewidth=0.7, zorder=1)
            ratio = finite(values)
            if ratio.size:
                rms = 100 * np.std(ratio) / np.median(ratio)
                low, high = axes[row, 0].get_ylim()
                axes[row, 0].set_ylim(low, high + NOTE_ROOM * (high - low))
                style.write_in(axes[row, 0], 0.99, 0.95, f"rms {style.short(rms)} %")
    axes[-1, 1].set_xlabel(quantity_label)
    if finite(mhjd).size:
        calendar_axis(axes[0, 0])
    draw_common_key(list(axes.flat), point_colours(by_set, np.size(mhjd))[1], "set")
    return page
