from cosmouline.skymaker.truth import (
    colour_term,
    compare,
    flux_scale,
    pull_limits,
    true_rows,
)

import numpy as np
import pytest
from scipy import stats


def test_bias_scatter_and_pull_are_those_put_in():
    rng = np.random.default_rng(8)
    true = rng.uniform(100, 300, 20_000)
    measured = true * (1.02 + 0.03 * rng.standard_normal(true.size))

    found = compare(measured, 0.015 * measured, true)

    # five standard errors of a mean, a scatter and a pull of 20 000 values
    assert found.bias == pytest.approx(0.02, abs=5 * 0.03 / np.sqrt(true.size))
    assert found.scatter == pytest.approx(0.03, rel=5 / np.sqrt(2 * true.size))
    assert found.error == pytest.approx(0.015)
    assert found.pull == pytest.approx(2.0, rel=0.05)


def test_a_few_epochs_give_an_unbiased_pull():
    rng = np.random.default_rng(9)
    pulls = [compare(100 + rng.standard_normal(4), np.ones(4), np.full(4, 100.0)).pull ** 2
             for _ in range(4000)]

    assert np.mean(pulls) == pytest.approx(1.0, rel=5 * np.sqrt(2 / 3 / 4000))


def test_the_scale_is_that_of_the_stars_that_are_met():
    true_xy = np.array([[10.0, 10], [50, 20], [30, 70]])
    true_flux = np.array([100.0, np.nan, 40.0])  # the second one varies
    measured_xy = true_xy[[2, 1, 0]] + 0.3
    star_flux = 3.0 * np.array([[40.0, 999.0, 100.0], [40.0, 0.1, np.nan]])

    assert flux_scale(star_flux, measured_xy, true_flux, true_xy) == pytest.approx(3.0)


def test_no_star_in_common_is_an_error():
    with pytest.raises(ValueError, match="no measured star is among the true ones"):
        flux_scale(np.ones((2, 1)), np.array([[5.0, 5]]), np.ones(1), np.array([[50.0, 50]]))


def test_a_measured_star_belongs_to_the_true_one_within_two_pixels():
    rows = true_rows(np.array([[11.0, 11.0], [12.1, 10.0]]), np.array([[50.0, 20], [10, 10]]))

    assert rows.tolist() == [1, -1]


def test_the_colour_term_is_what_the_magnitudes_differ_by_per_colour():
    mags, colours = np.array([15.0, 16.0, 17.0]), np.array([0.4, -0.1, 1.4])

    assert colour_term(mags + 0.06 * colours, mags, colours) == pytest.approx(0.06)
    assert colour_term(mags, mags, colours) == 0


@pytest.mark.parametrize("n", [7, 15, 100])
@pytest.mark.parametrize("n_sigma", [2.0, 3.0])
def test_limits_of_a_pull_are_those_of_chi2(n, n_sigma):
    quantiles = stats.chi2.ppf(stats.norm.cdf([-n_sigma, n_sigma]), n - 1)

    assert pull_limits(n, n_sigma) == pytest.approx(np.sqrt(quantiles / (n - 1)), abs=0.04)
    assert pull_limits(1) == pull_limits(2)  # of no degree of freedom nothing is known
