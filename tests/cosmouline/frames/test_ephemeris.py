"""Ephemerides against textbook formulas, almanac dates, and astropy's own coordinates."""

import os
import socket
import subprocess
import sys

from cosmouline.dates import iso_to_mjd, offline
from cosmouline.frames.ephemeris import airmass, ephemeris, is_fishy, rows, ut1_ahead_s

import numpy as np
import pytest
from astropy.coordinates import AltAz, EarthLocation, SkyCoord, get_body, get_body_barycentric
from astropy.time import Time

SECOND = 1.0 / 86400.0
LA_SILLA = (-70.73, -29.2567, 2347.0)
TARGET = (69.5622, -12.2873)


def precess_deg(ra_deg, dec_deg, mjd):
    """J2000 to the equinox of date (IAU 1976; Meeus, Astronomical Algorithms, chapter 21)."""
    t = (mjd - 51544.5) / 36525.0
    zeta, z, theta = np.radians(
        np.array(
            [
                2306.2181 * t + 0.30188 * t**2,
                2306.2181 * t + 1.09468 * t**2,
                2004.3109 * t - 0.42665 * t**2,
            ]
        )
        / 3600.0
    )
    ra, dec = np.radians(ra_deg), np.radians(dec_deg)
    a = np.cos(dec) * np.sin(ra + zeta)
    b = np.cos(theta) * np.cos(dec) * np.cos(ra + zeta) - np.sin(theta) * np.sin(dec)
    c = np.sin(theta) * np.cos(dec) * np.cos(ra + zeta) + np.cos(theta) * np.sin(dec)
    return np.degrees(np.arctan2(a, b) + z), np.degrees(np.arcsin(c))


def horizontal_deg(ra_deg, dec_deg, mjd, lon_deg, lat_deg):
    """Height and azimuth (from north) of coordinates of date, by sidereal time (Meeus 12, 13)."""
    t = (mjd - 51544.5) / 36525.0
    sidereal_deg = 280.46061837 + 360.98564736629 * (mjd - 51544.5) + 0.000387933 * t**2
    hour_angle = np.radians(sidereal_deg + lon_deg - ra_deg)
    lat, dec = np.radians(lat_deg), np.radians(dec_deg)
    alt = np.arcsin(np.sin(lat) * np.sin(dec) + np.cos(lat) * np.cos(dec) * np.cos(hour_angle))
    az = np.arctan2(
        np.sin(hour_angle), np.cos(hour_angle) * np.sin(lat) - np.tan(dec) * np.cos(lat)
    )
    return np.degrees(alt), (np.degrees(az) + 180.0) % 360.0


def sun_of_date(mjd):
    """Right ascension, declination (degrees) and distance (au) of the Sun (Almanac, 0.01 deg)."""
    n = mjd - 51544.5
    mean_anomaly = np.radians(357.528 + 0.9856003 * n)
    longitude = np.radians(
        280.460 + 0.9856474 * n + 1.915 * np.sin(mean_anomaly) + 0.020 * np.sin(2 * mean_anomaly)
    )
    obliquity = np.radians(23.439 - 4e-7 * n)
    distance = 1.00014 - 0.01671 * np.cos(mean_anomaly) - 0.00014 * np.cos(2 * mean_anomaly)
    ra = np.arctan2(np.cos(obliquity) * np.sin(longitude), np.cos(longitude))
    dec = np.arcsin(np.sin(obliquity) * np.sin(longitude))
    return np.degrees(ra), np.degrees(dec), distance


def test_the_textbook_formula_itself():
    """Meeus, example 13.b: Venus on 10 April 1987, 19:21 UT, from Washington."""
    alt, az = horizontal_deg(347.3193, -6.7199, 46895.80625, -77.065556, 38.921389)

    assert (alt, az) == pytest.approx((15.1249, 68.0337 + 180.0), abs=0.005)


@pytest.mark.parametrize("place", [LA_SILLA, (149.07, -31.27, 1116.0), (-17.88, 28.76, 2327.0)])
def test_height_and_azimuth_against_the_textbook(place):
    """Without nutation and aberration the textbook is good to 20.5 + 17.2 arcsec = 0.011 deg."""
    mjd = np.linspace(46000.1, 60500.7, 60)
    table = ephemeris(mjd, *TARGET, *place)

    alt, az = horizontal_deg(*precess_deg(*TARGET, mjd), mjd, *place[:2])

    np.testing.assert_allclose(table["alt_deg"], alt, atol=0.012)
    off_deg = (table["az_deg"] - az + 180.0) % 360.0 - 180.0
    assert np.abs(off_deg * np.cos(np.radians(alt))).max() < 0.012


