"""Coordinates of the telescope from constants, keywords, tables and overrides."""

from types import SimpleNamespace

from cosmouline.frames.header_site import site_coordinates
from cosmouline.frames.telescope_yaml import Site, Source

import pytest
from astropy.io import fits

KEYWORDS = Site(Source(("LONG",)), Source(("LAT",)), Source(("ALT",)))
COJ = (149.1, -31.3, 1116.0)
TABLE = Site(Source(("LONG",)), Source(("LAT",)), Source(), by="SITEID", table={"coj": COJ})
MJD = 58853.25  # 6 h UT on 2020 January 5


def coordinates(site, cards, overrides=None, zone_h=None):
    camera = SimpleNamespace(site=site)
    return site_coordinates(fits.Header(cards), camera, overrides or {}, zone_h, MJD)


def test_constants():
    site = Site(Source(default=-70.7), Source(default=-29.3), Source(default=2400.0))

    assert coordinates(site, {}) == ((-70.7, -29.3, 2400.0), [], [])


def test_keywords():
    cards = {"LONG": "-70:42:00", "LAT": "29d18m S", "ALT": "2400"}

    place, notes, flags = coordinates(KEYWORDS, cards)

    assert place == pytest.approx((-70.7, -29.3, 2400.0))
    assert (notes, flags) == ([], [])


@pytest.mark.parametrize(("lon_deg", "lat_deg", "is_flagged"), [
    (-1.2345, -0.5107, True), (0.0, 0.0, True), (3.1, 1.5, True),  # radians of any site, unset
    (-1.2345, 51.5, False), (3.2, 1.5, False), (0.02, 6.0, False)])  # Greenwich; none there
def test_a_site_whose_coordinates_are_radians_or_were_not_set_is_flagged(lon_deg, lat_deg,
                                                                         is_flagged):
    flags = coordinates(KEYWORDS, {"LONG": lon_deg, "LAT": lat_deg, "ALT": 100.0})[2]

    assert ["in radians, or were they never set" in flag for flag in flags] == [True] * is_flagged


def test_longitudes_up_to_360_are_brought_to_west():
    assert coordinates(KEYWORDS, {"LONG": 289.5, "LAT": 0.0})[0][0] == pytest.approx(-70.5)


def test_table_by_a_card_whatever_its_case():
    assert coordinates(TABLE, {"SITEID": "COJ", "LONG": 5.0, "LAT": 6.0})[0] == COJ


def test_keywords_serve_where_the_table_does_not():
    place, notes, _ = coordinates(TABLE, {"SITEID": "new", "LONG": 5.0, "LAT": 6.0})

    assert place == (5.0, 6.0, 0.0)
    assert notes == ["no height of the telescope: 0 m"]


def test_overrides_win():
    mine = {"site_lon_deg": 1.0, "site_lat_deg": 2.0, "site_height_m": 3.0}

    assert coordinates(TABLE, {"SITEID": "coj"}, mine)[0] == (1.0, 2.0, 3.0)


def test_no_place_is_none_and_told():
    for cards in ({}, {"LONG": 5.0}, {"LAT": 5.0}):
        place, notes, flags = coordinates(KEYWORDS, cards)

        assert place == (None, None, None)
        assert notes[0].startswith("no coordinates of the telescope: no airmass")
        assert flags == []


@pytest.mark.parametrize("text", ["here", "95.0", "nan"])
def test_impossible_coordinates_are_flagged(text):
    place, _, flags = coordinates(KEYWORDS, {"LONG": 5.0, "LAT": text})

    assert place == (None, None, None)
    assert flags == ([] if text == "nan" else [f"LAT = '{text}' is not a usable site_lat_deg"])


@pytest.mark.parametrize(
    ("lon_deg", "zone_h", "expected"),
    [
        (110.88, -7.0, -110.88),  # MicroObservatory in Arizona counts to the west
        (-110.88, -7.0, -110.88),
        (110.88, 8.0, 110.88),  # China
        (110.88, None, 110.88),  # nothing tells
        (110.88, 0.0, 110.88),  # UTC names no place
        (5.0, 1.0, 5.0),
        (-5.0, 1.0, -5.0),  # Spain keeps the time of Germany
    ],
)
def test_the_time_zone_tells_west_from_east(lon_deg, zone_h, expected):
    place, notes, _ = coordinates(KEYWORDS, {"LONG": lon_deg, "LAT": 31.7, "ALT": 0}, None, zone_h)

    assert place[0] == pytest.approx(expected)
    assert bool(notes) is (lon_deg != expected)


# Cerro Tololo, 70.806 degrees west: by astropy its mean sidereal time is 8 h 14 min 1 s at that
# moment, and a star at RA 69.56, Dec -12.29 has an airmass of 1.648
TOLOLO = {"LONG": 70.806, "LAT": -30.169, "ALT": 2200.0}


