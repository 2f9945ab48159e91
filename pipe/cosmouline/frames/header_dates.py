"""The middle of an exposure from its header, by the recipes of the telescope's description."""

from decimal import Decimal
from typing import NamedTuple

from cosmouline import dates
from cosmouline.errors import ImageRejected
from cosmouline.frames.header_values import first_text, text_of

DATES_AGREE_WITHIN_S = 60.0
MOMENT_TO_MID = {"start": 0.5, "mid": 0.0, "end": -0.5}
NUMBERS = {"mjd": dates.mjd_to_mjd, "jd": dates.jd_to_mjd, "unix": dates.unix_to_mjd}


class MidExposure(NamedTuple):
    """Middle of an exposure (MJD, UTC), and the time zone that its card names (or None)."""

    mjd: float
    zone_h: float | None
    notes: tuple
    flags: tuple


class _Moment(NamedTuple):
    """A date as read: MJD, whether it is UTC for sure, and the card."""

    mjd: float
    is_utc: bool
    keyword: str
    text: str


def mid_exposure(header, telescope, exptime_s, zone_h):
    """Find the middle of an exposure, and compare it with the second opinion of the header.

    Parameters
    ----------
    header : Header
    telescope : Telescope
        Its recipes are tried in order; the first whose cards are there wins, also where they hold
        an impossible date.
    exptime_s : float
    zone_h : float
        Hours that the camera's clock is ahead of UTC, for dates that name no zone.

    Returns
    -------
    MidExposure

    Raises
    ------
    ImageRejected
        If no date can be read.
    """
    for recipe in telescope.date:
        moment = _read_moment(header, recipe, zone_h)
        if moment:
            break
    else:
        keywords = dict.fromkeys(keyword for entry in telescope.date for keyword in entry.date)
        raise ImageRejected(f"no date in the header: no usable {', nor '.join(keywords)}")
    # All dates are compared in UTC, at the middle of the exposure
    flags = []
    mjd = _to_mid(header, telescope, recipe, moment, exptime_s, flags)
    # A date that contradicts the MJD card beyond the digits that this card has is flagged
    check = telescope.date_check
    other = check and _read_moment(header, check, 0.0)
    if other and other.keyword != moment.keyword:
        other_mjd = _to_mid(header, telescope, check, other, exptime_s, flags)
        difference_s = abs(other_mjd - mjd) * dates.SECONDS_PER_DAY
        digits_s = dates.SECONDS_PER_DAY * 10.0 ** Decimal(other.text).as_tuple().exponent
        if difference_s > DATES_AGREE_WITHIN_S + digits_s:
            flags.append(f"{moment.keyword} and {other.keyword} differ by "
                         f"{difference_s / 60.0:.1f} min: is one of them local time? "
                         f"{moment.keyword} is used")
    flags.append(dates.plausible(mjd))
    note = f"date: {recipe.note}" if recipe.note else ""
    if recipe.recipe == "day":
        flags.append(note or f"date: {moment.keyword} has no time of day")
    return MidExposure(mjd, dates.zone_hours(moment.text), (note,) if note else (),
                       tuple(dict.fromkeys(flag for flag in flags if flag)))


def _read_moment(header, recipe, zone_h):
    """Read the cards of a recipe; None where they are missing or of another form."""
    if recipe.recipe == "fixed":
        return _Moment(dates.iso_to_mjd(recipe.date[0], 0.0), True, "no card", recipe.date[0])
    for keyword in recipe.date:
        text = text_of(header, keyword)
        if text is None:
            continue
        try:
            moment = _moment_of(header, recipe, keyword, text, zone_h)
        except ValueError as error:
            raise ImageRejected(f"date: {keyword} = {text!r}: {error}") from None
        if moment is None:
            continue
        # It must fit the card that gives the day alone (of the evening, or local)
        day = first_text(header, recipe.same_day_as)
        if not day or not dates.is_day_only(day[0]):
            return moment
        try:
            if -1.0 < moment.mjd - dates.day_to_mjd(day[0]) < 2.0:
                return moment
        except ValueError as error:
            raise ImageRejected(f"date: {day[1]} = {day[0]!r}: {error}") from None
    return None


def _moment_of(header, recipe, keyword, text, zone_h):
    """Read one card by a recipe; None where it is of another form, ValueError for no such date."""
    kind, is_utc = recipe.recipe, zone_h != 0.0
    if kind in NUMBERS:  # a number of days or seconds
        return _Moment(NUMBERS[kind](text), kind == "unix", keyword, text) if (
            _is_number(text)) else None
    if kind == "iso":  # date and time in one card
        if dates.is_day_only(text) or _is_number(text):
            return None
        is_utc = is_utc or dates.zone_hours(text) is not None
        return _Moment(dates.iso_to_mjd(text, zone_h), is_utc, keyword, text)
    if not dates.is_day_only(text):
        return None
    if kind == "day":  # its midnight
        return _Moment(dates.day_to_mjd(text) - zone_h / 24.0, is_utc, keyword, text)
    if kind == "day_seconds":  # the second card has the seconds of the day
        found = first_text(header, recipe.time)
        if not found:
            return None
        mjd = dates.day_seconds_to_mjd(text, found[0], zone_h)
        return _Moment(mjd, is_utc, keyword, f"{text} {found[0]} s")
    # "split": the second card has the time of the day, or date and time
    clocks = ((text_of(header, time_keyword), time_keyword) for time_keyword in recipe.time)
    clock, time_keyword = next((c for c in clocks if c[0] and ":" in c[0]), (None, None))
    if clock is None:
        return None
    is_utc = is_utc or dates.zone_hours(clock) is not None
    if "T" in clock:
        return _Moment(dates.iso_to_mjd(clock, zone_h), is_utc, time_keyword, clock)
    return _Moment(dates.split_to_mjd(text, clock, zone_h), is_utc, keyword, f"{text} {clock}")


def _to_mid(header, telescope, recipe, moment, exptime_s, flags):
    """Convert a date to UTC and to the middle of the exposure."""
    system = text_of(header, "TIMESYS") or telescope.time_system
    mjd = moment.mjd
    if not moment.is_utc:
        try:
            mjd = dates.to_utc(mjd, system)
        except ValueError:
            flags.append(f"TIMESYS = {system!r} is not known: {moment.keyword} is taken as UTC")
    return mjd + MOMENT_TO_MID[recipe.moment] * exptime_s / dates.SECONDS_PER_DAY


def _is_number(text):
    """Return whether a text is a plain number."""
    try:
        float(text)
    except ValueError:
        return False
    return True