def test_height_of_the_sun_against_the_almanac():
    mjd = np.linspace(46000.1, 60500.7, 60)
    ra, dec, _ = sun_of_date(mjd)

    alt, _ = horizontal_deg(ra, dec, mjd, *LA_SILLA[:2])

    # 0.01 deg of the formula and 0.0024 deg of parallax
    np.testing.assert_allclose(ephemeris(mjd, *TARGET, *LA_SILLA)["sun_alt_deg"], alt, atol=0.015)


def test_heliocentric_date_by_the_formula_of_cosmouline():
    """HJD = JD - (d/c)(sin d sin D + cos d cos D cos(a - A)), both in coordinates of date."""
    mjd = np.linspace(46000.0, 60500.0, 100)
    ra_sun, dec_sun, distance = sun_of_date(mjd)
    ra, dec = precess_deg(*TARGET, mjd)
    cos_angle = np.sin(np.radians(dec)) * np.sin(np.radians(dec_sun)) + np.cos(
        np.radians(dec)
    ) * np.cos(np.radians(dec_sun)) * np.cos(np.radians(ra - ra_sun))

    expected = mjd - distance * 499.0048 * SECOND * cos_angle

    # 0.01 deg of the almanac and 0.006 deg of aberration are 0.14 s of 499 s
    assert np.abs(ephemeris(mjd, *TARGET)["mhjd"] - expected).max() < 0.2 * SECOND


def test_everything_against_astropy_coordinates():
    mjd = np.linspace(50000.1, 60500.7, 25)
    place = EarthLocation(*LA_SILLA)
    times = Time(mjd, format="mjd", scale="utc")
    sky = AltAz(obstime=times, location=place)
    target = SkyCoord(*TARGET, unit="deg").transform_to(sky)
    moon = get_body("moon", times, place, ephemeris="builtin").transform_to(sky)
    sun = get_body("sun", times, place, ephemeris="builtin").transform_to(sky)

    table = ephemeris(mjd, *TARGET, *LA_SILLA)

    expected = {
        "alt_deg": target.alt.deg,
        "moon_alt_deg": moon.alt.deg,
        "sun_alt_deg": sun.alt.deg,
        "moon_dist_deg": target.separation(moon).deg,
        "sun_dist_deg": target.separation(sun).deg,
    }
    for name, values in expected.items():
        np.testing.assert_allclose(table[name], values, atol=0.002, err_msg=name)


def test_heliocentric_date_against_astropy_places():
    times = Time(np.linspace(50000.0, 60500.0, 20), format="mjd", scale="utc")
    earth = get_body_barycentric("earth", times, ephemeris="builtin")
    sun = get_body_barycentric("sun", times, ephemeris="builtin")
    target = SkyCoord(*TARGET, unit="deg").cartesian

    expected_d = (earth - sun).dot(target).to_value("au") * 499.004784 * SECOND

    ours_d = ephemeris(times.mjd, *TARGET)["mhjd"] - times.mjd
    assert np.abs(ours_d - expected_d).max() < 0.001 * SECOND


@pytest.mark.parametrize(
    ("moment", "lowest", "highest"),
    [
        ("2019-01-21T05:16:00", 99.9, 100.0),  # total eclipse of the Moon
        ("2018-07-27T20:21:00", 99.9, 100.0),  # total eclipse of the Moon
        ("2017-08-21T18:30:00", 0.0, 0.02),  # total eclipse of the Sun
        ("2020-12-14T16:17:00", 0.0, 0.02),  # total eclipse of the Sun
        ("2019-01-14T06:46:00", 49.5, 51.0),  # first quarter
    ],
)
def test_phases_of_the_moon(moment, lowest, highest):
    percent = ephemeris(iso_to_mjd(moment), *TARGET)["moon_percent"]

    assert lowest <= percent <= highest


def test_moon_and_sun_meet_at_an_eclipse_seen_from_its_path():
    """21 August 2017, greatest eclipse 18:25:32 UT at 36.97 N, 87.67 W (NASA)."""
    mjd = iso_to_mjd("2017-08-21T18:25:32")
    moon_ra_deg, moon_dec_deg = 150.86, 11.87  # the Sun's place then

    table = ephemeris(mjd, moon_ra_deg, moon_dec_deg, -87.67, 36.97, 0.0)

    assert table["moon_dist_deg"] == pytest.approx(table["sun_dist_deg"], abs=0.03)
    assert table["moon_alt_deg"] == pytest.approx(table["sun_alt_deg"], abs=0.03)
    assert table["sun_alt_deg"] == pytest.approx(63.9, abs=0.1)


