"""Dates against hand-computed MJDs: 0h of 1 January 2000 is MJD 51544, 20 December 2017 58107."""

import socket
import warnings

from cosmouline import dates

import pytest
from astropy.time import Time

SECOND = 1.0 / 86400.0
ROUNDING = 1e-10  # days; a float64 MJD has steps of 7e-12


@pytest.mark.parametrize(
    ("text", "mjd"),
    [
        ("2000-01-01T00:00:00", 51544.0),
        ("2000-01-01T12:00:00.000", 51544.5),
        ("2000-01-01 12:00:00", 51544.5),
        ("2000/01/01T12:00", 51544.5),
        (" 2000-1-1T6:00:00 ", 51544.25),
        ("2010-01-31T053000", 55227.0 + 5.5 / 24.0),
        ("1999-08-14T06:00:00Z", 51404.25),
        ("1999-08-14T06:00:00 UTC", 51404.25),
        ("1999-08-14T06:00:00+00:00", 51404.25),
        ("1999-08-14T06:00:00-0000", 51404.25),
        ("2017-12-19T18:00:00-0700", 58107.0 + 1.0 / 24.0),
        ("2017-12-20T06:45:00+05:45", 58107.0 + 1.0 / 24.0),
        ("2017-12-20T06:00:00+05", 58107.0 + 1.0 / 24.0),
        ("2016-12-31T23:59:60.5", 57754.0 + 0.5 * SECOND),
        ("2019-08-14T06:12:60.5", 58709.0 + (6 * 3600 + 13 * 60 + 0.5) * SECOND),
        ("2016-02-29T00:00:00", 57447.0),
        ("2019-08-14T24:00:00", 58710.0),  # ISO 8601: midnight at the end of the day
        ("2016-12-31T24:00:00.0", 57754.0),
    ],
)
def test_iso_date_and_time(text, mjd):
    assert dates.iso_to_mjd(text) == pytest.approx(mjd, abs=ROUNDING)


def test_iso_dates_agree_with_astropy_to_a_microsecond():
    texts = ["1983-05-06T07:08:09.123456", "2004-12-31T23:59:59.999", "2026-03-01T00:00:00.001"]

    ours = [dates.iso_to_mjd(text) for text in texts]

    assert ours == pytest.approx(list(Time(texts, scale="utc").mjd), abs=1e-6 * SECOND)


def test_a_zone_of_the_camera_counts_only_where_the_text_names_none():
    assert dates.iso_to_mjd("2000-01-01T05:00:00", zone_h=-7.0) == pytest.approx(51544.5)
    assert dates.iso_to_mjd("2000-01-01T05:00:00+01:00", zone_h=-7.0) == pytest.approx(
        51544.0 + 4.0 / 24.0
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2019-02-30T06:12:31", "no such date"),
        ("0000-00-00T00:00:00", "no such date"),
        ("2019-13-01T00:00:00", "no such date"),
        ("2015-02-29T00:00:00", "no such date"),
        ("14-08-2019T06:12:31", "'14-08-2019' is not a date of the form yyyy-mm-dd"),
        ("14/08/2019T06:12:31", "not a date"),
        ("2019-08/14T06:12:31", "not a date"),
        ("2019-08-14", "not a date of the form yyyy-mm-ddThh:mm:ss"),
        ("2019-08-14T24:00:01", "no such time"),
        ("2019-08-14T06:60:00", "no such time"),
        ("2019-08-14T06:12:61", "no such time"),
        ("2019-08-14T06h12m31", "not a time of the form"),
        ("2019-08-14T06:12:31,5", "not a time"),
        ("2019-08-14T06:12:31+25:00", "no such time zone"),
        ("", "not a date"),
        ("yesterday", "not a date"),
        (None, "not a date"),
    ],
)
def test_what_is_no_date_is_refused_with_the_text(text, message):
    with pytest.raises(ValueError, match=message):
        dates.iso_to_mjd(text)


def test_split_cards():
    mjd = 53110.0 + (5 * 3600 + 12 * 60 + 34.2) * SECOND  # 15 April 2004

    assert dates.split_to_mjd("2004-04-15", "05:12:34.2") == pytest.approx(mjd, abs=ROUNDING)
    assert dates.split_to_mjd("2004/04/15", " 5:12:34.2 ") == pytest.approx(mjd, abs=ROUNDING)
    assert dates.split_to_mjd("2004-04-14", "22:12:34.2-07:00") == pytest.approx(mjd, abs=ROUNDING)


def test_day_first_dates_are_of_the_twentieth_century():
    """FITS standard: dd/mm/yy is 19yy."""
    assert dates.day_to_mjd("14/08/99") == 51404.0
    assert dates.day_to_mjd("01/01/01") == 15385.0  # 1901


@pytest.mark.parametrize(("text", "days"), [
    ("14/08/99", ["1999-08-14"]), ("99/08/14", ["1999-08-14"]), ("01/01/01", ["2001-01-01"]),
    ("19/08/14", ["2014-08-19", "2019-08-14"]), ("08/25/19", ["2019-08-25"]),
    ("14/08/19T01:02:03", ["2019-08-14", "2014-08-19"]),
    ("2019-08-14", []), ("14/08/2019", []), ("99/99/99", [])])
def test_dates_that_a_year_of_two_digits_can_be(text, days):
    """None before 1980 or in the future; where dd/mm/19yy is possible the standard decides."""
    assert dates.with_century(text) == days


def test_seconds_of_the_day():
    assert dates.day_seconds_to_mjd("2004-09-12", 43200.0) == 53260.5
    assert dates.day_seconds_to_mjd("2004-09-12", "43200") == 53260.5
    with pytest.raises(ValueError, match="not a time of day"):
        dates.day_seconds_to_mjd("2004-09-12", 90000.0)


