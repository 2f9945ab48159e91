"""Light curves: one drawing function for all quick-looks, and what arranges several of them."""

from cosmouline import library
from cosmouline.plots import style
from cosmouline.plots.date_axis import NIGHT_D, calendar_axis, day_ticks
from cosmouline.plots.point_colours import draw_key, point_colours
from cosmouline.plots.scaling import finite, padded_limits, robust_limits

import numpy as np

collections = library("matplotlib.collections")

MIN_MAG_SPAN = 0.05  # a flat curve is not enlarged to its noise
MIN_DAY_SPAN = 4.0
MIN_NIGHT_SPAN = 0.02  # days, of the points of one night
MANY = 3000  # so many bars are drawn fainter
FEW = 500  # so many bars have caps
COMMON_MARGIN = 0.03  # of the width of several curves, beyond what each has of its own
EDGE = 0.018  # height of the arrows, as a fraction of the Axes


@style.styled
def light_curve(ax, mhjd, mag, mag_sigma, colour=None, colour_label="", label="", flag=None,
                mag_limits=None, calendar=True, show_key=True, caps=False):
    """Draw a light curve with its error bars: magnitudes upside down, calendar on top.

    Parameters
    ----------
    ax : Axes
        May hold other curves already: the limits then grow to hold all of them.
    mhjd : array of float, shape (n,)
        Days, HJD - 2400000.5.
    mag, mag_sigma : array of float, shape (n,)
        Points where the day or the magnitude is NaN are left out, and bars where the error is
        NaN; `mag_sigma` None draws none.
    colour : colour, array of float or array of str, optional
        One colour for all points; or a quantity of shape (n,), shown on a colour scale between
        its 2nd and 98th percentile; or names (of sets), one colour each. See `point_colours`.
    colour_label : str
        Label of the colour scale, or heading of the names.
    label : str
        Name of the curve, for the legend.
    flag : array of bool, shape (n,), optional
        True is a good point (full), False one that is masked (open). Masked points do not count
        for the limits.
    mag_limits : (float, float), optional
        Brightest and faintest end of the axis. None: all good points but outliers; what lies
        outside is shown by a small arrow at the edge. Give it when curves share the Axes.
    calendar, show_key : bool
        Whether to draw the calendar above, and the explanation of the colours at the right.
    caps : bool
        Whether the bars end in caps, which are seen where a bar is shorter than its point; up to
        `FEW` points of one colour have them.
    """
    ax.yaxis.set_inverted(True)
    ax.set_ylabel("instrumental magnitude")
    time_series(ax, mhjd, mag, mag_sigma, colour, colour_label, label, flag, mag_limits,
                MIN_MAG_SPAN, calendar, show_key, caps)


@style.styled
def time_series(ax, mhjd, values, sigma=None, colour=None, colour_label="", label="", flag=None,
                limits=None, least_span=0.0, calendar=True, show_key=True, caps=False):
    """Draw any quantity against the days, as `light_curve` draws magnitudes.

    Parameters
    ----------
    ax : Axes
        With an inverted vertical axis it stays inverted.
    mhjd, values, sigma : array of float, shape (n,)
        Days, quantity and its errors (None: no bars).
    least_span : float
        Smallest height of the limits that are found.
    colour, colour_label, label, flag, limits, calendar, show_key, caps
        As in `light_curve`, `limits` being its `mag_limits`.
    """
    is_first = not ax.collections
    shades, key = point_colours(colour, np.size(values))
    # points with a day and a value
    mhjd, values = np.asarray(mhjd, dtype=float), np.asarray(values, dtype=float)
    sigma = np.full(values.shape, np.nan) if sigma is None else np.asarray(sigma, dtype=float)
    is_good = np.ones(values.shape, dtype=bool) if flag is None else np.asarray(flag, dtype=bool)
    kept = np.isfinite(mhjd) & np.isfinite(values)
    mhjd, values, sigma, shades, is_good = (
        column[kept] for column in (mhjd, values, sigma, shades, is_good))
    # points, open where they are masked, small where they are many
    ax.scatter(mhjd, values, s=float(np.clip(5000 / max(values.size, 1), 4.0, 20.0)),
               facecolors=np.where(is_good[:, None], shades, 1.0), edgecolors=shades,
               linewidths=0.7, label=style.safe_text(label), zorder=3)
    # error bars behind them
    has_bar = np.isfinite(sigma)
    ends = [np.column_stack([mhjd, values + sign * sigma])[has_bar] for sign in (-1, 1)]
    ax.add_collection(collections.LineCollection(
        np.stack(ends, axis=1), colors=shades[has_bar], linewidths=1.0,
        alpha=0.8 if mhjd.size < MANY else 0.15, zorder=2), autolim=False)
    if caps and key is None and 0 < has_bar.sum() < FEW:
        for end in ends:
            ax.plot(*end.T, "_", color=shades[0], markersize=7, alpha=0.8,
                    zorder=2, scalex=False, scaley=False)
    # limits by the good points, or by all of them if none is good
    counted = is_good if is_good.any() else np.ones_like(is_good)
    _set_limits(ax, mhjd, values[counted], sigma[counted], limits, least_span)
    _mark_outside(ax, mhjd, values, shades)
    ax.set_xlabel("MHJD (days)")
    if values.size:
        day_ticks(ax)
        if calendar:
            calendar_axis(ax)
    elif is_first:
        style.no_data(ax)
    if show_key:
        draw_key(ax, key, colour_label)


