"""Pages of light curves: all sources together, by a field, and measured against true."""

from cosmouline import library
from cosmouline.plots import style
from cosmouline.plots.date_axis import calendar_axis, day_ticks
from cosmouline.plots.light_curve import common_limits, light_curve
from cosmouline.plots.point_colours import draw_common_key, point_colours
from cosmouline.plots.scaling import robust_limits, root_mean_square

import numpy as np

ticker = library("matplotlib.ticker")

RESIDUAL_SPAN_MMAG = 10.0  # smallest half height of a residual panel
NOTE_ROOM = 0.16  # of the height of a panel


@style.styled
def light_curves_page(mhjd, mags, mag_sigmas, names, shifts=None, flag=None, title="",
                      subtitle="", mag_limits=None, day_limits=None):
    """Page with the curves of all sources in one panel, the legend outside; returns the Figure.

    Parameters
    ----------
    mhjd : array of float, shape (n,)
        Days.
    mags, mag_sigmas : array of float, shape (n_sources, n)
        NaN where a source was not measured.
    names : sequence of str
        Of the sources.
    shifts : array of float, shape (n_sources,), optional
        Added to the magnitudes and written in the legend, see `separating_shifts`.
    flag : array of bool, shape (n,), optional
        False is a masked epoch, drawn open.
    title, subtitle : str
    mag_limits, day_limits : (float, float), optional
        Ends of the axes, magnitudes with their shifts; None: all good points but outliers.
    """
    page, ax = style.figure(size=(style.PAGE_WIDTH_IN, 6.6))
    style.title_page(page, title, subtitle)
    shifts = np.zeros(len(names)) if shifts is None else np.asarray(shifts, dtype=float)
    shifted = np.reshape(mags, (len(names), np.size(mhjd))) + shifts[:, None]
    limits = mag_limits or common_limits(shifted, flag, mag_sigmas)
    # the legend names each curve with its shift
    for index, (name, shift) in enumerate(zip(names, shifts, strict=True)):
        sign = "−" if shift < 0 else "+"
        label = name if shift == 0 else f"{name} {sign} {abs(shift):.2f}"
        light_curve(ax, mhjd, shifted[index], None if mag_sigmas is None else mag_sigmas[index],
                    style.source_colour(index), label=label, flag=flag, mag_limits=limits,
                    caps=True)
    if len(names):
        _legend_beside(ax)
        set_days([ax], day_limits)
    else:
        style.no_data(ax)
    return page


def set_days(axes, day_limits):
    """Let Axes begin and end on these days, the calendar of the first one with them."""
    if day_limits is not None:
        for ax in axes:
            ax.set_xlim(*day_limits)
        day_ticks(axes[-1])
        calendar_axis(axes[0])


def _legend_beside(ax):
    """Names of the curves at the right of their Axes."""
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.02), markerscale=1.8)


@style.styled
def by_field_page(mhjd, mags, mag_sigmas, names, colour, colour_label="", flag=None, title="",
                  notes=None):
    """Page with one panel per source, its points coloured by a field; returns the Figure.

    Parameters
    ----------
    mhjd, mags, mag_sigmas, names, flag, title
        As in `light_curves_page`.
    colour : array of float or of str, shape (n,)
        Quantity (seeing, airmass, sky level, ...) or name (of set, telescope) of each epoch.
    colour_label : str
        Its label with the unit.
    notes : sequence of str, optional
        One text per source, written in the upper right corner of its panel.
    """
    rows = max(len(names), 1)
    size = (style.PAGE_WIDTH_IN, min(1.2 + 2.0 * rows, 12.0))
    page, axes = style.figure(1, rows, size, sharex=True, squeeze=False)
    style.title_page(page, title)
    for row, (ax, name) in enumerate(zip(axes[:, 0], names, strict=False)):
        sigma = None if mag_sigmas is None else mag_sigmas[row]
        light_curve(ax, mhjd, mags[row], sigma, colour, flag=flag, calendar=row == 0,
                    show_key=False)
        # the calendar stands above the first panel, the days below the last
        ax.set_ylabel(f"{style.safe_text(name)} (mag)")
        ax.yaxis.set_major_locator(ticker.MaxNLocator(5))
        if row < rows - 1:
            ax.set_xlabel("")
        if notes is not None:
            write_note(ax, notes[row])
    draw_common_key(axes[:, 0], point_colours(colour, np.size(mhjd))[1], colour_label)
    return page


