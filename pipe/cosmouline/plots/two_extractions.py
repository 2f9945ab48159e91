"""Two light curves of one lens from the same images: both, and their difference."""

from cosmouline.plots import style
from cosmouline.plots.light_curve import time_series
from cosmouline.plots.scaling import finite

import numpy as np

ROW_IN, MAX_IN = 2.3, 24.0


@style.styled
def two_extractions_page(mhjd, first, second, names, labels, notes, title="", info=""):
    """Page of two extractions, a row for each source: both curves, and first minus second.

    Parameters
    ----------
    mhjd : ndarray of float, shape (n,)
    first, second : tuple of ndarray, each of shape (n_sources, n)
        Magnitudes and their errors, NaN where not measured. The second ones are drawn with the
        median of the first ones.
    names, notes : sequence of str
        Of the sources, and a line on each.
    labels : pair of str
        Of the two extractions.
    title, info : str

    Returns
    -------
    Figure
    """
    n_rows = max(len(names), 1)
    page, axes = style.figure(2, n_rows, (style.PAGE_WIDTH_IN, min(1.2 + ROW_IN * n_rows, MAX_IN)),
                              squeeze=False, width_ratios=(1.6, 1))
    style.title_page(page, title, info)
    for row, name in enumerate(names):
        curves, beside = axes[row]
        away = second[0][row] - first[0][row]
        offset = float(np.median(finite(away))) if finite(away).size else 0.0
        curves.invert_yaxis()
        for k, (mag, sigma) in enumerate((first, second)):
            time_series(curves, mhjd, mag[row] - offset * k, sigma[row], style.source_colour(k),
                        label=labels[k], calendar=False, show_key=False)
        curves.set_ylabel(f"{style.safe_text(name)} (mag)")
        curves.legend(fontsize=8, loc="best")
        time_series(beside, mhjd, -1e3 * (away - offset),
                    1e3 * np.hypot(first[1][row], second[1][row]), style.INK, calendar=False,
                    show_key=False)
        beside.axhline(0, color=style.FAINT, linewidth=0.8)
        beside.set_ylabel("difference (mmag)")
        beside.set_title(style.safe_text(notes[row]), fontsize=8)
        for ax in (curves, beside):
            ax.set_xlabel("MHJD" if row + 1 == len(names) else "")
    return page