def test_airmass_formula():
    """1 / (sin h + 0.025 exp(-11 sin h)); sec z is 2 at 30 degrees, 5.759 at 10."""
    heights = np.array([90.0, 30.0, 10.0, 0.001])

    values = airmass(heights)

    assert values == pytest.approx([1.0, 1.99959, 5.6386, 39.98], rel=1e-4)
    assert np.isnan(airmass(np.array([0.0, -0.001, -30.0, -90.0]))).all()
    assert airmass(30.0) == pytest.approx(1.99959, rel=1e-5)


def test_without_a_site_only_what_needs_none():
    assert set(ephemeris(58000.0, *TARGET)) == {
        "mhjd",
        "moon_dist_deg",
        "moon_percent",
        "sun_dist_deg",
    }


def test_one_date_gives_what_an_array_gives():
    many = ephemeris(np.array([58000.1, 58000.2]), *TARGET, *LA_SILLA)
    one = ephemeris(58000.2, *TARGET, *LA_SILLA)

    for name, values in many.items():
        assert one[name] == pytest.approx(values[1], nan_ok=True), name
        assert values.shape == (2,), name


def test_rows_leave_out_what_is_not_defined():
    """At La Silla on 4 September 2017 the target is up at 6h UT and down at 20h UT."""
    found = rows(ephemeris(np.array([58000.25, 58000.85]), *TARGET, *LA_SILLA))

    assert found[0]["airmass"] > 1.0
    assert "airmass" not in found[1]
    assert found[1]["alt_deg"] < 0.0
    assert all(type(value) is float for row in found for value in row.values())
    assert len(rows(ephemeris(58000.25, *TARGET))) == 1


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"alt_deg": 60.0, "airmass": 1.15, "sun_alt_deg": -30.0, "mhjd": 58000.004}, None),
        ({}, None),
        ({"alt_deg": 90.0, "airmass": 0.9999996}, None),
        ({"alt_deg": -20.0}, "the target is 20 deg below the horizon"),
        ({"alt_deg": 9.0, "airmass": 6.2}, "airmass 6.20 is not between 1 and 5"),
        ({"sun_alt_deg": 12.0}, "the Sun is 12 deg above the horizon"),
        ({"mhjd": 58000.0061}, "heliocentric correction of 0.0061 days"),
    ],
)
def test_fishy_places_and_times(row, reason):
    assert is_fishy(row, 58000.0) == reason


def test_several_reasons_are_joined():
    assert is_fishy({"alt_deg": -20.0, "sun_alt_deg": 12.0}, 58000.0).count(";") == 1


def test_swapped_coordinates_are_found():
    """At midnight in December the Sun is down on La Silla, and up at 70 degrees south."""
    mjd = iso_to_mjd("2012-12-14T04:00:00")

    right = rows(ephemeris(mjd, *TARGET, *LA_SILLA))[0]
    swapped = rows(ephemeris(mjd, *TARGET, LA_SILLA[1], LA_SILLA[0]))[0]

    assert is_fishy(right, mjd) is None
    assert is_fishy(swapped, mjd).startswith("the Sun is 7 deg above the horizon")


def test_no_network_is_used(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket, "socket", refuse)

    assert np.isfinite(ephemeris(75000.0, *TARGET, *LA_SILLA)["alt_deg"])  # the year 2064


def test_a_home_that_cannot_be_written_does_no_harm(tmp_path):
    """Batch nodes: astropy would like to keep files in the home folder."""
    code = (
        "from cosmouline.frames.ephemeris import ephemeris\n"
        "ephemeris(75000.0, 10.0, 20.0, -70.7, -29.3)\n"
    )
    no_folder = tmp_path / "file"  # not even root can make a home below a file
    no_folder.touch()
    environment = {**os.environ, "HOME": str(no_folder / "home"), "PYTHONWARNINGS": "error"}

    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.nan, 0.0, 0.0), "mjd must be finite"),
        ((58000.0, 400.0, 0.0), "not a position on the sky"),
        ((58000.0, 0.0, 95.0), "not a position on the sky"),
        ((58000.0, 0.0, 0.0, 10.0), "given together"),
        ((58000.0, 0.0, 0.0, 10.0, 95.0), "not a position on Earth"),
    ],
)
def test_impossible_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        ephemeris(*arguments)


def test_ut1_is_that_of_astropy_with_its_two_tables():
    """To 1 ms, 15 mas of hour angle; across the leap second of 2017, of a scalar, and outside."""
    mjd = np.array([44239.0, 50000.25, 53371.5, 57753.5, 57754.0, 57754.75, 59215.3, 60400.9])
    with offline():
        expected = Time(mjd, format="mjd", scale="utc").delta_ut1_utc

    assert ut1_ahead_s(mjd) == pytest.approx(expected, abs=1e-3)
    assert ut1_ahead_s(mjd[1]) == pytest.approx(expected[1], abs=1e-3)
    assert np.isnan(ut1_ahead_s(np.array([30000.0, 90000.0]))).all()