def write_note(ax, text):
    """Write small text in the upper right corner of a panel; it grows, so that no point is hid."""
    faint, bright = ax.get_ylim()
    ax.set_ylim(faint, bright + NOTE_ROOM * (bright - faint))
    # a box: letters with a halo are drawn wider than the layout takes them to be
    ax.annotate(style.safe_text(text), (1, 1), (-6, -6), xycoords="axes fraction",
                textcoords="offset points", ha="right", va="top", fontsize=8,
                bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.0})


@style.styled
def measured_and_true(mhjd, mags, mag_sigmas, names, true_mhjd, true_mags, title="", subtitle=""):
    """Page that compares measured points with the curves they were made from.

    Parameters
    ----------
    mhjd, mags, mag_sigmas, names, title, subtitle
        As in `light_curves_page`.
    true_mhjd : array of float, shape (n_true,)
        Increasing days of the true curves.
    true_mags : array of float, shape (n_sources, n_true)
        On the same scale as `mags`. The residuals use the value interpolated at each epoch.

    Returns
    -------
    Figure
        The curves above; below one panel per source with measured minus true in thousandths of
        a magnitude, its rms, and the same in units of the quoted errors (the mean is not
        subtracted).
    """
    rows, mags = len(names), np.reshape(np.asarray(mags, dtype=float), (len(names), np.size(mhjd)))
    size = (style.PAGE_WIDTH_IN, 5.0 + 0.95 * rows)
    ratios = [4.2] + [1.0] * rows
    page, axes = style.figure(1, rows + 1, size, sharex=True, squeeze=False, height_ratios=ratios)
    axes = axes[:, 0]
    style.title_page(page, title, subtitle)
    limits = common_limits(mags, None, mag_sigmas)
    # the points, and the truth as a line behind them
    for row, name in enumerate(names):
        colour = style.source_colour(row)
        light_curve(axes[0], mhjd, mags[row], mag_sigmas[row], colour, label=name,
                    mag_limits=limits)
        axes[0].plot(true_mhjd, true_mags[row], color=colour, linewidth=0.8, zorder=1)
    # measured minus true, all on one scale that holds the error bars
    truths = [np.interp(mhjd, true_mhjd, true, np.nan, np.nan) for true in true_mags]
    residuals = 1e3 * (mags - np.reshape(truths, mags.shape))
    bars_mmag = 1e3 * np.asarray(mag_sigmas, dtype=float)
    ends = [robust_limits(np.append(residual - bar, residual + bar), 2 * RESIDUAL_SPAN_MMAG)
            for residual, bar in zip(residuals, bars_mmag, strict=True)]
    scale = np.max(np.abs(ends), initial=RESIDUAL_SPAN_MMAG)
    for row, ax in enumerate(axes[1:]):
        residual, sigma, colour = residuals[row], bars_mmag[row], style.source_colour(row)
        light_curve(ax, mhjd, residual, sigma, colour, mag_limits=(-scale, scale), calendar=False)
        ax.axhline(0.0, color=style.INK, linewidth=0.7, zorder=1)
        ax.yaxis.set_major_locator(ticker.MaxNLocator(3, symmetric=True))
        ax.set_ylabel("mmag")
        text = (f"rms {style.short(root_mean_square(residual))} mmag  =  "
                f"{style.short(root_mean_square(residual / sigma))} σ")
        ax.annotate(text, (1, 0.5), (8, 0), xycoords="axes fraction", textcoords="offset points",
                    va="center", fontsize=8.5, color=colour)
    for ax in axes[:-1]:
        ax.set_xlabel("")
    if rows:
        _legend_beside(axes[0])
    else:
        style.no_data(axes[0])
    return page
