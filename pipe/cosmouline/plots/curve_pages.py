"""Pages about one joined light curve: a panel for each source, its error bars, a second curve."""

from cosmouline.plots import style
from cosmouline.plots.date_axis import calendar_axis
from cosmouline.plots.light_curve import light_curve, time_series
from cosmouline.plots.light_curve_pages import set_days, write_note
from cosmouline.plots.scaling import finite

import numpy as np
from matplotlib.ticker import MaxNLocator

PANEL_IN, MAX_PAGE_IN = 2.0, 14.0
SPREAD = 0.5  # of the least typical step between points: the bars of one stand side by side
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
                    mag_limits=mag_limits, calendar=row == 0)
        ax.set_ylabel(f"{style.safe_text(name)} (mag)")
        if notes is not None:
            write_note(ax, notes[row])
    _only_last_dated(axes)
    set_days(axes, day_limits)
    return page


@style.styled
def error_bars_page(mhjd, bars, names, bar_names, flag=None, title="", subtitle=""):
    """Page with the error bars of all points, a panel per source; returns the Figure.

    Parameters
    ----------
    mhjd : array of float, shape (n,)
    bars : array of float, shape (n_sources, n_bars, n)
        Errors in magnitudes, drawn in thousandths.
    names, bar_names : sequence of str
    flag : array of bool, shape (n,), optional
        Masked points are pale.
    title, subtitle : str
    """
    page, axes = _column_of_panels(len(names), title, subtitle)
    flag = np.ones(np.size(mhjd), bool) if flag is None else np.asarray(flag, bool)
    mhjd = np.asarray(mhjd, float)
    # of the shorter steps between points, lest the bars of neighbours overlap
    spread = SPREAD * np.percentile(np.diff(mhjd), 10) if mhjd.size > 1 else 0.0
    for row, (ax, name) in enumerate(zip(axes, names, strict=False)):
        errors_mmag = 1e3 * np.asarray(bars[row], float)
        for k, bar_name in enumerate(bar_names):
            # the kinds of errors of a point side by side, masked points pale
            days = mhjd + spread * (k / max(len(bar_names) - 1, 1) - 0.5)
            for chosen, alpha, text in ((flag, 0.9, bar_name), (~flag, 0.3, None)):
                ax.scatter(days[chosen], errors_mmag[k][chosen], s=14, alpha=alpha,
                           marker=MARKERS[k % len(MARKERS)], facecolors="none",
                           edgecolors=style.source_colour(k), linewidths=0.9, label=text)
        # a logarithmic axis with plain numbers
        values = finite(errors_mmag)
        values = values[values > 0]
        if values.size:
            ax.set(yscale="log", ylim=(values.min() / 1.3, values.max() * 1.3))
            ax.yaxis.set_major_formatter("{x:g}")
            ax.yaxis.set_minor_formatter("{x:g}")
            ax.tick_params(axis="y", which="minor", labelsize=6.5)
        ax.set_ylabel(f"error of {style.safe_text(name)} (mmag)")
    if len(names):
        axes[0].legend(loc="upper left", bbox_to_anchor=(1.0, 1.02), markerscale=1.4)
    _only_last_dated(axes)
    axes[-1].set_xlabel("MHJD (days)")
    if mhjd.size and len(names):
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


def _column_of_panels(n, title, subtitle):
    """Return a page with panels below each other that share their dates, and the panels."""
    rows = max(n, 1)
    size = (style.PAGE_WIDTH_IN, min(1.2 + PANEL_IN * rows, MAX_PAGE_IN))
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
            ax.yaxis.set_major_locator(MaxNLocator(5))