@pytest.mark.parametrize("witness", [
    {"LST": "08:14:01"}, {"ST": 8.2336}, {"LST": 29641.0},  # seconds
    {"AIRMASS": 1.64, "RA": 69.56, "DEC": -12.29}])
def test_sidereal_time_and_airmass_tell_west_from_east(witness):
    west, notes, flags = coordinates(KEYWORDS, TOLOLO | witness)

    assert west == (-70.806, -30.169, 2200.0)
    assert flags == []
    assert [note.startswith("LONG = 70.806 contradicts ") for note in notes] == [True]
    assert coordinates(KEYWORDS, TOLOLO | witness | {"LONG": -70.806}) == (west, [], [])
    # what a description knows is not turned
    constant = Site(Source(default=70.806), Source(default=-30.169), Source(default=2200.0))
    assert coordinates(constant, witness)[0] == (70.806, -30.169, 2200.0)


# 1.648 is the sec z of a height of 37.36 degrees
@pytest.mark.parametrize("witness", [{"ZD": 52.64}, {"OBJCTALT": 37.36}, {"AIRMASS": 1.648}])
@pytest.mark.parametrize(("wrong", "word"), [
    ({"LAT": 30.169}, "south"), ({"LONG": 70.806}, "west"), ({"LONG": -70.806 / 15}, "hours")])
def test_height_and_airmass_know_the_place(witness, wrong, word):
    star = {"RA": 69.56, "DEC": -12.29}

    cards = TOLOLO | {"LONG": -70.806} | witness | star | wrong

    place, notes, flags = coordinates(KEYWORDS, cards)

    assert place == pytest.approx((-70.806, -30.169, 2200.0))
    assert [note.endswith(f"taken as {word}") for note in notes] == [True]
    assert flags == []


def test_an_airmass_that_fits_no_reading_is_flagged():
    found = coordinates(KEYWORDS, TOLOLO | {"AIRMASS": 3.5, "RA": 69.56, "DEC": -12.29})

    assert found[0] == (70.806, -30.169, 2200.0)
    assert found[2] == ["AIRMASS = 3.5 of the header does not fit date and site: is one of them "
                        "wrong?"]


def test_a_sidereal_time_that_fits_neither_way_is_flagged():
    place, notes, flags = coordinates(KEYWORDS, TOLOLO | {"LST": "15:00:00"})

    assert place == (70.806, -30.169, 2200.0)
    assert notes == []
    assert flags == ["the sidereal time (LST = 15:00:00) of the header does not fit date and "
                     "site: is one of them wrong?"]


@pytest.mark.parametrize("cards", [{"LST": "n/a"}, {"LST": "late"}, {"AIRMASS": 1.64},
                                   {"AIRMASS": 0.0, "RA": 69.56, "DEC": -12.29}])
def test_cards_that_say_nothing_prove_nothing(cards):
    assert coordinates(KEYWORDS, TOLOLO | cards) == ((70.806, -30.169, 2200.0), [], [])


@pytest.mark.parametrize(("away_deg", "fits"), [(10.9, True), (11.1, False), (-10.9, True),
                                                (-11.1, False)])
def test_a_sidereal_time_may_be_that_of_start_or_end(away_deg, fits):
    hours = 8 + 14 / 60 + 1 / 3600 + away_deg / 15

    _, _, flags = coordinates(KEYWORDS, TOLOLO | {"LONG": -70.806, "LST": hours})

    assert bool(flags) == (not fits)


@pytest.mark.parametrize(("airmass", "is_turned"), [
    # within 15 % of 1.648, that of the west: 1.401 and 1.895
    (1.41, True), (1.39, False), (1.885, True), (1.905, False)])
def test_an_airmass_may_differ_by_fifteen_per_cent(airmass, is_turned):
    cards = TOLOLO | {"AIRMASS": airmass, "RA": 69.56, "DEC": -12.29}

    place, notes, _ = coordinates(KEYWORDS, cards)

    assert (place[0] == -70.806) == is_turned
    assert bool(notes) == is_turned


@pytest.mark.parametrize(("lon_deg", "zone_h", "is_turned"), [
    # 91 deg from the middle of its zone, the other sign 1 deg; 89 deg; the other sign 46 deg
    (45.5, -3.1, True), (45.5, -2.9, False), (67.0, -1.6, True), (70.0, -1.6, False)])
def test_how_far_from_its_time_zone_a_longitude_is_turned(lon_deg, zone_h, is_turned):
    place, _, _ = coordinates(KEYWORDS, {"LONG": lon_deg, "LAT": 3.0, "ALT": 0}, None, zone_h)

    assert place[0] == (-lon_deg if is_turned else lon_deg)
