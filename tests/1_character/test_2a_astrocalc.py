from cosmouline.errors import UserError

import numpy as np
import pytest

SCRIPT = "1_character/2a_astrocalc"
AU_S = 499.00478  # light time


def heliocentric_days(mjd, ra_deg, dec_deg):
    """Correction by the low-precision Sun of the Astronomical Almanac (C5), good to a second."""
    n = mjd - 51544.5
    anomaly = np.radians(357.528 + 0.9856003 * n)
    longitude = 280.460 + 0.9856474 * n + 1.915 * np.sin(anomaly) + 0.020 * np.sin(2 * anomaly)
    longitude = np.radians(longitude - 0.01397 * n / 365.25)  # back to the equinox of J2000
    tilt, ra, dec = np.radians([23.439, ra_deg, dec_deg])
    sun = np.array([np.cos(longitude), np.cos(tilt) * np.sin(longitude),
                    np.sin(tilt) * np.sin(longitude)])
    sun *= 1.00014 - 0.01671 * np.cos(anomaly) - 0.00014 * np.cos(2 * anomaly)
    star = np.array([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
    return -AU_S * star @ sun / 86400


def secant(mjd, ra_deg, dec_deg, lon_deg, lat_deg):
    """Secant of the zenith distance."""
    sidereal_deg = 280.46061837 + 360.98564736629 * (mjd - 51544.5) + lon_deg
    hour, dec, lat = np.radians([sidereal_deg - ra_deg, dec_deg, lat_deg])
    return 1 / (np.sin(lat) * np.sin(dec) + np.cos(lat) * np.cos(dec) * np.cos(hour))


def test_time_and_airmass_are_those_of_textbooks(lens_after):
    lens = lens_after(SCRIPT)
    sky = lens.truth.campaign

    for row in lens.rows.values():
        expected_d = heliocentric_days(row["mjd"], sky.ra_deg, sky.dec_deg)
        assert row["mhjd"] - row["mjd"] == pytest.approx(expected_d, abs=1 / 86400)
        expected = secant(row["mjd"], sky.ra_deg, sky.dec_deg, row["site_lon_deg"],
                          row["site_lat_deg"])
        # precession since 2000 moves the target by 0.3 deg: 0.5 % of sec z at 30 deg
        assert row["airmass"] == pytest.approx(expected, rel=0.005)
        assert row["airmass"] == pytest.approx(1 / np.sin(np.radians(row["alt_deg"])), rel=0.002)
        assert row["sun_alt_deg"] < -18
        assert 0 <= row["moon_percent"] <= 100
        assert "astro_note" not in row


def test_every_image_has_its_own_site(lens_before):
    lens = lens_before(SCRIPT)
    lens.update("R_tiny_0001", site_lon_deg=-17.8792, site_lat_deg=28.7624)
    lens.run(SCRIPT)
    moved, sky = lens.rows["R_tiny_0001"], lens.truth.campaign

    expected = secant(moved["mjd"], sky.ra_deg, sky.dec_deg, -17.8792, 28.7624)
    assert expected > 1.4
    assert moved["airmass"] == pytest.approx(expected, rel=0.01)
    assert lens.rows["R_tiny_0000"]["airmass"] < 1.2


def test_an_exposure_by_day_is_told(lens_before, caplog):
    lens = lens_before(SCRIPT)
    lens.update("R_tiny_0002", mjd=lens.rows["R_tiny_0002"]["mjd"] + 0.5)

    lens.run(SCRIPT)

    note = lens.rows["R_tiny_0002"]["astro_note"]
    assert (f"1 images are flagged for their time or position (first: R_tiny_0002, {note})"
            ) in caplog.messages


def test_without_a_position_nothing_is_computed_and_nothing_old_is_left(lens_after, caplog):
    lens = lens_after(SCRIPT)
    lens.set("lens_ra_deg = None\n")

    lens.run(SCRIPT)

    assert ("lens_ra_deg or lens_dec_deg is not set: no heliocentric time, no airmass"
            in caplog.messages)
    assert not any({"mhjd", "airmass"} & row.keys() for row in lens.rows.values())


def test_the_script_before_is_named(lens_before):
    lens = lens_before(SCRIPT)
    lens.update("R_tiny_0003", mjd=None, **{"ran__1_character/1a_add_to_database": None})

    with pytest.raises(UserError, match=r"1 of 7 images have no 'mjd' \(first: R_tiny_0003\)\. "
                                        r"Run 1_character/1a_add_to_database\.py first"):
        lens.run(SCRIPT)
