"""Coordinates of the telescope from constants, keywords, tables and overrides."""

from types import SimpleNamespace

from cosmouline.frames.header_site import site_coordinates
from cosmouline.frames.telescope_yaml import Site, Source

import pytest
from astropy.io import fits

KEYWORDS = Site(Source(("LONG",)), Source(("LAT",)), Source(("ALT",)))
COJ = (149.1, -31.3, 1116.0)
TABLE = Site(Source(("LONG",)), Source(("LAT",)), Source(), by="SITEID", table={"coj": COJ})


def coordinates(site, cards, overrides=None, zone_h=None):
    camera = SimpleNamespace(site=site)
    return site_coordinates(fits.Header(cards), camera, overrides or {}, zone_h)


def test_constants():
    site = Site(Source(default=-70.7), Source(default=-29.3), Source(default=2400.0))

    assert coordinates(site, {}) == ((-70.7, -29.3, 2400.0), [], [])


def test_keywords():
    cards = {"LONG": "-70:42:00", "LAT": "29d18m S", "ALT": "2400"}

    place, notes, flags = coordinates(KEYWORDS, cards)

    assert place == pytest.approx((-70.7, -29.3, 2400.0))
    assert (notes, flags) == ([], [])


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
