"""Histograms of the peaks of the stars, and the level where the camera saturates."""

from cosmouline import library
from cosmouline.plots import style
from cosmouline.plots.scaling import finite

import numpy as np

mpl_lines = library("matplotlib.lines")

N_COLS = 4
N_BINS = 40
ROW_IN = 1.5
MAX_STARS = 60


@style.styled
def peaks_page(names, peak, limits, title="", unit="ADU"):
    """Page of the histogram of the peak of each star over all images.

    Parameters
    ----------
    names : sequence of str
        Of the stars.
    peak : array of float, shape (n_stars, n_images)
        NaN where a star was not measured.
    limits : dict of str to float
        Saturation level of each camera.
    title, unit : str
        Of the page, and of the peaks.

    Returns
    -------
    Figure
        Black lines are the medians; red ones saturation. In how many images a star is above the
        lowest of these is written over its panel.
    """
    peak = np.reshape(np.asarray(peak, dtype=float), (len(names), np.shape(peak)[-1]))[:MAX_STARS]
    n_rows = max(1, -(-len(peak) // N_COLS))
    page, axes = style.figure(N_COLS, n_rows, (style.PAGE_WIDTH_IN, 1.2 + ROW_IN * n_rows),
                              squeeze=False, sharex=True)
    style.title_page(page, title)
    lines = [mpl_lines.Line2D([], [], color=style.INK, linewidth=1.0),
             mpl_lines.Line2D([], [], color=style.ACCENT, linewidth=1.0, linestyle="--")]
    page.legend(lines, ["median", "saturation"], loc="upper right", ncols=2, fontsize=8)
    # one axis for all stars, from 0 to the highest peak or limit
    shown = np.append(finite(peak), list(limits.values()))
    right = 1.04 * shown.max() if shown.size else 1.0
    for ax, name, values in zip(axes.flat, names, peak, strict=False):
        values = finite(values)
        ax.set(xlim=(0, right), yticks=[])
        for level in limits.values():
            ax.axvline(level, color=style.ACCENT, linewidth=1.0, linestyle="--")
        if values.size:
            counts, edges = np.histogram(values, N_BINS, (0, right))
            ax.stairs(counts, edges, fill=True, color=style.SOURCE_COLOURS[0], alpha=0.45)
            ax.axvline(np.median(values), color=style.INK, linewidth=1.0)
            ax.set_ylim(0, 1.25 * counts.max())
        else:
            style.no_data(ax)
        n_above = int((values >= min(limits.values(), default=np.inf)).sum())
        text = f"{name}   n = {values.size}" + (f", {n_above} saturated" if n_above else "")
        ax.set_title(style.safe_text(text), fontsize=9,
                     color=style.ACCENT if n_above else style.INK)
    for ax in axes.flat[len(peak):]:
        ax.set_axis_off()
    for ax in axes[-1]:
        ax.set_xlabel(style.axis_label("peak", unit))
    return page
