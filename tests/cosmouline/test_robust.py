"""robust.py against numpy and the Gaussian law."""

from cosmouline.robust import mad_sigma, median_of_finite

import numpy as np
import pytest


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("n", [1, 4, 5])
def test_without_nan_it_is_the_median(axis, n):
    values = np.random.default_rng(1).normal(size=(n, n + 1, 3))
    np.testing.assert_allclose(median_of_finite(values, axis), np.median(values, axis))


def test_nan_are_skipped_as_numpy_skips_them():
    values = np.random.default_rng(2).normal(size=(7, 40))
    values[np.random.default_rng(3).uniform(size=values.shape) < 0.3] = np.nan
    np.testing.assert_allclose(median_of_finite(values), np.nanmedian(values, axis=0))


def test_nothing_finite_is_nan_without_a_warning():
    values = np.array([[np.nan, 1.0], [np.nan, 3.0]])
    np.testing.assert_array_equal(median_of_finite(values), [np.nan, 2.0])
    assert np.isnan(median_of_finite(np.empty((0, 2)))).all()
    assert f"{median_of_finite([]):.2f}" == "nan"


def test_the_input_stays_as_it_was():
    values = np.array([3.0, 1.0, 2.0])
    assert median_of_finite(values) == 2.0
    np.testing.assert_array_equal(values, [3.0, 1.0, 2.0])


def test_mad_sigma_of_a_gaussian_sample_with_outliers():
    values = np.random.default_rng(4).normal(10.0, 3.0, 20_000)
    values[:200] = 1e6
    # the median deviation has an efficiency of 37 %: error sigma / sqrt(2 n .37); outliers +1 %
    assert mad_sigma(values) == pytest.approx(3.0, rel=5 / np.sqrt(2 * 20_000 * 0.37) + 0.015)
