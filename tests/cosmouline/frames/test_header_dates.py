"""The date of an exposure by the recipes of `generic` and of made-up telescopes."""

from types import SimpleNamespace

from cosmouline.dates import iso_to_mjd
from cosmouline.errors import ImageRejected
from cosmouline.frames.header_dates import mid_exposure
from cosmouline.frames.telescope import load_telescope
from cosmouline.frames.telescope_yaml import DateRecipe

import pytest
from astropy.io import fits

SECOND = 1.0 / 86400.0


def middle(cards, telescope=None, exptime_s=100.0, zone_h=0.0):
    telescope = telescope or load_telescope("generic")
    return mid_exposure(fits.Header(cards), telescope, exptime_s, zone_h)


def telescope(*recipes, check=None, system="UTC"):
    return SimpleNamespace(date=recipes, date_check=check, time_system=system,
                           cross_checks=None)


@pytest.mark.parametrize(
    ("cards", "start"),
    [
        ({"DATE-OBS": "2019-08-14T06:12:31.5"}, "2019-08-14T06:12:31.5"),
        ({"DATE-OBS": "2019-08-14 06:12:60.5"}, "2019-08-14T06:13:00.5"),
        ({"DATE-OBS": "2017-12-19T18:33:43-0700"}, "2017-12-20T01:33:43"),
        ({"DATE-OBS": "2019-08-14", "UT": "06:12:31.5"}, "2019-08-14T06:12:31.5"),
        ({"DATE-OBS": "2019-08-14", "TIME-OBS": " 6:12:31"}, "2019-08-14T06:12:31"),
        ({"DATE-OBS": "14/08/99", "UT": "06:12:31"}, "1999-08-14T06:12:31"),
        ({"DATE-OBS": "2019-08-13", "UT-OBS": "2019-08-14T01:02:03"}, "2019-08-14T01:02:03"),
        ({"DATE-OBS": "2019-08-14", "UT": 6.25, "MJD-OBS": 58709.2604}, "2019-08-14T06:15:00"),
        ({"DATE-OBS": "2019-08-14", "UTC": 22500.5}, "2019-08-14T06:15:00.5"),
        ({"DATE-OBS": "2019-08-13", "MJD-OBS": "58709.25"}, "2019-08-14T06:00:00"),
        ({"DATE-OBS": "58709.25"}, "2019-08-14T06:00:00"),
        ({"MJD-OBS": 58709.25}, "2019-08-14T06:00:00"),
        ({"JD": 2458709.75}, "2019-08-14T06:00:00"),
        ({"DATE-OBS": "14/08/99"}, "1999-08-14T00:00:00"),
    ],
)
def test_recipes_of_generic(cards, start):
    result = middle(cards)

    assert result.mjd == pytest.approx(iso_to_mjd(start) + 50.0 * SECOND, abs=1e-9)
    assert [flag for flag in result.flags
            if "no time of day" not in flag and "no other card" not in flag
            and "which moment" not in flag] == []


@pytest.mark.parametrize(("cards", "is_flagged"), [
    ({"UT": "06:12:31"}, True), ({"UT": "22:12:31"}, False),  # the evening of that day
    ({"UT": "06:12:31", "MJD-OBS": 58709.25871}, False)])
def test_a_time_after_midnight_may_be_of_the_next_day(cards, is_flagged):
    flags = middle({"DATE-OBS": "2019-08-14"} | cards).flags

    assert [flag.startswith("no other card tells the day") for flag in flags] == (
        [True] * is_flagged)


def test_a_whole_number_of_days_has_no_time():
    assert middle({"MJD-OBS": 58709}).flags == ("MJD-OBS = '58709': no time of day?",)


def test_a_comment_says_which_moment_a_date_is_of():
    """The start is 6:12:31; an exposure takes 100 s."""
    for clock, comment in (("06:12:31", "start of exposure, end is later"), ("06:12:31", "UTC"),
                           ("06:13:21", "mid-exposure"), ("06:14:11", "UT of end of exposure")):
        result = middle(fits.Header([("DATE-OBS", f"2019-08-14T{clock}", comment)]))

        assert result.mjd == pytest.approx(iso_to_mjd("2019-08-14T06:13:21"), abs=1e-9)
        assert bool(result.flags) is (clock != "06:12:31")


