"""The dates of FITS headers, as modified Julian dates in UTC: one function per way to write them.

Every function gives the moment that the card names (start, middle or end of the exposure, which
the telescope's description knows) and raises ValueError, with the text found, for what is no date.
"""

import contextlib
import datetime
import re
import time
import warnings

from cosmouline import library

import erfa

exceptions = library("astropy.utils.exceptions")
iers = library("astropy.utils.iers")
astropy_time = library("astropy.time")

MJD_OF_ORDINAL_ZERO = -678576  # datetime.date(1858, 11, 17).toordinal() is 678576
MJD_OF_UNIX_ZERO = 40587  # 1 January 1970
JD_MINUS_MJD = 2400000.5
EARLIEST_MJD = 44239.0  # 1 January 1980: older CCD frames of a lens do not exist
GPS_BEHIND_TAI_S = 19.0
SECONDS_PER_DAY = 86400.0

_DAY = re.compile(r"(\d{4})([-/])(\d\d?)\2(\d\d?)")
_COMPACT = re.compile(r"^(\d{4})(\d\d)(\d\d)[T_ ](\d{6}(?:\.\d*)?)(?=$|\D)")
_DAY_BEFORE_2000 = re.compile(r"(\d\d)/(\d\d)/(\d\d)")
_CLOCK = re.compile(r"(\d\d?):(\d\d?)(?::(\d\d?(?:\.\d*)?))?|(\d\d)(\d\d)(\d\d(?:\.\d*)?)")
_ZONE = re.compile(r"\s*(?:Z|UTC?|([+-])(\d\d):?(\d\d)?)$")
_SCALES = {  # FITS standard 4.0, table 30
    **dict.fromkeys(("utc", "ut", "ut1", "gmt", "z"), "utc"),
    **dict.fromkeys(("tt", "tdt", "et"), "tt"), "iat": "tai",
    **{scale: scale for scale in ("tai", "tdb", "tcg", "tcb")}}


def iso_to_mjd(text, zone_h=0.0):
    """Date and time in one card, such as ``2017-12-19T18:33:43.317-0700``.

    Parameters
    ----------
    text : str
        ``yyyy-mm-ddThh:mm:ss.s`` with ``T`` or a blank, ``/`` or ``-``, and ``Z``, ``+hh:mm``,
        ``+hhmm``, ``+hh`` or nothing behind it. Seconds may be 60.x (a rounded clock, or a leap
        second). Also ``yyyymmddThhmmss``.
    zone_h : float
        Hours that the clock is ahead of UTC, for a text without a zone of its own.

    Returns
    -------
    float
        MJD in UTC.

    Raises
    ------
    ValueError
        If the text is not of this form, or no such day or hour exists.
    """
    text = _COMPACT.sub(r"\1-\2-\3T\4", str(text).strip())
    parts = re.split(r"[T ]\s*", text, maxsplit=1)
    if len(parts) != 2:
        raise ValueError(f"{text!r} is not a date of the form yyyy-mm-ddThh:mm:ss")
    return split_to_mjd(parts[0], parts[1], zone_h)


def split_to_mjd(date_text, time_text, zone_h=0.0):
    """Date and time in two cards, such as ``2004-04-15`` and ``05:12:34.2``.

    The date is one that `day_to_mjd` reads. Zones are those of `iso_to_mjd`, as are the errors.
    """
    clock, own_zone_h = _cut_zone(str(time_text).strip())
    if own_zone_h is not None:
        zone_h = own_zone_h
    return day_to_mjd(date_text) + _day_fraction(clock) - zone_h / 24.0


def day_seconds_to_mjd(date_text, seconds, zone_h=0.0):
    """Date in one card, and in another the seconds since midnight (Maidanak's ``TM_START``)."""
    if not 0.0 <= float(seconds) <= SECONDS_PER_DAY:
        raise ValueError(f"{seconds} s is not a time of day")
    return day_to_mjd(date_text) + float(seconds) / SECONDS_PER_DAY - zone_h / 24.0


