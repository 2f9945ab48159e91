"""The calendar above a plot whose horizontal axis is in days (MJD or MHJD)."""

from cosmouline import library
from cosmouline.plots import style

import numpy as np

ticker = library("matplotlib.ticker")

MJD_OF_EPOCH = 40587  # 1970-01-01, where the dates of numpy start to count
FIRST_MJD, LAST_MJD = -678000.0, 2970000.0  # years 2 to 9990: a calendar needs four digits
NIGHT_D = 1.0  # a shorter axis is in hours
HOUR_STEPS = (1 / 60, 1 / 12, 1 / 6, 0.25, 0.5, 1, 2, 3, 6)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAYS = {"D": 1, "M": 30.4, "Y": 365.2}  # about, of the units of numpy
LABEL_IN = {"D": 0.85, "M": 0.70, "Y": 0.42}  # width of a label
STEPS = (("D", 1), ("D", 2), ("D", 5), ("D", 10), ("M", 1), ("M", 2), ("M", 3), ("M", 6), ("Y", 1),
         ("Y", 2), ("Y", 5), ("Y", 10), ("Y", 50), ("Y", 100), ("Y", 500), ("Y", 1000))


def calendar_ticks(low_mjd, high_mjd, width_in=10.0):
    """Days on which a day, month or year of the calendar begins, as many as find room.

    Parameters
    ----------
    low_mjd, high_mjd : float
        Ends of the axis, in days.
    width_in : float
        Length of the axis in inches.

    Returns
    -------
    mjd : ndarray of float
        At 0 h UT; none outside of the years 2 to 9990.
    labels : list of str
        Such as "2012", "Apr 2012" or "3 Apr 2012".
    """
    if not FIRST_MJD < low_mjd < high_mjd < LAST_MJD:
        return np.array([]), []
    ends = np.floor([low_mjd, high_mjd]).astype(int) - MJD_OF_EPOCH
    # the finest step whose labels find room
    for unit, step in STEPS:
        if (high_mjd - low_mjd) / (step * DAYS[unit]) > 10_000:
            continue
        # round years, not years since 1970
        offset = 1970 if unit == "Y" else 0
        first, last = ends.astype("datetime64[D]").astype(f"datetime64[{unit}]").astype(int)
        first = -(-(first + offset) // step) * step - offset
        dates = np.arange(first, last + 1, step).astype(f"datetime64[{unit}]")
        dates = dates.astype("datetime64[D]")
        mjd = dates.astype(float) + MJD_OF_EPOCH
        inside = (mjd >= low_mjd) & (mjd <= high_mjd)
        if inside.sum() * LABEL_IN[unit] <= width_in:
            break
    labels = []
    for date in dates[inside].astype(str):
        year, month, day = map(int, date.split("-"))
        words = [day, MONTHS[month - 1], year][{"D": 0, "M": 1, "Y": 2}[unit] :]
        labels.append(" ".join(map(str, words)))
    return mjd[inside], labels


@style.styled
def calendar_axis(ax):
    """Draw the calendar on top of an Axes whose horizontal axis is in days, for its limits.

    Called again after the limits have changed it draws the calendar again.
    """
    for old in [child for child in ax.child_axes if child.get_gid() == "calendar"]:
        old.remove()
    top = ax.secondary_xaxis("top")
    top.set_gid("calendar")
    width_in = ax.get_position().width * ax.figure.get_size_inches()[0]
    ticks, labels = calendar_ticks(*sorted(ax.get_xlim()), width_in)
    top.set_xticks(ticks, labels)
    ax.tick_params(axis="x", which="both", top=False)


@style.styled
def day_ticks(ax):
    """Label an Axes whose data are days: integer days, or hours where it is shorter than a day."""
    low, high = sorted(ax.get_xlim())
    width_in = ax.get_position().width * ax.figure.get_size_inches()[0]
    # as many ticks as find room for five digits
    n = int(np.clip(width_in / 0.9, 2, 9))
    if high - low >= NIGHT_D or ax.get_autoscalex_on():  # the latter: nothing is drawn
        ax.xaxis.set_major_locator(ticker.MaxNLocator(n, integer=True, steps=[1, 2, 5, 10]))
        ax.xaxis.set_major_formatter(ticker.ScalarFormatter(useOffset=False))
        ax.set_xlabel("MHJD (days)")
        return
    day, hours = int(np.floor(low)), 24 * (high - low)
    step = next((step for step in HOUR_STEPS if hours / step <= n), HOUR_STEPS[-1])
    ax.xaxis.set_major_locator(ticker.MultipleLocator(step / 24))
    ax.xaxis.set_major_formatter(lambda x, _: f"{24 * (x - day):.4g}")
    ax.set_xlabel(f"hours from MHJD {day} ({np.datetime64(day - MJD_OF_EPOCH, 'D')})")