@pytest.mark.parametrize(("comment", "is_flagged"), [
    ("local time", True), ("UTC, not local", False), ("UTC", False),
    ("local start of exposure", True), ("local clock, set to UT", False)])
def test_a_comment_that_says_local_time_is_told(comment, is_flagged):
    result = middle(fits.Header([("DATE-OBS", "2019-08-14T06:12:31", comment)]))

    assert bool(result.flags) is is_flagged


def test_a_date_without_a_time_is_told():
    assert "no time of day" in middle({"DATE-OBS": "2019-08-14"}).notes[0]
    assert "no time of day" in middle({"DATE-OBS": "2019-08-14"}).flags[0]
    assert middle({"DATE-OBS": "2019-08-14T01:02:03"}).notes == ()


@pytest.mark.parametrize(("text", "is_flagged"), [
    ("2019-08-14T01:02", True), ("2019-08-14 01:02Z", True), ("2019-08-14T01:02:00", False),
    ("20190814T010200", False)])
def test_a_date_without_seconds_is_flagged(text, is_flagged):
    flags = middle({"DATE-OBS": text}).flags

    assert ["has no seconds: known to a minute" in flag for flag in flags] == [True] * is_flagged


def test_a_julian_date_that_nothing_explains_is_flagged():
    """No standard has a rule whether JD is of the start, the middle or the end."""
    alone = middle({"JD": 2458709.75}).flags
    said = fits.Header({"JD": 2458709.75})
    said.comments["JD"] = "Julian date at start of exposure"

    assert alone == ("no card tells which moment of the exposure JD is: taken as the start",)
    assert middle(said).flags == ()
    # An MJD of the same moment confirms it; MJD-OBS alone is the start by the standard of FITS
    assert middle({"MJD-OBS": 58709.25, "JD": 2458709.75}).flags == ()
    assert middle({"MJD-OBS": 58709.25}).flags == ()


def test_an_mjd_of_another_year_does_not_replace_the_date():
    earlier = middle({"DATE-OBS": "14/08/99", "MJD-OBS": 58709.25})
    later = middle({"DATE-OBS": "2019-08-14", "MJD-OBS": 51404.25})

    assert earlier.mjd == pytest.approx(51404.0, abs=0.01)
    assert later.mjd == pytest.approx(58709.0, abs=0.01)
    assert "DATE-OBS and MJD-OBS differ" in earlier.flags[0]
    assert "DATE-OBS and MJD-OBS differ" in later.flags[0]


@pytest.mark.parametrize(("days", "is_number_used"), [
    (-1.2, False), (-0.8, True), (1.8, True), (2.2, False)])
def test_a_number_gives_the_time_of_a_day_near_to_that_of_the_date(days, is_number_used):
    """The evening's date may be a day before, and the time of day is not known: -1 to 2 days."""
    result = middle({"DATE-OBS": "2019-08-14", "MJD-OBS": round(58709.0 + days, 5)})

    assert result.mjd == pytest.approx(58709.0 + days * is_number_used, abs=0.01)


@pytest.mark.parametrize(
    ("cards", "message"),
    [
        ({}, "no date in the header: no usable DATE-OBS, nor DATE_OBS"),
        ({"DATE-OBS": ""}, "no date in the header"),
        (
            {"DATE-OBS": "14-08-2019T06:12:31", "MJD-OBS": 58709.25},
            r"date: DATE-OBS = '14-08-2019T06:12:31': .* is not a date",
        ),
        ({"DATE-OBS": "2019-02-30T06:12:31", "MJD-OBS": 58544.2}, "there is no such date"),
        ({"DATE-OBS": "0000-00-00T00:00:00"}, "there is no such date"),
        ({"DATE-OBS": "2019-02-30", "MJD-OBS": 58544.2}, "there is no such date"),
        ({"DATE-OBS": "2019-02-30", "UT": "06:12:31"}, "there is no such date"),
        ({"DATE-OBS": True}, "date: DATE-OBS = 'True'"),
        ({"DATE-OBS": "2458709.75"}, "date: DATE-OBS = '2458709.75'"),
        ({"MJD-OBS": 2458709.75}, "not a modified Julian date"),
    ],
)
def test_impossible_dates_are_not_passed_over(cards, message):
    with pytest.raises(ImageRejected, match=message):
        middle(cards)