def day_to_mjd(text):
    """Date without a time: MJD of its midnight.

    ``yyyy-mm-dd``, ``yyyy/mm/dd`` or ``dd/mm/yy``, which is always 19yy (FITS standard 4.0,
    section 4.4.2.1). Day-first dates with a four-digit year are refused: they cannot be told from
    month-first ones.
    """
    # Year first, or the two-digit year of the first FITS headers
    text = str(text).strip()
    if match := _DAY.fullmatch(text):
        year, _, month, day = match.groups()
    elif match := _DAY_BEFORE_2000.fullmatch(text):
        day, month, year = match.groups()
        year = 1900 + int(year)
    else:
        raise ValueError(f"{text!r} is not a date of the form yyyy-mm-dd")
    try:
        ordinal = datetime.date(int(year), int(month), int(day)).toordinal()
    except ValueError:
        raise ValueError(f"{text!r}: there is no such date") from None
    return float(ordinal + MJD_OF_ORDINAL_ZERO)


def jd_to_mjd(value):
    """Turn a Julian date, a number or its text, into an MJD. An MJD given as JD is refused."""
    jd = float(value)
    if not 2400000.5 <= jd <= 2500000.0:
        raise ValueError(f"{value} is not a Julian date of our time")
    return jd - JD_MINUS_MJD


def mjd_to_mjd(value):
    """Check an MJD, a number or its text. A value that is rather a JD is refused."""
    mjd = float(value)
    if not 0.0 < mjd < 100000.0:
        raise ValueError(f"{value} is not a modified Julian date of our time")
    return mjd


def unix_to_mjd(value):
    """Seconds since 1 January 1970 (``TUNIX_DP`` of the Euler and Mercator cameras)."""
    seconds = float(value)
    if not 0.0 < seconds < 4.0e9:
        raise ValueError(f"{value} is not a Unix time")
    return MJD_OF_UNIX_ZERO + seconds / SECONDS_PER_DAY


def to_utc(mjd, time_system):
    """Bring an MJD from the time system of the header (``TIMESYS``) to UTC.

    Parameters
    ----------
    mjd : float
    time_system : str
        ``UTC``, ``UT``, ``GMT``, ``UT1`` (taken as UTC: they differ by less than 0.9 s), ``TAI``,
        ``TT``, ``TDB``, ``TCG``, ``TCB``, a former name of these, or ``GPS``. The first word
        counts: the Mosaic cameras write ``UTC approximate``.

    Raises
    ------
    ValueError
        For any other system.
    """
    system = re.split(r"[ (/]", str(time_system).strip().lower())[0]
    if system == "gps":
        return to_utc(mjd + GPS_BEHIND_TAI_S / SECONDS_PER_DAY, "tai")
    if system not in _SCALES:
        raise ValueError(f"time system {time_system!r} is not known")
    if _SCALES[system] == "utc":
        return float(mjd)
    with offline():
        return float(astropy_time.Time(mjd, format="mjd", scale=_SCALES[system]).utc.mjd)


def with_century(text):
    """Return the dates (``yyyy-mm-dd``) that a date with a two-digit year can be.

    By the standard ``dd/mm/yy`` is 19yy, which is right where that is 1980 or later. Programs of
    this century write ``dd/mm/yy``, ``yy/mm/dd`` or ``mm/dd/yy`` and mean 20yy.

    Returns
    -------
    list of str
        Each once, none before 1980 or in the future; empty for a text of another form.
    """
    match = re.match(r"(\d\d)/(\d\d)/(\d\d)(?=$|[T ])", str(text).strip())
    if not match:
        return []
    one, two, three = match.groups()
    found = []
    for day in (f"19{three}-{two}-{one}", f"20{three}-{two}-{one}", f"20{one}-{two}-{three}",
                f"20{three}-{one}-{two}", f"19{one}-{two}-{three}"):
        with contextlib.suppress(ValueError):  # there is no such date
            if plausible(day_to_mjd(day)) is None:
                found.append(day)
    return found[:1] if found and found[0] == f"19{three}-{two}-{one}" else list(
        dict.fromkeys(found))


