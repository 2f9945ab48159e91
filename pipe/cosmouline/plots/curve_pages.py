"""Pages about one joined light curve: a panel for each source, its error bars, a second curve."""

from cosmouline import library
from cosmouline.plots import style
from cosmouline.plots.date_axis import calendar_axis, day_ticks
from cosmouline.plots.light_curve import day_limits_of, light_curve, time_series
from cosmouline.plots.light_curve_pages import set_days, write_note
from cosmouline.plots.scaling import finite

import numpy as np

ticker = library("matplotlib.ticker")

PANEL_IN, MAX_PAGE_IN = 2.0, 14.0
BARS_IN = 1.25  # height of the panel of one kind of error
MARKERS = ("o", "s", "D", "^", "v", "P", "*")


@style.styled
def panels_page(mhjd, mags, mag_sigmas, names, flag=None, title="", subtitle="", mag_limits=None,
                day_limits=None, notes=None):
    """Page with one panel per source, masked points as open circles; returns the Figure.

    Parameters
    ----------
    mhjd, mags, mag_sigmas, names, flag, title, subtitle, mag_limits, day_limits
        As in `light_curves_page`; the limits are the same for all panels.
    notes : sequence of str, optional
        One text per source, in the upper right corner of its panel.
    """
    page, axes = _column_of_panels(len(names), title, subtitle)
    for row, (ax, name) in enumerate(zip(axes, names, strict=False)):
        light_curve(ax, mhjd, mags[row], mag_sigmas[row], style.source_colour(row), flag=flag,
                    mag_limits=mag_limits, calendar=row == 0, caps=True)
        ax.set_ylabel(f"{style.safe_text(name)} (mag)")
        if notes is not None:
            write_note(ax, notes[row])
    _only_last_dated(axes)
    set_days(axes, day_limits)
    return page


@style.styled
def error_bars_page(mhjd, bars, names, bar_names, flag=None, title="", subtitle=""):
    """Page with the error bars of all points, a panel per kind of error; returns the Figure.

    Parameters
    ----------
    mhjd : array of float, shape (n,)
    bars : array of float, shape (n_sources, n_bars, n)
        Errors in magnitudes, drawn in thousandths, each at its own day.
    names, bar_names : sequence of str
    flag : array of bool, shape (n,), optional
        Masked points are pale.
    title, subtitle : str
    """
    kinds = bar_names if len(names) else ()
    page, axes = _column_of_panels(len(kinds), title, subtitle, BARS_IN)
    flag = np.ones(np.size(mhjd), bool) if flag is None else np.asarray(flag, bool)
    mhjd = np.asarray(mhjd, float)
    errors_mmag = 1e3 * np.asarray(bars, float)
    # one logarithmic scale with plain numbers: the kinds can be compared
    values = finite(errors_mmag)
    values = values[values > 0]
    for k, (ax, bar_name) in enumerate(zip(axes, kinds, strict=False)):
        for row, name in enumerate(names):
            for chosen, alpha, text in ((flag, 0.9, name), (~flag, 0.3, None)):
                ax.scatter(mhjd[chosen], errors_mmag[row][k][chosen], s=14, alpha=alpha,
                           marker=MARKERS[row % len(MARKERS)], facecolors="none",
                           edgecolors=style.source_colour(row), linewidths=0.9,
                           label=style.safe_text(text))
        if values.size:
            ax.set(yscale="log", ylim=(values.min() / 1.3, values.max() * 1.3))
            ax.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
            ax.yaxis.set_major_formatter("{x:g}")
            ax.yaxis.set_minor_formatter("")
        is_known = finite(errors_mmag[:, k]).size > 0
        style.write_in(ax, 0.008, 0.93, style.safe_text(bar_name)
                       + ("" if is_known else ": not known"), 8.5)
        ax.set_ylabel("error (mmag)")
    if kinds:
        handles, texts = axes[0].get_legend_handles_labels()
        shown = [k for k, text in enumerate(texts) if text]
        axes[0].legend([handles[k] for k in shown], [texts[k] for k in shown], loc="upper left",
                       bbox_to_anchor=(1.0, 1.02), markerscale=1.4)
    if mhjd.size and kinds:
        axes[0].set_xlim(*day_limits_of(mhjd))
        day_ticks(axes[-1])
        calendar_axis(axes[0])
    return page