@pytest.mark.parametrize(("moment", "shift_s"), [("start", 50.0), ("mid", 0.0), ("end", -50.0)])
def test_moment_of_the_exposure(moment, shift_s):
    camera = telescope(DateRecipe("iso", ("DATE-OBS",), moment=moment))

    result = middle({"DATE-OBS": "2000-01-01T12:00:00"}, camera)

    assert result.mjd == pytest.approx(51544.5 + shift_s * SECOND, abs=1e-9)


def test_seconds_of_the_day_and_unix_time():
    camera = telescope(
        DateRecipe("day_seconds", ("DATE-OBS",), ("TM_START",), "mid"),
        DateRecipe("unix", ("TUNIX_DP",), moment="mid"),
    )

    assert middle({"DATE-OBS": "2000-01-01", "TM_START": 43200.0}, camera).mjd == 51544.5
    assert middle({"DATE-OBS": "2000-01-01", "TUNIX_DP": 946728000}, camera).mjd == 51544.5


def test_atomic_time_of_the_header_and_of_the_description():
    """37 s in 2019; 32 s in 2002."""
    by_header = middle({"DATE-OBS": "2019-08-14T06:00:00", "TIMESYS": "TAI"}, exptime_s=0.0)
    camera = telescope(DateRecipe("iso", ("DATE-OBS",)), system="TAI")
    by_camera = middle({"DATE-OBS": "2002-09-05T06:00:00"}, camera, exptime_s=0.0)

    assert (58709.25 - by_header.mjd) / SECOND == pytest.approx(37.0, abs=1e-4)
    assert (52522.25 - by_camera.mjd) / SECOND == pytest.approx(32.0, abs=1e-4)


def test_a_zone_in_the_date_overrules_the_time_system():
    cards = {"DATE-OBS": "2019-08-14T06:00:00Z", "TIMESYS": "TAI"}

    assert middle(cards, exptime_s=0.0).mjd == pytest.approx(58709.25, abs=1e-9)


def test_an_unknown_time_system_is_flagged():
    result = middle({"DATE-OBS": "2019-08-14T06:00:00", "TIMESYS": "LOCAL"}, exptime_s=0.0)

    assert result.mjd == pytest.approx(58709.25)
    assert result.flags == ("TIMESYS = 'LOCAL' is not known: DATE-OBS is taken as UTC. For local "
                            "time set 'time_zone_h' in 'overrides'",)


@pytest.mark.parametrize(("cards", "start"), [
    ({"DATE-OBS": "2019-08-14T24:00:00"}, "2019-08-15T00:00:00"),
    ({"DATE-OBS": "2019-08-14", "UT": "24:00:00"}, "2019-08-15T00:00:00"),
    ({"DATE-OBS": "19/08/14", "UT": "06:00:00", "MJD-OBS": 58709.25}, "2019-08-14T06:00:00"),
    ({"DATE-OBS": "19/08/14", "UT": "06:00:00", "JD": 2456888.75}, "2014-08-19T06:00:00"),
    ({"DATE-OBS": "28/08/19", "UT": "06:00:00", "MJD-OBS": 58723.25}, "2019-08-28T06:00:00"),
    ({"DATE-OBS": "08/25/19T06:00:00"}, "2019-08-25T06:00:00")])
def test_midnight_and_years_of_two_digits(cards, start):
    result = middle(cards, exptime_s=0.0)

    assert result.mjd == pytest.approx(iso_to_mjd(start), abs=1e-9)
    assert [flag for flag in result.flags if "differ" in flag or "before 1980" in flag] == []
    assert ("/" in cards["DATE-OBS"]) == any("taken as 20" in flag for flag in result.flags)


def test_a_year_of_two_digits_that_no_card_decides_is_refused_with_both_dates():
    with pytest.raises(ImageRejected, match="'19/08/14' is 2014-08-19 or 2019-08-14, and no MJD"):
        middle({"DATE-OBS": "19/08/14", "UT": "06:00:00", "JD": "unknown day"})


