"""Numbers of a made-up epoch, worked out by hand."""

from types import SimpleNamespace

from cosmouline.lightcurve import db_hand_off

import numpy as np
import pytest

SCALE = 0.2  # arcsec per pixel
UPRIGHT = np.array([[-SCALE, 0], [0, SCALE]])  # east to the left, north up


def epochs(*linear):
    return SimpleNamespace(linear=np.array(linear, float), data_e=np.zeros((len(linear), 41, 41)))


def test_an_upright_stamp_has_the_lens_at_its_shift_and_east_to_the_left():
    wcs, = db_hand_off.stamp_wcs(epochs(np.eye(2)), np.array([[1.5, -2.0]]), UPRIGHT,
                                 np.zeros(2), (150.0, 60.0))

    assert np.ravel(wcs.all_world2pix(150.0, 60.0, 0)) == pytest.approx([21.5, 18.0], abs=1e-6)
    # 2" east are 2 / cos 60 deg = 4" of right ascension, and 10 pixels to the left
    east = np.ravel(wcs.all_world2pix(150.0 + 4 / 3600, 60.0, 0))
    assert east == pytest.approx([11.5, 18.0], abs=1e-3)
    assert db_hand_off.north_deg(wcs) == pytest.approx(0.0)


def test_positions_that_count_from_elsewhere():
    """The origin of the positions 1" east and 3" north of the lens."""
    wcs, = db_hand_off.stamp_wcs(epochs(np.eye(2)), np.zeros((1, 2)), UPRIGHT,
                                 np.array([1.0, 3.0]), (150.0, 0.0))

    # the lens is 5 px to the right of the middle and 15 px below it
    assert np.ravel(wcs.all_world2pix(150.0, 0.0, 0)) == pytest.approx([25.0, 5.0], abs=1e-6)


def test_a_turned_and_a_larger_image():
    """Turned by 90 deg from x to y: north is to the left; 1.1 times as many pixels."""
    turned, larger = db_hand_off.stamp_wcs(
        epochs([[0, -1], [1, 0]], 1.1 * np.eye(2)), np.zeros((2, 2)), UPRIGHT, np.zeros(2),
        (150.0, 0.0))

    assert db_hand_off.north_deg(turned) == pytest.approx(90.0)
    assert np.ravel(turned.all_world2pix(150.0, 2 / 3600, 0)) == pytest.approx([10, 20], abs=1e-4)
    assert np.ravel(larger.all_world2pix(150.0, 2 / 3600, 0)) == pytest.approx([20, 31], abs=1e-4)


def test_conditions_are_columns_with_what_is_absent():
    rows = [{"img_name": "R_1", "mjd": 58000.5, "field_fwhm_arcsec": 1.1, "dec_coeff__lens": 1.2,
             "dec_coeff_sigma__lens": 0.01, "filter": "R"}, {"img_name": "R_2"}]

    found = db_hand_off.conditions(rows, "lens")

    assert list(found["img_name"]) == ["R_1", "R_2"]
    assert list(found["filter"]) == ["R", ""]
    assert (found["fwhm_arcsec"][0], found["coeff"][0], found["coeff_sigma"][0]) == (1.1, 1.2, .01)
    assert np.isnan([found["mjd"][1], found["airmass"][0]]).all()
