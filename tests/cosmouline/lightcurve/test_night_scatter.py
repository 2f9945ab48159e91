"""night_scatter.py: noise drawn with known errors."""

from cosmouline.lightcurve import night_scatter

import numpy as np
import pytest

NIGHTS = [np.arange(4 * i, 4 * i + 4) for i in range(100)]


def test_right_errors_have_a_ratio_of_one_whatever_the_nights_do():
    """300 degrees of freedom: the ratio is known to 1 / sqrt(600)."""
    rng = np.random.default_rng(1)
    sigma = rng.uniform(0.01, 0.03, 400)
    mag = np.repeat(rng.normal(0, 0.5, 100), 4) + sigma * rng.standard_normal(400)

    found = night_scatter.measure(NIGHTS, mag, sigma)

    assert (found.nights, found.images) == (100, 400)
    assert found.ratio == pytest.approx(1, abs=5 / np.sqrt(600))
    assert found.ratio_sigma == pytest.approx(1 / np.sqrt(600), rel=0.2)
    assert found.error == pytest.approx(np.sqrt(np.mean(sigma**2)))
    assert found.rms == pytest.approx(found.error, rel=5 / np.sqrt(600))
    assert night_scatter.measure(NIGHTS, mag, sigma / 2).ratio == pytest.approx(2 * found.ratio)


def test_two_nights_by_hand():
    """Magnitudes 1 and 3 of weights 1 and 1/4 have the mean 1.4 and chi2 0.8; 5, 5, 8 have 6."""
    mag, sigma = np.array([1.0, 3.0, 5.0, 5.0, 8.0]), np.array([1.0, 2.0, 1.0, 1.0, 1.0])

    found = night_scatter.measure([np.arange(2), np.arange(2, 5)], mag, sigma)

    assert (found.nights, found.images) == (2, 5)
    assert found.rms == pytest.approx(np.sqrt((2 + 6) / 3))
    assert found.error == pytest.approx(np.sqrt(8 / 5))
    assert found.ratio == pytest.approx(np.sqrt(6.8 / 3))
    assert found.ratio_sigma == pytest.approx(np.sqrt(6.8 / 3) / np.sqrt(6))


def test_single_images_tell_nothing():
    mag, sigma = np.array([1.0, 2.0, np.nan, 3.0]), np.full(4, 0.1)

    found = night_scatter.measure([np.array([0, 2]), np.array([1]), np.array([3])], mag, sigma)

    assert found.nights == 0
    assert np.isnan(found.ratio)