@style.styled
def differences_page(mhjd, differences, sigmas, names, notes, title="", subtitle=""):
    """Page with the differences of two light curves, a panel per source; returns the Figure.

    Parameters
    ----------
    mhjd : array of float, shape (n,)
    differences, sigmas : array of float, shape (n_sources, n)
        In magnitudes; drawn in thousandths.
    names, notes : sequence of str
        Of the sources, and a line of text about each.
    title, subtitle : str
    """
    page, axes = _column_of_panels(len(names), title, subtitle)
    for row, (ax, name) in enumerate(zip(axes, names, strict=False)):
        values, errors = 1e3 * differences[row], 1e3 * sigmas[row]
        time_series(ax, mhjd, values, errors, style.source_colour(row), calendar=row == 0)
        ax.axhline(0.0, color=style.INK, linewidth=0.7, zorder=1)
        ax.set_ylabel(f"{style.safe_text(name)} (mmag)")
        ax.set_title(style.safe_text(notes[row]), loc="right", fontsize=8)
    _only_last_dated(axes)
    return page


@style.styled
def variables_page(mag, scatter, predicted, names, title="", subtitle="", is_variable=None):
    """Page with the scatter of stars against their magnitude; returns the Figure.

    Parameters
    ----------
    mag, scatter, predicted : array of float, shape (n_stars,)
        Magnitude, scatter of the star in magnitudes, and what its errors predict.
    names : sequence of str
    title, subtitle : str
    is_variable : array of bool, shape (n_stars,), optional
        Stars marked and named.
    """
    page, ax = style.figure(size=(style.PAGE_WIDTH_IN, 6.6))
    style.title_page(page, title, subtitle)
    marked = np.zeros(np.size(mag), bool) if is_variable is None else np.asarray(is_variable)
    if not finite(scatter).size:
        style.no_data(ax)
        return page
    # each star, what its errors predict, and circles around those that vary
    ax.scatter(mag, scatter, s=14, color=style.SOURCE_COLOURS[0], label="stars", zorder=2)
    ax.scatter(mag, predicted, s=10, marker="_", color=style.FAINT, label="their errors", zorder=1)
    ax.scatter(np.asarray(mag)[marked], np.asarray(scatter)[marked], s=60, facecolors="none",
               edgecolors=style.ACCENT, label="variable", zorder=3)
    for index in np.flatnonzero(marked):
        ax.annotate(style.safe_text(names[index]), (mag[index], scatter[index]), (6, 4),
                    textcoords="offset points", fontsize=8, path_effects=style.halo())
    ax.set(yscale="log", xlabel="magnitude (instrumental)", ylabel="scatter (mag)")
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.02))
    return page


def _column_of_panels(n, title, subtitle, panel_in=PANEL_IN):
    """Return a page with panels below each other that share their dates, and the panels."""
    rows = max(n, 1)
    size = (style.PAGE_WIDTH_IN, min(1.2 + panel_in * rows, MAX_PAGE_IN))
    page, axes = style.figure(1, rows, size, sharex=True, squeeze=False)
    if not n:
        style.no_data(axes[0, 0])
    style.title_page(page, title, subtitle)
    return page, axes[:, 0]


def _only_last_dated(axes):
    """Remove the label of the dates from all panels but the last, and keep the ticks few."""
    for ax in axes[:-1]:
        ax.set_xlabel("")
    for ax in axes:
        if ax.get_yscale() == "linear":
            ax.yaxis.set_major_locator(ticker.MaxNLocator(5))
