"""Magnitudes of single images against their definition."""

from cosmouline.photometry.magnitudes import image_magnitudes, mag_error

import numpy as np
import pytest


def test_a_magnitude_is_that_of_the_normalised_flux():
    """100 e- x 2 and 1000 e- x 0.5: -2.5 lg 200 and -2.5 lg 500."""
    mag, _ = image_magnitudes(np.array([[100.0], [1000.0]]), np.ones((2, 1)),
                              np.array([2.0, 0.5]), np.zeros(2))

    assert mag[:, 0] == pytest.approx([-5.752575, -6.747425])


def test_the_error_is_the_scatter_of_drawn_magnitudes():
    """Fluxes with an error of 2 %, coefficients with 1.5 %: 2.5 % together."""
    random = np.random.default_rng(3)
    n = 20_000
    flux = 500 * (1 + 0.02 * random.standard_normal((n, 1)))
    coeff = 1.3 * (1 + 0.015 * random.standard_normal(n))

    mag, sigma = image_magnitudes(flux, np.full((n, 1), 10.0), coeff, np.full(n, 0.0195))

    assert np.median(sigma) == pytest.approx(2.5 / np.log(10) * 0.025, rel=1e-3)
    assert mag.std() == pytest.approx(np.median(sigma), rel=5 / np.sqrt(2 * n))


def test_no_magnitude_without_a_positive_flux_and_coefficient():
    flux = np.array([[5.0, -5.0, 0.0, np.nan], [5.0] * 4, [5.0] * 4])

    mag, sigma = image_magnitudes(flux, np.ones(flux.shape), np.array([1.0, -1.0, np.nan]),
                                  np.full(3, 0.1))

    assert np.isfinite(mag).tolist() == [[True, False, False, False], [False] * 4, [False] * 4]
    assert np.isnan(sigma[np.isnan(mag)]).all()


def test_the_error_of_cosmouline_is_the_difference_to_the_brighter_magnitude():
    """2.5 lg(1 + e / f): a flux of 100 +- 10 is 0.1035 mag fainter than 110."""
    assert mag_error(10.0, 100.0) == pytest.approx(-2.5 * np.log10(100) + 2.5 * np.log10(110))