def _set_limits(ax, mhjd, values, sigma, limits, least_span):
    """Limits that hold these values and what was drawn before."""
    if mhjd.size:
        _grow(ax, "x", day_limits_of(mhjd))
    if limits is not None:
        _set(ax, "y", limits)
    elif values.size:
        bar = _bars(sigma)
        low, high = robust_limits(values, max(least_span, bar))
        # bars end inside, but for those of points outside and much larger ones than the others
        inside = (values >= low) & (values <= high) & (sigma < bar)
        ends = np.concatenate([values[inside] - 1.2 * sigma[inside],
                               values[inside] + 1.2 * sigma[inside]])
        _grow(ax, "y", (np.min(ends, initial=low - bar / 4), np.max(ends, initial=high + bar / 4)))


def day_limits_of(mhjd):
    """Limits of an axis in days; the points of one night lie apart, on an axis in hours."""
    least = MIN_NIGHT_SPAN if 0 < np.ptp(finite(mhjd)) < NIGHT_D / 2 else MIN_DAY_SPAN
    return padded_limits(mhjd, 0.015, least)


def _bars(sigma):
    """Four typical error bars; 0 where there are none."""
    # 4 is a bar on both sides and as much room
    sizes = finite([] if sigma is None else sigma)
    return 4 * np.median(sizes) if sizes.size else 0.0


def _grow(ax, axis, limits):
    """Set the limits of an axis; where they are set already, let them only grow."""
    if not getattr(ax, f"get_autoscale{axis}_on")():
        limits = np.concatenate([limits, getattr(ax, f"get_{axis}lim")()])
    _set(ax, axis, (min(limits), max(limits)))


def _set(ax, axis, limits):
    """Set the limits of an axis, unless it has them: each Axes that shares it would follow."""
    limits = tuple(sorted(limits, reverse=bool(getattr(ax, f"{axis}axis_inverted")())))
    if limits != tuple(getattr(ax, f"get_{axis}lim")()) or getattr(
            ax, f"get_autoscale{axis}_on")():
        getattr(ax, f"set_{axis}lim")(*limits)


def _mark_outside(ax, mhjd, values, shades):
    """Draw arrows at the edge for the points that lie beyond it."""
    bottom, top = ax.get_ylim()
    upwards = np.sign(top - bottom)
    for is_out, height, marker in ((upwards * (values - top) > 0, 1 - EDGE, "^"),
                                   (upwards * (values - bottom) < 0, EDGE, "v")):
        if is_out.any():
            ax.scatter(mhjd[is_out], np.full(is_out.sum(), height), s=16, marker=marker,
                       c=shades[is_out], linewidths=0, transform=ax.get_xaxis_transform(),
                       zorder=4)


def separating_shifts(mags, gap_mag=0.1):
    """Shifts in magnitudes that separate curves which would lie on each other.

    Parameters
    ----------
    mags : array of float, shape (n_sources, n)
        NaN are left out. Curves are stacked in the order of their medians, brightest first.
    gap_mag : float
        Room left between the 5-95 % ranges of neighbours.

    Returns
    -------
    ndarray, shape (n_sources,)
        To be added to the magnitudes, in steps of 0.05; 0 for the brightest, and never negative.
    """
    # 5-95 % range of each curve, and from the brightest on the room that it needs
    ranges = [np.percentile(values, (5, 95)) if values.size else (0.0, 0.0)
              for values in map(finite, mags)]
    shifts, floor = np.zeros(len(mags)), -np.inf
    for index in np.argsort([np.mean(ends) for ends in ranges]):
        low, high = ranges[index]
        shifts[index] = max(0.0, np.ceil((floor + gap_mag - low) / 0.05) * 0.05)
        floor = max(floor, high + shifts[index])
    return shifts


def common_limits(mags, flag=None, mag_sigmas=None):
    """Limits for curves that share an Axes: each counts without its own outliers.

    Parameters
    ----------
    mags : array of float, shape (n_sources, n)
        NaN are left out.
    flag : array of bool, shape (n,), optional
        False is a masked epoch, which does not count.
    mag_sigmas : array of float, shape (n_sources, n), optional
        Errors: the limits are at least four typical ones apart.

    Returns
    -------
    (float, float) or None
        Brightest and faintest end; None where there is no point.
    """
    mags = np.asarray(mags, dtype=float)
    good = np.ones(mags.shape[1], dtype=bool) if flag is None else np.asarray(flag, dtype=bool)
    # if no epoch is good, all count
    if not good.any():
        good = ~good
    least = max(MIN_MAG_SPAN, _bars(mag_sigmas))
    ends = [robust_limits(mag[good], least) for mag in mags if finite(mag[good]).size]
    return padded_limits(ends, COMMON_MARGIN) if ends else None
