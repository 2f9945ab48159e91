"""robust.py against numpy and the Gaussian law."""

from cosmouline.robust import mad_sigma, median_of_finite, steady_variance, theil_sen

import numpy as np
import pytest
from scipy import stats


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


def test_variances_of_few_draws_are_averaged_with_what_is_expected_of_them():
    own = np.array([1.0, 8.0, np.nan, 3.0])
    expected = np.array([1.0, 2.0, 2.0, np.nan])

    found = steady_variance(own, expected, 12)

    # mean ratio of the two known ones: (1 + 4) / 2; 4 parts of it and 12 of their own
    assert found[:2] == pytest.approx([(4 * 2.5 + 12 * 1) / 16, (4 * 5 + 12 * 8) / 16])
    assert np.isnan(found[2:]).all()
    assert np.isnan(steady_variance(own[2:], expected[2:], 4)).all()


def test_steadied_variances_scatter_less_and_are_right_in_the_mean():
    # 4 draws of 4000 images: squares of chi, whose mean has a scatter of sqrt(2 / 4)
    draws = np.random.default_rng(1).standard_normal((4, 4000))
    own = np.mean(draws**2, axis=0)

    found = steady_variance(own, np.ones(4000), 4)

    assert own.std() == pytest.approx(np.sqrt(0.5), rel=0.1)
    assert found.std() == pytest.approx(np.sqrt(0.5) / 2, rel=0.1)
    assert found.mean() == pytest.approx(1, abs=4 * np.sqrt(0.5 / 4000))


@pytest.mark.parametrize("digits", [6, 1])  # with one digit many values are the same
@pytest.mark.parametrize("n", [3, 8, 41])
def test_the_line_of_theil_and_sen_is_that_of_scipy(n, digits):
    rng = np.random.default_rng(n)
    x, y = rng.uniform(0, 3, (2, n)).round(digits)
    found, expected = theil_sen(x, y), stats.theilslopes(y, x)
    assert found == pytest.approx(tuple(expected), rel=1e-12)
