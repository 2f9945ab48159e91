"""The middle of an exposure from its header, by the recipes of the telescope's description."""

import contextlib
import re
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from cosmouline import dates
from cosmouline.errors import ImageRejected
from cosmouline.frames.header_values import comment_of, first_text, text_of
from cosmouline.frames.telescope_yaml import CrossChecks

DATES_AGREE_WITHIN_S = 60.0
WIN_WITHIN_S = 2.0  # of the dates that say which moment they are of
ZONES_OF_UTC = ("UTC", "UT", "GMT", "Z")
MOMENT_TO_MID = {"start": 0.5, "mid": 0.0, "end": -0.5}
NO_TIME = re.compile(r"[T ]00:00:00(\.0*)?$")  # of a program that knows the day alone
NO_SECONDS = re.compile(r"[T ]\d\d?:\d\d?(Z|[+-]\d\d:?\d\d)?$")
ZONE_CARDS = ("TIMEZONE", "TIMEZON", "TIME-ZON", "TZ", "UTCOFF", "UTC-OFF", "UTCOFFS",
              "UTCOFFSET", "UTC_OFFS", "TZOFFSET", "GMTOFFS")
QUARTER_S = 900.0  # time zones are whole numbers of it
MORNING_D = 0.6  # a time of the day in UTC before it may be of the night of the day before
LARGEST_ZONE_D = 15.0 / 24.0  # dates that differ by more are not of two time zones
# What the comments of dates say
IS_START = re.compile(r"\b(start|begin|open)", re.IGNORECASE)
MOMENTS_OF_COMMENTS = {"mid": re.compile(r"\bmid(dle|point|time|-?exp\w*)?\b", re.IGNORECASE),
                       "end": re.compile(r"\b(end|stop|close)(s|ed|ing)?\b", re.IGNORECASE)}
IS_LOCAL = re.compile(r"^(?!.*\b(UTC?|GMT)\b).*\blocal\b", re.IGNORECASE)
SAYS_WHICH = re.compile(r"STA|BEG|END|STOP|STP")  # a card of the time of day that names its moment
LOCAL_CARDS = ("DATE-LOC", "DATE_LOC", "LOCALTIM", "LOC-TIME", "LTOBS")
DAY_NUMBERS = {"mjd": ("MJD-OBS", "MJD_OBS", "MJD", "MJD-AVG"),
               "jd": ("JD", "JD-OBS", "JD_UTC", "JULDATE")}
NUMBERS = {"mjd": dates.mjd_to_mjd, "jd": dates.jd_to_mjd, "unix": dates.unix_to_mjd}


class MidExposure(NamedTuple):
    """Middle of an exposure (MJD, UTC), and the time zone that its card names (or None)."""

    mjd: float
    zone_h: float | None
    notes: tuple
    flags: tuple


class _Moment(NamedTuple):
    """A date as read: MJD, whether it is UTC for sure, the card; what is suspicious, or None."""

    mjd: float
    is_utc: bool
    keyword: str
    text: str
    flag: str | None = None
    is_split: bool = False  # day and time from two cards


