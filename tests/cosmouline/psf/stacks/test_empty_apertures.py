from cosmouline.psf.stacks.empty_apertures import NoiseCurve, empty_places, noise_curve

import numpy as np
import pytest
from scipy.ndimage import uniform_filter

SHAPE = 420, 400


def test_places_lie_on_empty_sky_do_not_overlap_and_are_of_all_phases():
    blocked = np.zeros(SHAPE, bool)
    blocked[100:140, 50:90] = True

    places = empty_places(blocked, 4.0, seed=1)

    # one in each cell of 9 x 9 px, but for the border and the block of 40 x 40 px with its rim
    assert len(places) == pytest.approx((412 * 392 - 52**2) / 81, rel=0.05)
    away = np.hypot(*(places[:, None] - places).transpose(2, 0, 1))
    assert away[~np.eye(len(places), dtype=bool)].min() > 7.0  # radius 4, less the jitter
    y, x = np.nonzero(blocked)
    nearest = np.hypot(places[:, 0] - x[:, None], places[:, 1] - y[:, None]).min(0)
    assert nearest.min() > 4.0 + 1.0
    assert ((places > 3.5) & (places < np.array(SHAPE[::-1]) - 4.5)).all()
    assert np.histogram(places[:, 0] % 1, 4, (0, 1))[0].min() > len(places) / 6
    assert not np.array_equal(places, empty_places(blocked, 4.0, seed=2))
    assert len(empty_places(blocked, 4.0, seed=1, most=30)) == 30


def test_white_noise_has_a_factor_of_1_whatever_the_size():
    image = np.random.default_rng(1).normal(0, 3, SHAPE).astype(np.float32)

    found = noise_curve(image, np.full(SHAPE, 9, np.float32), np.zeros(SHAPE, bool),
                        [2.0, 4.0, 8.0], seed=3)

    assert found.factor == pytest.approx(np.ones(3), abs=4 * found.factor_sigma.max())
    assert found.sigma == pytest.approx(3 * np.sqrt(np.pi) * np.array([2, 4, 8]), rel=0.12)
    assert np.abs(found.level).max() < 0.15


def test_correlated_noise_is_seen_by_its_size():
    """White noise averaged over 3 x 3 pixels: single pixels scatter by a third.

    A large aperture sees all of it; the variance given is the one that counts for it.
    """
    image = uniform_filter(np.random.default_rng(2).normal(0, 3, SHAPE), 3).astype(np.float32)

    found = noise_curve(image, np.full(SHAPE, 9, np.float32), np.zeros(SHAPE, bool),
                        [1.0, 3.0, 14.0], seed=1)

    # the slow obvious version: the same noise summed in squares of the same area
    assert found.factor[0] < 0.6 < found.factor[1] < found.factor[2]
    assert found.factor[2] == pytest.approx(1.0, abs=0.15)
    assert found.at(1.0) == found.factor[0]
    assert found.factor[0] < found.at(2.0) < found.factor[1]
    assert found.at(40.0) == found.factor[2]  # the largest that was measured


def test_without_room_nothing_is_measured_and_the_factor_is_1():
    found = noise_curve(np.zeros((40, 40), np.float32), np.ones((40, 40), np.float32),
                        np.ones((40, 40), bool), [3.0], seed=1)
    assert found.n.tolist() == [0]
    assert np.isnan(found.factor[0])
    assert NoiseCurve(*found).at(np.array([2.0, 5.0])).tolist() == [1.0, 1.0]