def is_day_only(text):
    """Whether a card holds a date without a time of day (the date itself may be impossible)."""
    text = str(text).strip()
    return bool(_DAY.fullmatch(text) or _DAY_BEFORE_2000.fullmatch(text))


def zone_hours(text):
    """Hours ahead of UTC that a date or time ends with, or None where it names no zone."""
    *day, clock = re.split(r"[T ]\s*", str(text).strip(), maxsplit=1)
    return _cut_zone(clock)[1] if day or ":" in clock else None


def plausible(mjd, now_mjd=None):
    """Return why a date cannot be that of a CCD frame, or None where it can.

    `now_mjd` is the present (default: the computer's clock). The reason is a flag of the image,
    which stays in use: the clock may be wrong and the frame good.
    """
    if now_mjd is None:
        now_mjd = unix_to_mjd(time.time())
    if mjd < EARLIEST_MJD:
        return f"date before 1980 (MJD {mjd:.2f}): was the clock of the camera set?"
    if mjd > now_mjd + 1.0:
        return f"date in the future (MJD {mjd:.2f}): was the clock of the camera set?"
    return None


@contextlib.contextmanager
def offline():
    """Let astropy convert times with the tables it came with: no download, no warning of age.

    Notes
    -----
    Compute nodes have no network. The tables predict the Earth's rotation for a year; beyond it
    astropy takes UT1 = UTC and no polar motion, an error under 1 s or 15" of hour angle.
    """
    # No network, no limit of age, no warnings
    settings = {"auto_download": False, "auto_max_age": None, "iers_degraded_accuracy": "ignore"}
    with contextlib.ExitStack() as stack:
        for name, value in settings.items():
            stack.enter_context(iers.conf.set_temp(name, value))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore", exceptions.AstropyWarning)
        warnings.simplefilter("ignore", erfa.ErfaWarning)
        yield


def _cut_zone(clock):
    """Split ``18:33:43-0700`` into ``18:33:43`` and -7.0 (None without a zone)."""
    match = _ZONE.search(clock)
    if not match:
        return clock, None
    # "Z" and "UTC" have neither sign nor hours
    sign, hours, minutes = match.groups()
    if sign is None:
        return clock[: match.start()], 0.0
    value = int(hours) + int(minutes or 0) / 60.0
    if value > 14.0:  # Kiribati has the largest offset of all
        raise ValueError(f"{clock!r}: there is no such time zone")
    return clock[: match.start()], -value if sign == "-" else value


def _day_fraction(clock):
    """Turn ``hh:mm:ss.s`` (or ``hhmmss``) into a fraction of a day."""
    match = _CLOCK.fullmatch(clock)
    if not match:
        raise ValueError(f"{clock!r} is not a time of the form hh:mm:ss")
    groups = match.groups()  # of hh:mm:ss.s, then of hhmmss
    hours, minutes, seconds = (float(part or 0.0) for part in (
        groups[:3] if groups[0] is not None else groups[3:]))
    is_midnight = (hours, minutes, seconds) == (24.0, 0.0, 0.0)  # of the next day (ISO 8601)
    if (hours >= 24.0 and not is_midnight) or minutes >= 60.0 or seconds >= 61.0:
        raise ValueError(f"{clock!r}: there is no such time in a date")
    return (hours * 3600.0 + minutes * 60.0 + seconds) / SECONDS_PER_DAY


def mjd_to_iso(mjd, timespec="milliseconds"):
    """Return a modified Julian date as ISO date and time, rounded to milliseconds or seconds."""
    per_day = SECONDS_PER_DAY * {"milliseconds": 1000, "seconds": 1}[timespec]
    zero = datetime.datetime.fromordinal(-MJD_OF_ORDINAL_ZERO)
    return (zero + datetime.timedelta(days=round(mjd * per_day) / per_day)).isoformat(
        timespec=timespec)
