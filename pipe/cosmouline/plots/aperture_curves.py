"""Curves of the stars in several apertures, the coefficient behind them."""

from cosmouline.plots import style
from cosmouline.plots.date_axis import calendar_axis
from cosmouline.plots.scaling import finite, padded_limits
from cosmouline.plots.star_curves import MARGIN, percent_deviation, span_percent

import numpy as np

ROW_IN = 1.0
MAX_STARS = 40
COLOURS = (style.SOURCE_COLOURS[0], style.ACCENT, style.INK, style.SOURCE_COLOURS[2],
           style.SOURCE_COLOURS[5])


@style.styled
def aperture_curves_page(mhjd, flux, names, apertures, coefficient, title="", label="medcoeff"):
    """Page of normalised fluxes in several apertures, one row per star; returns the Figure.

    Parameters
    ----------
    mhjd : array of float, shape (n,)
        Days.
    flux : array of float, shape (n_apertures, n_stars, n)
        Times the coefficient, in any unit; NaN where not measured.
    names, apertures : sequence of str
        Of the stars and of the apertures, at most five of these.
    coefficient : array of float, shape (n,)
        Drawn in grey, its scale at the right.
    title, label : str
        Of the page; name of the coefficient.
    """
    n_stars = min(len(names), MAX_STARS)
    deviations = [percent_deviation(np.reshape(one, (len(names), -1))[:n_stars]) for one in flux]
    height_in = 1.6 + ROW_IN * max(n_stars, 1)
    page, axes = style.figure(1, max(n_stars, 1), (style.PAGE_WIDTH_IN, height_in), sharex=True,
                              sharey=True, squeeze=False)
    page.get_layout_engine().set(hspace=0, h_pad=0.03)
    style.title_page(page, title)
    span = span_percent(np.concatenate(deviations)) if deviations else 10
    limit = MARGIN * span
    for row, (ax, name) in enumerate(zip(axes[:, 0], names, strict=False)):
        # the coefficient on a scale of its own, behind the star
        twin = ax.twinx()
        ax.set_zorder(twin.get_zorder() + 1)
        ax.patch.set_visible(False)
        twin.plot(mhjd, coefficient, "s", color=style.FAINT, alpha=0.5, markersize=4, zorder=1)
        twin.tick_params(labelsize=7, colors=style.FAINT)
        twin.set_ylim(*padded_limits(coefficient, 0.15))
        # the star in all apertures; points outside lie at the edge, and are counted
        ax.axhline(0.0, color=style.FAINT, linewidth=0.7, zorder=1)
        n_outside = 0
        for deviation, aperture, colour in zip(deviations, apertures, COLOURS, strict=False):
            ax.plot(mhjd, np.clip(deviation[row], -limit, limit), "o", color=colour,
                    markersize=3.2, alpha=0.8, label=aperture, zorder=3)
            n_outside += int((np.abs(deviation[row]) > limit).sum())
        ax.set(ylim=(-limit, limit), yticks=[-span, 0, span])
        if n_outside:
            style.write_in(ax, 0.995, 0.9, f"{n_outside} outside", 7.5, color=style.ACCENT,
                           path_effects=style.halo())
        ax.set_ylabel(style.safe_text(name), rotation=0, ha="right", va="center")
    top = axes[0, 0]
    if finite(mhjd).size:
        top.set_xlim(*padded_limits(mhjd))
        calendar_axis(top)
    axes[-1, 0].set_xlabel("MHJD (days)")
    page.supylabel("deviation from the median (%)", fontsize=9)
    # the legend: apertures, and the coefficient by a mark of its own
    handles, texts = top.get_legend_handles_labels()
    texts = [*texts, f"{label} (right)"]
    handles = [*handles, top.plot([], [], "s", color=style.FAINT, alpha=0.5, markersize=4)[0]]
    page.legend(handles, [style.safe_text(text) for text in texts], loc="upper right",
                ncols=len(texts), fontsize=8)
    return page
