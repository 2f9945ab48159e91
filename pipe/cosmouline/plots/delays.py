"""The page of a first guess of delays: curves brought together, probability of each delay."""

from cosmouline.plots import style
from cosmouline.plots.light_curve import light_curve

import numpy as np

CURVES_IN, PANEL_IN, MAX_PAGE_IN = 3.0, 1.2, 14.0
LOW = 1e-6  # of the highest probability: what is lower is not shown


@style.styled
def delays_page(curves, trials_d, densities, names, notes, title="", subtitle=""):
    """Page with all curves shifted to the first, and a panel for each pair; returns the Figure.

    Parameters
    ----------
    curves : dict of str to tuple of array
        Dates with the shift added, magnitudes and errors, by source.
    trials_d, densities : sequence of array of float
        Delays and their probabilities per day, for each pair; a panel shows where these are.
    names, notes : sequence of str
        Of the pairs, and a line of text about each.
    title, subtitle : str
    """
    n = len(names)
    size = (style.PAGE_WIDTH_IN, min(1.2 + CURVES_IN + PANEL_IN * n, MAX_PAGE_IN))
    page, axes = style.figure(1, n + 1, size, squeeze=False,
                              height_ratios=[CURVES_IN, *[PANEL_IN] * n])
    style.title_page(page, title, subtitle)
    axes = axes[:, 0]
    # magnitudes about their medians: what differs in shape is seen
    for row, (name, (mhjd, mag, sigma)) in enumerate(curves.items()):
        light_curve(axes[0], mhjd, mag - np.median(mag), sigma, style.source_colour(row),
                    label=style.safe_text(name), calendar=row == 0)
    axes[0].set_ylabel("mag - median")
    axes[0].legend(loc="upper left", bbox_to_anchor=(1.0, 1.02))
    for ax, trials, density, name, note in zip(axes[1:], trials_d, densities, names, notes,
                                               strict=True):
        ax.plot(trials, density / density.max(), color=style.SOURCE_COLOURS[0], linewidth=1.2)
        shown = np.flatnonzero(density > LOW * density.max())
        first, last = max(shown[0] - 2, 0), min(shown[-1] + 2, len(trials) - 1)
        ax.set(xlim=(trials[first], trials[last]), ylim=(0, 1.15), yticks=[])
        ax.set_ylabel(style.safe_text(name))
        ax.set_title(style.safe_text(note), loc="right", fontsize=8)
    axes[-1].set_xlabel("delay (days)")
    return page
