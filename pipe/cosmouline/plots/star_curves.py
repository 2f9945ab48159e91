"""Curves of the stars before and after a normalisation, and the coefficients themselves."""

from cosmouline.plots import style
from cosmouline.plots.date_axis import calendar_axis, day_ticks
from cosmouline.plots.light_curve import time_series
from cosmouline.plots.point_colours import draw_common_key, draw_key, point_colours
from cosmouline.plots.scaling import finite, robust_limits, root_mean_square
from cosmouline.robust import median_of_finite

import numpy as np

# half heights of the panels to choose from
SPANS_PERCENT = (0.2, 0.5, 1, 2, 3, 5, 10, 20, 30, 50, 100)
HELD = 97.0  # percentage of the points of a star that its panel must hold
VARIABLE = 4.0  # a star that needs so many times the height of the median one does not count
MARGIN = 1.12  # the panels extend a little beyond their last tick
LEAST_SPAN = 0.01  # of coefficients that are all the same
ROW_IN = 0.74
MAX_HEIGHT_IN = 30.0


def percent_deviation(flux):
    """Deviation of fluxes from their median, in percent of it.

    Parameters
    ----------
    flux : array of float, shape (n_stars, n)
        Normalised fluxes in any unit; NaN where a star was not measured.

    Returns
    -------
    ndarray of float, shape (n_stars, n)
        NaN where the flux is NaN, or where the median is not positive.
    """
    flux = np.asarray(flux, dtype=float)
    medians = median_of_finite(np.where(np.isfinite(flux), flux, np.nan), axis=1)[:, None]
    return 100 * (flux / np.where(medians > 0, medians, np.nan) - 1)


def span_percent(deviations, judged=None):
    """Half height of panels that holds 97 % of every star but those that vary.

    Parameters
    ----------
    deviations : array of float, shape (n_stars, n)
        In percent; NaN are left out.
    judged : array of float, shape (n_stars, n), optional
        Deviations of the same stars that tell which of them vary; None: `deviations`.

    Returns
    -------
    float
        One of `SPANS_PERCENT`; 10 where there are no values.
    """
    # height that each star needs; then the largest of those that do not vary
    needed, own = (np.array([np.percentile(size, HELD) if size.size else np.nan for size in
                             (np.abs(finite(star)) for star in np.atleast_2d(values))])
                   for values in (deviations, deviations if judged is None else judged))
    varies = own > VARIABLE * median_of_finite(own)
    height = np.max(finite(needed[~varies]), initial=-1.0)
    if height < 0:
        return 10
    return next((span for span in SPANS_PERCENT if span >= height), SPANS_PERCENT[-1])


@style.styled
def star_curve(ax, mhjd, deviation, span, colour=None, sigma=None):
    """Draw the deviations of one star; at the right their rms, and how many lie outside.

    Parameters
    ----------
    ax : Axes
    mhjd : array of float, shape (n,)
        Days.
    deviation : array of float, shape (n,)
        In percent, from `percent_deviation`.
    span : float
        Half height of the panel in percent.
    colour : optional
        As in `light_curve`.
    sigma : array of float, shape (n,), optional
        Errors in percent.
    """
    ax.axhline(0.0, color=style.FAINT, linewidth=0.7, zorder=1)
    limits = (-MARGIN * span, MARGIN * span)
    time_series(ax, mhjd, deviation, sigma, colour, limits=limits, calendar=False, show_key=False)
    values = finite(deviation)
    if values.size == 0:
        return
    ax.set_yticks([-span, 0, span])
    n_out = int((np.abs(values) > limits[1]).sum())
    # the rms above the middle of the panel, the number below it
    notes = [(f"{style.short(root_mean_square(values))} %", 6, style.INK)]
    notes += [(f"{n_out} outside", -6, style.ACCENT)] if n_out else []
    for text, height_pt, shade in notes:
        ax.annotate(text, (1, 0.5), (6, height_pt), xycoords="axes fraction",
                    textcoords="offset points", va="center", fontsize=8, color=shade)


