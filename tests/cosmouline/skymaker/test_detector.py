"""Defects, cosmics, bleeding and digits, one by one."""

from cosmouline.skymaker import detector
from cosmouline.skymaker.model import Telescope

import numpy as np
import pytest


def test_hot_pixels_stay_and_grow_with_the_exposure():
    telescope = Telescope(nx=90, ny=80, n_hot_pixels=15, defect_seed=3)

    short, long = detector.hot_electrons(telescope, 10.0), detector.hot_electrons(telescope, 300.0)

    assert short.shape == (80, 90)
    assert np.count_nonzero(short) == 15
    np.testing.assert_allclose(long, 30 * short)


def test_bad_column_is_dark_from_its_row_on():
    kept = detector.response(Telescope(nx=20, ny=10, bad_columns=((7, 4),)))

    assert np.all(kept[4:, 7] == detector.BAD_COLUMN_RESPONSE)
    assert np.all(kept[:4, 7] == 1)
    assert kept.sum() == pytest.approx(200 - 6 * (1 - detector.BAD_COLUMN_RESPONSE))


def test_tracks_are_connected_lines():
    rng = np.random.default_rng(4)
    for _ in range(30):
        tracks = detector.cosmic_tracks(rng, (200, 200), 1)
        y, x = np.nonzero(tracks)
        reach = max(np.ptp(x), np.ptp(y)) + 1
        assert reach <= len(x) <= 2 * reach  # without holes, one or two pixels wide


def test_tracks_have_the_charge_and_the_length_of_their_law():
    n = 400
    tracks = detector.cosmic_tracks(np.random.default_rng(5), (2000, 2000), n)

    # exponential lengths: mean 4 px, scatter 3; lognormal charge: mean 2500 exp(0.32)
    mean_e = 2500 * np.exp(0.5 * 0.8**2) * 4
    scatter = np.sqrt((1 + 0.75**2) * np.exp(0.8**2) - 1)
    assert tracks.sum() / n == pytest.approx(mean_e, rel=5 * scatter / np.sqrt(n))


def test_no_track():
    assert detector.cosmic_tracks(np.random.default_rng(1), (5, 5), 0).sum() == 0


def test_bleeding_keeps_the_charge_and_fills_neighbours_of_the_column():
    electrons = np.full((101, 5), 10.0)
    electrons[50, 2] = 1000.0

    filled = detector.fill_wells(electrons, 100.0, bleeds=True)

    assert filled.sum() == pytest.approx(electrons.sum())
    np.testing.assert_array_equal(filled[:, [0, 1, 3, 4]], 10.0)
    assert np.all(filled[45:56, 2] == 100.0)  # 900 e- fill ten pixels with room for 90 each
    assert np.all(filled[:45, 2] == 10.0)
    assert electrons[50, 2] == 1000.0  # the input is not changed


def test_bleeding_is_symmetric_up_and_down():
    electrons = np.random.default_rng(6).uniform(0, 20, (40, 3))
    electrons[20, 1] = 700.0

    filled = detector.fill_wells(electrons, 100.0, bleeds=True)

    np.testing.assert_allclose(
        detector.fill_wells(electrons[::-1], 100.0, bleeds=True)[::-1], filled
    )


def test_charge_that_reaches_the_edge_is_lost():
    electrons = np.zeros((4, 1))
    electrons[1] = 1000.0

    assert detector.fill_wells(electrons, 100.0, bleeds=True).sum() == 400.0


def test_without_bleeding_the_surplus_is_lost():
    filled = detector.fill_wells(np.array([[50.0, 300.0]]), 100.0, bleeds=False)

    assert filled.tolist() == [[50.0, 100.0]]


def test_digits_are_rounded_and_clipped():
    electrons = np.array([[-9.0, 10.9, 11.1, 400000.0]])

    adu = detector.digitise(electrons, Telescope(gain_e_per_adu=2.0))

    assert adu.dtype == np.uint16
    assert adu.tolist() == [[0, 5, 6, 65535]]


def test_floats_are_neither_rounded_nor_clipped():
    adu = detector.digitise(
        np.array([[-9.0, 11.1]]), Telescope(gain_e_per_adu=2.0, dtype="float32")
    )

    assert adu.dtype == np.float32
    np.testing.assert_allclose(adu, [[-4.5, 5.55]], rtol=1e-6)


def test_flat_error_has_its_rms_and_its_scale():
    telescope = Telescope(nx=400, ny=380, flat_error=0.005, flat_error_px=30.0, defect_seed=4)

    error = detector.flat_error(telescope) - 1

    # white noise smoothed by a Gaussian of sigma s: correlation exp(-d^2 / 4 s^2)
    assert error.std() == pytest.approx(0.005)
    step = 18
    found = np.mean(error * np.roll(error, step, axis=1)) / error.var()
    expected = np.exp(-(step**2) / (4 * (30 / 2.3548) ** 2))
    # some 400 x 380 / (4 pi s^2) = 75 independent patches
    assert found == pytest.approx(expected, abs=5 * (1 - expected**2) / np.sqrt(75))


def test_brighter_fatter_keeps_the_charge_and_widens_a_star_by_its_law():
    y, x = np.indices((61, 61)) - 30.0
    star = 90000.0 * np.exp(-0.5 * (x**2 + y**2) / 0.85**2)
    c = 3e-7

    wider = detector.spread_charge(star, c)

    before, after = ((x**2 * one).sum() / one.sum() for one in (star, wider))
    assert wider.sum() == pytest.approx(star.sum())
    assert after - before == pytest.approx(c * (star**2).sum() / star.sum())
    # 1 % of the width of a star of 2 px at a full well of 96000 e-
    assert np.sqrt(after / before) - 1 == pytest.approx(0.01, abs=0.001)


def test_a_wrong_card_changes_the_header_alone():
    true, wrong = Telescope(), Telescope(card_gain_factor=4.0, card_saturation_adu=64000.0)

    cards = detector.keywords(wrong, 60000.0, 100.0)

    assert (cards["GAIN"], cards["SATURATE"]) == (4 * true.gain_e_per_adu, 64000.0)
    np.testing.assert_array_equal(detector.digitise(np.arange(9.0), wrong),
                                  detector.digitise(np.arange(9.0), true))