def test_the_time_system_of_one_card():
    """TDB was 69.184 s ahead of UTC in 2022, whatever the TIMESYS of the other cards."""
    camera = telescope(DateRecipe("mjd", ("TDB-MID",), moment="mid", time_system="TDB"))

    result = middle({"TDB-MID": 59759.5, "TIMESYS": "UTC"}, camera)

    assert (59759.5 - result.mjd) / SECOND == pytest.approx(69.184, abs=0.003)


@pytest.mark.parametrize("zone_h", [0.0, -4.0])
def test_a_fixed_date_is_utc_in_every_zone(zone_h):
    result = middle({"DATE-OBS": "2001-01-01T00:00:00"}, telescope(
        DateRecipe("fixed", ("2019-08-14T06:00:00",))), zone_h=zone_h)

    assert result.mjd == pytest.approx(58709.25 + 50 * SECOND, abs=0.01 * SECOND)


def test_a_clock_in_local_time():
    result = middle({"DATE-OBS": "2019-08-13T23:00:00"}, exptime_s=0.0, zone_h=-7.0)

    assert result.mjd == pytest.approx(58709.25, abs=1e-9)


def test_dates_that_contradict_each_other_are_flagged():
    result = middle({"DATE-OBS": "2019-08-14T06:00:00", "MJD-OBS": 58709.2083333})

    assert result.mjd == pytest.approx(58709.25 + 50.0 * SECOND)
    assert result.flags == (
        "DATE-OBS and MJD-OBS differ by 60.0 min: is one of them local time? DATE-OBS is used",
    )


@pytest.mark.parametrize(
    ("mjd_obs", "flagged"),
    [
        (58709.25060, False),  # 52 s
        (58709.25080, True),  # 69 s, five digits (0.9 s)
        (58709.251, False),  # 86 s, but three digits are only good to 86 s
        (58709.252, True),  # 173 s
        (58709, False),  # no digits: good to a day
    ],
)
def test_the_digits_of_the_second_opinion_are_considered(mjd_obs, flagged):
    result = middle({"DATE-OBS": "2019-08-14T06:00:00", "MJD-OBS": mjd_obs})

    assert bool(result.flags) is flagged


@pytest.mark.parametrize(("days", "is_number_used"), [
    (1, True), (-1, True), (-2, True), (100 * SECOND, False), (1.010007, False)])
def test_of_two_dates_whole_days_apart_the_number_is_right(days, is_number_used):
    """A text may have the date of the evening; 100 s are within the exposure, but no day."""
    result = middle({"DATE-OBS": "2019-08-14T06:00:00", "MJD-OBS": round(58709.25 + days, 6)})

    begin = 58709.25 + days if is_number_used else 58709.25
    assert result.mjd == pytest.approx(begin + 50.0 * SECOND, abs=1e-6)
    assert result.flags[0].endswith(f"{'MJD-OBS' if is_number_used else 'DATE-OBS'} is used")


def test_the_second_opinion_may_be_the_middle_of_the_exposure():
    check = DateRecipe("mjd", ("MJD",), moment="mid")
    camera = telescope(DateRecipe("iso", ("DATE-OBS",)), check=check)
    cards = {"DATE-OBS": "2000-01-01T12:00:00", "MJD": 51544.5 + 300.0 * SECOND}

    assert middle(cards, camera, exptime_s=600.0).flags == ()
    assert middle(cards, camera, exptime_s=60.0).flags[0].startswith("DATE-OBS and MJD differ")


def test_clocks_that_were_never_set_are_flagged():
    assert "before 1980" in middle({"DATE-OBS": "1970-01-01T00:00:00"}).flags[0]
    assert "future" in middle({"DATE-OBS": "2109-08-14T06:12:31"}).flags[0]


def test_the_zone_that_the_date_names_is_given():
    assert middle({"DATE-OBS": "2017-12-19T18:33:43-0700"}).zone_h == -7.0
    assert middle({"DATE-OBS": "2017-12-19T18:33:43"}).zone_h is None