@style.styled
def star_curves_page(mhjd, after, names, before=None, colour=None, colour_label="", span=None,
                     title="", sigma=None):
    """Page of star curves, one row per star, a column on one scale; returns the Figure.

    Parameters
    ----------
    mhjd : array of float, shape (n,)
        Days.
    after, before : array of float, shape (n_stars, n)
        Fluxes with the coefficient and without it (None: one column), in any unit.
    names : sequence of str
        Of the stars.
    colour : array of float or of str, shape (n,), optional
        Quantity that colours the points: airmass, seeing.
    colour_label : str
        Its label with the unit.
    span : float, optional
        Half height of all panels in percent; None: `span_percent` of each column, without the
        stars that vary after the normalisation.
    title : str
    sigma : array of float, shape (n_stars, n), optional
        Errors of the fluxes, as a fraction of them.
    """
    columns = [("before", before), ("after", after)] if before is not None else [("", after)]
    n_rows = max(len(names), 1)
    size = (style.PAGE_WIDTH_IN, min(1.5 + ROW_IN * n_rows, MAX_HEIGHT_IN))
    page, axes = style.figure(len(columns), n_rows, size, sharex=True, sharey="col", squeeze=False)
    page.get_layout_engine().set(hspace=0, h_pad=0.03)
    style.title_page(page, title)
    shape = len(names), np.size(mhjd)
    judged = percent_deviation(np.reshape(after, shape))
    sigma = 100 * np.reshape(np.full(shape, np.nan) if sigma is None else sigma, shape)
    for panels, (heading, flux) in zip(axes.T, columns, strict=True):
        deviations = percent_deviation(np.reshape(flux, shape))
        half = span or span_percent(deviations, judged)
        for ax, deviation, error in zip(panels, deviations, sigma, strict=False):
            star_curve(ax, mhjd, deviation, half, colour, error)
            ax.set_xlabel("")
        day_ticks(panels[-1])
        # the calendar and the typical rms above the column
        typical = finite([root_mean_square(deviation) for deviation in deviations])
        if typical.size:
            calendar_axis(panels[0])
            note = f"median of the rms {style.short(np.median(typical))} %"
            panels[0].set_title(f"{heading}:  {note}" if heading else note)
    for ax, name in zip(axes[:, 0], names, strict=False):
        ax.set_ylabel(style.safe_text(name), rotation=0, ha="right", va="center")
    page.supylabel("deviation from the median (%)", fontsize=9)
    draw_common_key(list(axes.flat), point_colours(colour, np.size(mhjd))[1], colour_label)
    return page


@style.styled
def coefficient_page(mhjd, coefficient, coefficient_sigma=None, medcoeff=None, by_set=None,
                     title="", label="coefficient"):
    """Page of a coefficient: against the days, and compared with the first coefficient.

    Parameters
    ----------
    mhjd : array of float, shape (n,)
        Days.
    coefficient, coefficient_sigma : array of float, shape (n,)
        Larger is a fainter image; NaN where there is none.
    medcoeff : array of float, shape (n,), optional
        The coefficient to compare with; None: the first panel alone.
    by_set : array of float or str, shape (n,), optional
        Colours the points, such as the set of each image.
    title, label : str
        Of the page; name of the coefficient.

    Returns
    -------
    Figure
        With `medcoeff` also one against the other, with the line of equality, and their ratio
        against the days and as a function of medcoeff.
    """
    compared = medcoeff is not None
    rows, cols = (2, 2) if compared else (1, 1)
    size = (style.PAGE_WIDTH_IN, 8.0 if compared else 4.2)
    ratios = (2.3, 1) if compared else None
    page, axes = style.figure(cols, rows, size, squeeze=False, width_ratios=ratios)
    style.title_page(page, title)
    look = {"colour": by_set, "least_span": LEAST_SPAN}
    time_series(axes[0, 0], mhjd, coefficient, coefficient_sigma, show_key=not compared, **look)
    label = style.safe_text(label)
    axes[0, 0].set_ylabel(label)
    if compared:
        ratio = np.asarray(coefficient, dtype=float) / np.asarray(medcoeff, dtype=float)
        error = None if coefficient_sigma is None else (
            np.asarray(coefficient_sigma, dtype=float) / np.asarray(medcoeff, dtype=float))
        time_series(axes[1, 0], mhjd, ratio, error, calendar=False, show_key=False, **look)
        axes[1, 0].set_ylabel(f"{label} / medcoeff")
        against(axes[0, 1], medcoeff, coefficient, by_set, equality=True)
        against(axes[1, 1], medcoeff, ratio, by_set)
        draw_key(axes[0, 1], point_colours(by_set, np.size(mhjd))[1], "set")
        axes[0, 1].set(xlabel="medcoeff", ylabel=label)
        axes[1, 1].set(xlabel="medcoeff", ylabel=f"{label} / medcoeff")
        for ax in axes[1]:
            ax.axhline(1.0, color=style.FAINT, linewidth=0.7, zorder=1)
    return page


@style.styled
def against(ax, x, y, colour=None, equality=False):
    """Draw one quantity against another; points where one of them is NaN are left out.

    Parameters
    ----------
    ax : Axes
    x, y : array of float, shape (n,)
    colour : optional
        As in `light_curve`.
    equality : bool
        Whether to draw the line y = x.
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    kept = np.isfinite(x) & np.isfinite(y)
    if not kept.any():
        style.no_data(ax)
        return
    shades = point_colours(colour, x.size)[0][kept]
    area = float(np.clip(5000 / kept.sum(), 4.0, 20.0))
    ax.scatter(x[kept], y[kept], s=area, c=shades, linewidths=0, zorder=3)
    limits = [robust_limits(values[kept], LEAST_SPAN) for values in (x, y)]
    if equality:
        # both axes have the same limits, the line goes from corner to corner
        ends = min(limits[0][0], limits[1][0]), max(limits[0][1], limits[1][1])
        limits = [ends, ends]
        ax.plot(ends, ends, color=style.FAINT, linewidth=0.7, zorder=1)
    ax.set(xlim=limits[0], ylim=limits[1])