def mid_exposure(header, telescope, exptime_s, zone_h):
    """Find the middle of an exposure, and compare it with the other dates of the header.

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
    flags = [moment.flag] if moment.flag else []
    mjd = _to_mid(header, telescope, recipe, moment, exptime_s, flags)
    mjd, moment = _cross_checked(header, telescope, moment, mjd, exptime_s, zone_h, flags)
    flags.insert(0, dates.plausible(mjd))
    is_day = recipe.recipe == "day" and dates.is_day_only(moment.text)
    note = f"date: {recipe.note}" if recipe.note and (is_day or recipe.recipe != "day") else ""
    if is_day:
        flags.append(note or f"date: {moment.keyword} has no time of day")
    if NO_SECONDS.search(moment.text):
        flags.append(f"{moment.keyword} = {moment.text!r} has no seconds: known to a minute")
    return MidExposure(mjd, dates.zone_hours(moment.text), (note,) if note else (),
                       tuple(dict.fromkeys(flag for flag in flags if flag)))


def _cross_checked(header, telescope, moment, mjd, exptime_s, zone_h, flags):
    """Compare a date with all others of the header; return the one to use, with flags."""
    checks = telescope.cross_checks or CrossChecks()
    own = [recipe for recipe in (telescope.date_check, *telescope.date)
           if recipe and recipe.recipe in NUMBERS]
    known = {keyword for recipe in own for keyword in recipe.date}
    compared, n_agree = {moment.text}, 0
    for recipe, is_winner in (*((one, True) for one in checks.dates_that_win),
                              *((one, False) for one in (*own, *checks.dates))):
        # What the description itself says of a card counts more than the general table
        if recipe.recipe in NUMBERS and recipe not in own:
            recipe = replace(recipe, date=tuple(one for one in recipe.date if one not in known))
        try:
            other = _read_moment(header, recipe, zone_h if recipe.recipe == "split" else 0.0)
            other_mjd = other and _to_mid(header, telescope, recipe, other, exptime_s, [])
        except ImageRejected as error:
            flags.append(f"{error}: not compared")
            continue
        if other and other.text == moment.text and recipe.moment == "end" and exptime_s > 1:
            flags.append(f"{moment.keyword} and {other.keyword} are the same: is {moment.keyword} "
                         "the end of the exposure?")
        if other is None or other.text in compared:
            continue
        compared.add(other.text)
        # Numbers are written with few digits, and a Julian date may be of any moment
        within_s = WIN_WITHIN_S if is_winner else DATES_AGREE_WITHIN_S
        if recipe.recipe in NUMBERS:
            digits = Decimal(other.text).as_tuple().exponent
            within_s += dates.SECONDS_PER_DAY * 10.0**digits if recipe.recipe != "unix" else 1.0
        if recipe.recipe == "clock" and SAYS_WHICH.search(other.keyword):
            within_s = DATES_AGREE_WITHIN_S  # by other clocks
        elif recipe.recipe in ("jd", "clock"):
            within_s += exptime_s
        difference_s = (other_mjd - mjd) * dates.SECONDS_PER_DAY
        if abs(difference_s) <= within_s:
            n_agree += 1
            continue
        wins = _wins(recipe, is_winner, moment, mjd, other, other_mjd, exptime_s, within_s)
        used = other if wins else moment
        is_end = recipe.recipe == "clock" and abs(
            difference_s + exptime_s) <= DATES_AGREE_WITHIN_S
        hint = (f"is {moment.keyword} the end of the exposure? " if is_end else
                "" if wins or abs(other_mjd - mjd) > LARGEST_ZONE_D else
                "is one of them local time? ")
        of_time = " with its time card" if other.keyword == moment.keyword else ""
        flags.append(f"{moment.keyword} and {other.keyword}{of_time} differ by "
                     f"{abs(difference_s) / 60.0:.1f} min: {hint}{used.keyword}"
                     f"{of_time if wins else ''} is used")
        if wins:
            moment, mjd = other, other_mjd
    if not n_agree:
        flags += _doubts(header, telescope, moment, mjd, bool(flags))
    return mjd, moment


def _wins(recipe, is_winner, moment, mjd, other, other_mjd, exptime_s, within_s):
    """Return whether a date that differs from that in use is the better one."""
    difference_s = (other_mjd - mjd) * dates.SECONDS_PER_DAY
    if recipe.recipe in NUMBERS:
        # A number never has the date of the evening with a time after midnight, as a text may,
        # and knows more than a day without a time
        days = round(difference_s / dates.SECONDS_PER_DAY)
        by_days = days and abs(
            difference_s - days * dates.SECONDS_PER_DAY) <= within_s + exptime_s
        is_winner = is_winner or by_days or (
            _lacks_time(moment) and not _lacks_time(other) and -1.0 < other_mjd - mjd < 2.0)
    elif recipe.recipe == "clock":  # of another time zone, or the date is that of the end
        rest_s = [abs(rest - QUARTER_S * round(rest / QUARTER_S)) for rest in
                  (difference_s, *((difference_s + exptime_s,)
                                   if SAYS_WHICH.search(other.keyword) else ()))]
        is_winner = is_winner and min(rest_s) <= DATES_AGREE_WITHIN_S
    return bool(is_winner)


def _doubts(header, telescope, moment, mjd, is_flagged):
    """Yield what is suspicious about a date that no other card supports."""
    # FITS has no rule for a Julian date, as it has for MJD-OBS and DATE-OBS
    if telescope.cross_checks and moment.keyword in DAY_NUMBERS["jd"] and not IS_START.search(
            comment_of(header, moment.keyword)):
        yield (f"no card tells which moment of the exposure {moment.keyword} is: taken as the "
               "start")
    # Nothing but the zone, or the same date under the name of local time, speaks against UTC
    is_known = not telescope.cross_checks and text_of(header, "TIMESYS")
    if moment.is_utc or is_known:
        return
    zone, local = first_text(header, ZONE_CARDS), first_text(header, LOCAL_CARDS)
    says = IS_LOCAL.search(comment_of(header, moment.keyword)) and "as its comment says"
    local = local and local[0].startswith(moment.text[:19]) and f"{local[1]} is the same"
    zone = zone and zone[0].lstrip("+-0:. ") and zone[0] not in ZONES_OF_UTC and (
        f"{zone[1]} = {zone[0]}")
    if says or ((local or zone) and not is_flagged):
        yield (f"{moment.keyword} may be local time, {says or local or zone}: if it is, "
               "set 'time_zone_h' in 'overrides'")
    if _lacks_time(moment) and not dates.is_day_only(moment.text):
        yield (f"{moment.keyword} = {moment.text!r}: no time of day?")
    elif telescope.cross_checks and moment.is_split and mjd % 1 < MORNING_D:
        yield (f"no other card tells the day of {moment.keyword} ({moment.text}): is it "
               "that of the evening?")


def _lacks_time(moment):
    """Return whether a date has no time of day: a day alone, midnight, a whole number of days."""
    return bool(dates.is_day_only(moment.text) or NO_TIME.search(moment.text) or (
        _is_number(moment.text) and not moment.is_utc and float(moment.text) % 1 == 0))


def _read_moment(header, recipe, zone_h):
    """Read the cards of a recipe; None where they are missing or of another form."""
    if recipe.recipe == "fixed":
        return _Moment(dates.iso_to_mjd(recipe.date[0], 0.0), True, "no card", recipe.date[0])
    for keyword in recipe.date:
        text = text_of(header, keyword)
        if text is None:
            continue
        text, flag = _with_century(header, keyword, text)
        try:
            moment = _moment_of(header, recipe, keyword, text, zone_h)
        except ValueError as error:
            raise ImageRejected(f"date: {keyword} = {text!r}: {error}") from None
        if moment is None:
            continue
        moment = moment._replace(flag=flag)
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


def _with_century(header, keyword, text):
    """Return a date of which the year has two digits with four of them, and a flag (or None)."""
    days = dates.with_century(text)
    if not days or days[0].startswith("19"):
        return text, None
    if len(days) > 1:  # a day that another card counts from a fixed zero
        mjds = []
        for kind, cards in DAY_NUMBERS.items():
            for text_of_number in (text_of(header, card) or "" for card in cards):
                with contextlib.suppress(ValueError):  # no number of a day
                    mjds.append(NUMBERS[kind](text_of_number))
        fits = [day for day in days
                if any(-1.0 < mjd - dates.day_to_mjd(day) < 2.0 for mjd in mjds)]
        if len(fits) != 1:
            raise ImageRejected(f"date: {keyword} = {text!r} is {' or '.join(days)}, and no MJD "
                                "or JD card decides: give 'dates' in the 'overrides' of the set")
        days = fits
    return days[0] + text.strip()[8:], f"{keyword} = {text!r}: taken as {days[0]}"


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
    clocks = ((_clock(header, card), card) for card in recipe.time)
    clock, time_keyword = next(((text, card) for text, card in clocks if text), (None, None))
    if kind == "clock":  # the second card has the time in UTC of that date, to half a day
        if not clock or "T" in clock or dates.is_day_only(text) or _is_number(text) or (
                NO_TIME.search(text)):
            return None
        near = dates.iso_to_mjd(text, zone_h)
        mjd = dates.split_to_mjd(text[:10], clock, 0.0)
        return _Moment(mjd + round(near - mjd), True, time_keyword, f"{text[:10]} {clock}")
    if kind == "split":
        text = NO_TIME.sub("", text)
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
    if clock is None:
        return None
    is_utc = is_utc or dates.zone_hours(clock) is not None
    if "T" in clock:
        return _Moment(dates.iso_to_mjd(clock, zone_h), is_utc, time_keyword, clock)
    return _Moment(dates.split_to_mjd(text, clock, zone_h), is_utc, keyword, f"{text} {clock}",
                   is_split=True)


def _clock(header, keyword):
    """Return the time of day of a card as a text, also of one of UT in hours or seconds."""
    text = text_of(header, keyword)
    if text and keyword.startswith("UT") and _is_number(text) and 0 <= float(text) < 86400:
        seconds = float(text) * (3600.0 if float(text) < 24 else 1.0)
        hours, rest = divmod(seconds, 3600.0)
        return f"{hours:02.0f}:{rest // 60:02.0f}:{rest % 60:06.3f}"
    return text if text and ":" in text else None


def _to_mid(header, telescope, recipe, moment, exptime_s, flags):
    """Convert a date to UTC and to the middle of the exposure."""
    system = (recipe.time_system or text_of(header, "TIMESYS")
              or telescope.time_system)
    mjd = moment.mjd
    if not moment.is_utc:
        try:
            mjd = dates.to_utc(mjd, system)
        except ValueError:
            flags.append(f"TIMESYS = {system!r} is not known: {moment.keyword} is taken as UTC. "
                         "For local time set 'time_zone_h' in 'overrides'")
    # The comment of a card may say which moment it is, where nobody has described the camera
    comment, which = comment_of(header, moment.keyword), recipe.moment
    if telescope.cross_checks and which == "start" and not IS_START.search(comment):
        which = next((one for one, words in MOMENTS_OF_COMMENTS.items() if words.search(comment)),
                     which)
        if which != "start":
            flags.append(f"{moment.keyword} ({comment}): taken as the {which} of the exposure")
    return mjd + MOMENT_TO_MID[which] * exptime_s / dates.SECONDS_PER_DAY


def _is_number(text):
    """Return whether a text is a plain number."""
    try:
        float(text)
    except ValueError:
        return False
    return True
