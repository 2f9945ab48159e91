"""The calendar above a plot whose horizontal axis is in days (MJD or MHJD)."""

from cosmouline.plots import style

import numpy as np

MJD_OF_EPOCH = 40587  # 1970-01-01, where the dates of numpy start to count
FIRST_MJD, LAST_MJD = -678000.0, 2970000.0  # years 2 to 9990: a calendar needs four digits
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
STEPS = (  # unit of numpy, number of them, width of a label in inches
    ("D", 1, 0.85), ("D", 2, 0.85), ("D", 5, 0.85), ("D", 10, 0.85),
    ("M", 1, 0.70), ("M", 2, 0.70), ("M", 3, 0.70), ("M", 6, 0.70),
    ("Y", 1, 0.42), ("Y", 2, 0.42), ("Y", 5, 0.42), ("Y", 10, 0.42), ("Y", 50, 0.42),
    ("Y", 100, 0.42), ("Y", 500, 0.42), ("Y", 1000, 0.42),
)  # fmt: skip


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
    for unit, step, label_in in STEPS:
        if (high_mjd - low_mjd) / (step * {"D": 1, "M": 30.4, "Y": 365.2}[unit]) > 10_000:
            continue
        starts = _starts(low_mjd, high_mjd, unit, step)
        if len(starts) * label_in <= width_in:
            break
    mjd = starts.astype("datetime64[D]").astype(float) + MJD_OF_EPOCH
    return mjd, [_label(date, unit) for date in starts.astype("datetime64[D]").astype(str)]


def _starts(low_mjd, high_mjd, unit, step):
    """Beginnings of every `step`-th unit of the calendar inside the limits."""
    days = np.array([np.floor(low_mjd), np.floor(high_mjd)], dtype=int) - MJD_OF_EPOCH
    first, last = days.astype("datetime64[D]").astype(f"datetime64[{unit}]").astype(int)
    offset = 1970 if unit == "Y" else 0  # round years, not years since 1970
    first = -(-(first + offset) // step) * step - offset
    starts = np.arange(first, last + 1, step).astype(f"datetime64[{unit}]")
    mjd = starts.astype("datetime64[D]").astype(float) + MJD_OF_EPOCH
    return starts[(mjd >= low_mjd) & (mjd <= high_mjd)]


def _label(date, unit):
    """Text of a date that is given as year-month-day."""
    year, month, day = date.split("-")
    texts = {"Y": "", "M": f"{MONTHS[int(month) - 1]} "}
    return f"{texts.get(unit, f'{int(day)} {MONTHS[int(month) - 1]} ')}{int(year)}"


@style.styled
def calendar_axis(ax):
    """Draw the calendar on top of an Axes whose horizontal axis is in days, for its limits.

    Called again after the limits have changed it draws the calendar anew.
    """
    for old in [child for child in ax.child_axes if child.get_gid() == "calendar"]:
        old.remove()
    top = ax.secondary_xaxis("top")
    top.set_gid("calendar")
    width_in = ax.get_position().width * ax.figure.get_size_inches()[0]
    ticks, labels = calendar_ticks(*sorted(ax.get_xlim()), width_in)
    top.set_xticks(ticks, labels)
    ax.tick_params(axis="x", which="both", top=False)