def test_julian_dates():
    assert dates.jd_to_mjd(2451545.0) == 51544.5
    assert dates.jd_to_mjd("2451545.0") == 51544.5
    assert dates.mjd_to_mjd("58709.2587") == 58709.2587
    with pytest.raises(ValueError, match="not a Julian date"):
        dates.jd_to_mjd(58709.2587)
    with pytest.raises(ValueError, match="not a modified Julian date"):
        dates.mjd_to_mjd(2458709.7587)
    with pytest.raises(ValueError, match="could not convert"):
        dates.jd_to_mjd("soon")


def test_unix_time():
    """The Unix second 1e9 was 9 September 2001, 01:46:40 UTC."""
    assert dates.unix_to_mjd(1000000000) == pytest.approx(
        dates.iso_to_mjd("2001-09-09T01:46:40"), abs=ROUNDING
    )
    with pytest.raises(ValueError, match="not a Unix time"):
        dates.unix_to_mjd(-5)


@pytest.mark.parametrize(
    ("system", "seconds_ahead"),
    [("UTC", 0.0), ("ut", 0.0), ("UT1", 0.0), ("TAI", 37.0), ("TT", 69.184), ("GPS", 18.0)],
)
def test_time_systems_in_2019(system, seconds_ahead):
    """TAI - UTC was 37 s in 2019, TT - TAI is 32.184 s, TAI - GPS is 19 s."""
    utc = dates.to_utc(58709.258694, system)

    assert (58709.258694 - utc) / SECOND == pytest.approx(seconds_ahead, abs=1e-5)


def test_atomic_time_before_two_leap_seconds():
    """TAI - UTC was 32 s in 2002."""
    assert (52522.25 - dates.to_utc(52522.25, "tai")) / SECOND == pytest.approx(32.0, abs=1e-5)


def test_barycentric_time_is_terrestrial_time_to_two_milliseconds():
    difference_s = (dates.to_utc(58709.25, "TDB") - dates.to_utc(58709.25, "TT")) / SECOND

    assert abs(difference_s) < 0.002


@pytest.mark.parametrize(("name", "seconds_ahead"), [
    ("UTC approximate", 0.0), ("GMT", 0.0), ("UTC(NIST)", 0.0), ("IAT", 37.0), ("TDT", 69.184),
    ("ET", 69.184), ("TT (NTP)", 69.184), ("TCG", 70.1213), ("TCB", 90.0357)])
def test_names_of_time_systems(name, seconds_ahead):
    """Former names of FITS 4.0, table 30; IAU 2000 B1.9 and 2006 B3 for the coordinate times.

    From 1977 to 58709.25, for 15565.25 days, TCG gains 6.969290134e-10 on TT: .9373 s, and TCB
    1.550519768e-8 on TDB: 20.8517 s.
    """
    utc = dates.to_utc(58709.25, name)

    assert (58709.25 - utc) / SECOND == pytest.approx(seconds_ahead, abs=3e-3)


def test_an_unknown_time_system_is_refused():
    with pytest.raises(ValueError, match="time system 'LOCAL' is not known"):
        dates.to_utc(58709.25, "LOCAL")


@pytest.mark.parametrize(
    ("text", "is_day"),
    [
        ("2019-08-14", True),
        ("14/08/99", True),
        ("2019-02-30", True),
        ("2019-08-14T06:12:31", False),
        ("58709.25", False),
    ],
)
def test_dates_without_a_time_are_told_apart(text, is_day):
    assert dates.is_day_only(text) is is_day


@pytest.mark.parametrize(
    ("text", "zone_h"),
    [
        ("2017-12-19T18:33:43.317-0700", -7.0),
        ("2017-12-19T18:33:43+05:30", 5.5),
        ("2017-12-19T18:33:43Z", 0.0),
        ("2017-12-19T18:33:43", None),
        ("2017-12-19", None),
        ("18:33:43-03:00", -3.0),
    ],
)
def test_zone_of_a_text(text, zone_h):
    assert dates.zone_hours(text) == zone_h


def test_plausible_dates():
    assert dates.plausible(58709.25, now_mjd=60000.0) is None
    assert "before 1980" in dates.plausible(40587.0, now_mjd=60000.0)  # the Unix epoch
    assert "future" in dates.plausible(60001.5, now_mjd=60000.0)
    assert dates.plausible(60000.9, now_mjd=60000.0) is None  # a clock in another zone


def test_the_present_is_the_clock_of_the_computer():
    today = Time.now().mjd

    assert dates.plausible(today) is None
    assert "future" in dates.plausible(today + 2.0)


def test_no_download_and_no_warning_for_the_far_future(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket, "socket", refuse)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with dates.offline():
            ut1 = Time(75000.0, format="mjd", scale="utc").ut1.mjd  # the year 2064

    assert ut1 == pytest.approx(75000.0, abs=SECOND)


@pytest.mark.parametrize("date", ["2024-02-29T23:59:59.999", "1999-12-31T00:00:00.000"])
def test_a_date_is_written_as_it_was_read(date):
    assert dates.mjd_to_iso(dates.iso_to_mjd(date)) == date


def test_a_date_is_rounded_to_the_second_not_cut_off():
    assert dates.mjd_to_iso(51544.5 - 0.4 / 86400, "seconds") == "2000-01-01T12:00:00"


def test_a_date_and_time_without_signs():
    """RIMAS writes 20240129T010235.5."""
    assert dates.iso_to_mjd("20240129T010235.5") == dates.iso_to_mjd("2024-01-29T01:02:35.5")
    assert dates.iso_to_mjd("20240129_010235") == dates.iso_to_mjd("2024-01-29T01:02:35")
    with pytest.raises(ValueError, match="no such date"):
        dates.iso_to_mjd("20241329T010235")
