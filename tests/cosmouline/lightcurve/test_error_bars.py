"""error_bars.py: one group of images against plain formulas and against Monte Carlo."""

from cosmouline.lightcurve.error_bars import (
    cosmouline_errors,
    fill_scatter,
    median_flux,
    weighted_mean,
)

import numpy as np
import pytest


def test_cosmoulines_errors_by_hand():
    """Three images with round numbers; medians 10, 2 (flux, error) and 2, 0.1 (coefficient)."""
    flux_e, errors_e = cosmouline_errors(
        np.array([[10.0], [12.0], [9.0]]), np.array([[2.0], [3.0], [1.0]]),
        np.array([2.0, 1.0, 3.0]), np.array([0.1, 0.2, 0.1]))

    assert flux_e == [20.0]  # of 20, 12, 27
    assert errors_e[0] * np.sqrt(3) == pytest.approx([
        3.0,  # of 4, 3, 3
        np.hypot(3.0, 20 * 0.1 / 2),
        np.hypot(2 * 2, 10 * 0.1),
        np.hypot(3, 2.4),  # the middle one of hypot(4, 1), hypot(3, 2.4), hypot(3, 0.9)
        1.4826 * 7,  # of 0, 8, 7
    ])


def test_one_image_has_no_scatter():
    flux_e, errors_e = cosmouline_errors(
        np.array([[100.0]]), np.array([[3.0]]), np.array([2.0]), np.array([0.08]))

    assert flux_e == [200]
    assert errors_e[0] == pytest.approx([6, 10, 10, 10, 0])


def test_images_without_flux_or_error_change_nothing():
    """A source seen in images 0, 2 and 3 of five, and one that is not seen at all."""
    rng = np.random.default_rng(8)
    flux_e, sigma_e = rng.uniform(100, 110, (5, 3)), rng.uniform(3, 4, (5, 3))
    coeff, coeff_sigma = rng.uniform(0.8, 1.2, 5), rng.uniform(0.01, 0.02, 5)
    seen = [0, 2, 3]
    alone = cosmouline_errors(flux_e[seen], sigma_e[seen], coeff[seen], coeff_sigma[seen])
    flux_e[1, 1] = sigma_e[4, 1] = np.nan
    flux_e[:, 2] = np.nan

    center_e, errors_e = cosmouline_errors(flux_e, sigma_e, coeff, coeff_sigma)

    assert center_e[1] == alone[0][1]
    np.testing.assert_array_equal(errors_e[1], alone[1][1])
    assert np.isnan([center_e[2], *errors_e[2]]).all()


def test_small_groups_get_three_median_scatters_and_the_fifth_bar_is_the_larger():
    magerr = np.full((4, 1, 5), 0.02)
    magerr[:, 0, 4] = [0.01, 0.03, 0.04, 0.9]

    filled = fill_scatter(magerr, np.array([[3], [5], [2], [1]]))

    assert filled[:, 0, 4] == pytest.approx([0.01, 0.03, 0.06, 0.06])  # 3 x median(0.01, 0.03)
    assert filled[:, 0, 5] == pytest.approx([0.02, 0.03, 0.06, 0.06])
    np.testing.assert_array_equal(filled[:, :, :4], magerr[:, :, :4])


def test_without_a_large_group_there_is_no_scatter_and_the_fifth_bar_is_the_first():
    filled = fill_scatter(np.full((2, 1, 5), 0.02), np.array([[1], [2]]))

    assert np.isnan(filled[:, 0, 4]).all()
    assert (filled[:, 0, 5] == 0.02).all()


def test_a_group_without_magnitude_has_no_bar_at_all():
    magerr = np.full((2, 1, 5), 0.02)
    magerr[1] = np.nan

    assert np.isnan(fill_scatter(magerr, np.array([[3], [1]]))[1]).all()


def simulated(n, n_groups, seed, sigma_ratio=2.0):
    """Make groups of normalised fluxes of three sources whose errors are known and correlated.

    Returns truth (3,), flux (G, n, 3), covariance (G, n, 3, 3), coeff_relative (G, n).
    """
    rng = np.random.default_rng(seed)
    truth_e = np.array([50000.0, 20000.0, 3000.0])
    sigma_e = np.array([300.0, 250.0, 300.0]) * rng.uniform(1, sigma_ratio, (n_groups, n, 1))
    correlation = np.array([[1, -0.3, 0], [-0.3, 1, -0.4], [0, -0.4, 1]])
    noise = rng.standard_normal((n_groups, n, 3)) @ np.linalg.cholesky(correlation).T * sigma_e
    coeff_relative = np.full((n_groups, n), 0.01)
    coeff = 1 + coeff_relative[..., None] * rng.standard_normal((n_groups, n, 1))
    covariance = sigma_e[..., :, None] * correlation * sigma_e[..., None, :]
    return truth_e, (truth_e + noise) * coeff, covariance, coeff_relative


def combined(function, data):
    """Apply weighted_mean or median_flux to all groups: offsets, covariances, chi2."""
    truth_e, flux_e, covariance, coeff_relative = data
    means = [function(*group) for group in zip(flux_e, covariance, coeff_relative, strict=True)]
    offset_e = np.array([mean.flux_e for mean in means]) - truth_e
    return offset_e, np.array([m.cov_e2 for m in means]), np.array([m.chi2_dof for m in means])


@pytest.mark.parametrize("function", [weighted_mean, median_flux])
@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_errors_are_those_of_the_monte_carlo(function, n):
    """Pull 1 before the inflation, for each source and for the difference of two."""
    n_groups = 600
    offset_e, cov_e2, chi2_dof = combined(function, simulated(n, n_groups, seed=n))
    inflation = np.sqrt(np.fmax(chi2_dof, 1)) if n >= 3 else np.ones_like(chi2_dof)
    inner_e2 = cov_e2 / inflation[:, :, None] / inflation[:, None, :]

    pulls = offset_e / np.sqrt(np.einsum("gkk->gk", inner_e2))
    variance_e2 = inner_e2[:, 0, 0] + inner_e2[:, 1, 1] - 2 * inner_e2[:, 0, 1]
    difference = (offset_e[:, 0] - offset_e[:, 1]) / np.sqrt(variance_e2)

    width = 5 / np.sqrt(2 * n_groups)  # 5 sigma of a standard deviation
    allowed = width + (0.03 if function is median_flux else 0)  # its formula's own 3 %
    assert pulls.std(axis=0) == pytest.approx(np.ones(3), abs=allowed)
    assert difference.std() == pytest.approx(1, abs=allowed + 0.02)
    assert np.abs(pulls.mean(axis=0)).max() < 5 / np.sqrt(n_groups)
    if n > 1:
        assert chi2_dof.mean() == pytest.approx(1, abs=5 * np.sqrt(2 / (n - 1) / n_groups))


def test_the_median_of_two_unequal_images_is_their_plain_mean():
    """Errors of 1 and 3: sqrt(1 + 9) / 2 for the half of the sum, sqrt(0.9) if weighted."""
    group = np.array([[10.0], [12.0]]), np.array([[[1.0]], [[9.0]]]), np.zeros(2)

    assert np.sqrt(median_flux(*group).cov_e2[0, 0]) == pytest.approx(np.sqrt(10) / 2)
    assert np.sqrt(weighted_mean(*group).cov_e2[0, 0]) == pytest.approx(np.sqrt(0.9))


def test_the_inflation_costs_gaussian_errors_seven_per_cent():
    """The rms pull is sqrt(E[1 / max(1, chi2/4)]) = 0.930 for five images, by integration."""
    offset_e, cov_e2, _ = combined(weighted_mean, simulated(5, 600, seed=11))

    pulls = offset_e / np.sqrt(np.einsum("gkk->gk", cov_e2))

    assert pulls.std() == pytest.approx(0.930, abs=5 * 0.93 / np.sqrt(2 * 600))


@pytest.mark.parametrize(("n", "factor"), [(2, 1.0), (3, 2.0)])
def test_scatter_beyond_the_errors_enlarges_them_from_three_images_on(n, factor):
    """Unit errors and fluxes 100 +- d with chi2/dof = 4: errors double, but not for a pair."""
    offset = {2: np.sqrt(2.0), 3: 2.0}[n]
    flux_e = np.array([[100 - offset], [100 + offset], [100.0]])[:n]

    mean = weighted_mean(flux_e, np.ones((n, 1, 1)), np.zeros(n))

    assert mean.chi2_dof == pytest.approx([4.0])
    assert np.sqrt(mean.cov_e2[0, 0]) == pytest.approx(factor / np.sqrt(n))


def test_scatter_enlarges_all_errors_alike_and_the_medians_too():
    """Fluxes -8 -1 1 8 about 100, variances of 1 from photons and 1 from the coefficient.

    chi2/dof is 130 / 2 / 3, far from 1; half of every variance is the coefficient's.
    """
    flux_e = np.array([[92.0], [99.0], [101.0], [108.0]])
    errors = np.ones((4, 1, 1)), np.full(4, 0.01)

    factor = np.sqrt(130 / 3 / 2)
    for function in (weighted_mean, median_flux):
        quiet, found = function(np.full((4, 1), 100.0), *errors), function(flux_e, *errors)
        assert found.chi2_dof == pytest.approx([130 / 3 / 2])
        assert np.sqrt(found.cov_e2 / quiet.cov_e2) == pytest.approx(factor)
        assert found.norm_sigma_e / quiet.norm_sigma_e == pytest.approx(factor)
        assert found.norm_sigma_e == pytest.approx(np.sqrt(found.cov_e2[0] / 2))  # half of it


def test_a_common_coefficient_moves_all_sources_together():
    """With no other error the sources of a single image are fully correlated."""
    flux_e = np.array([[1000.0, 200.0]])

    mean = weighted_mean(flux_e, np.zeros((1, 2, 2)), np.array([0.02]))

    assert mean.cov_e2 == pytest.approx(0.02**2 * np.outer([1000, 200], [1000, 200]))


def test_the_mean_stays_inside_its_fluxes_where_joint_least_squares_does_not():
    """Two sources, correlated by 0.9, the first three times better known in the first image."""
    flux_e = np.array([[100.0, 100.0], [101.0, 110.0]])
    covariance = np.array([[[1, 2.7], [2.7, 9]], [[9, 2.7], [2.7, 1]]])
    weights = np.linalg.inv(covariance)
    joint = np.linalg.solve(weights.sum(axis=0), np.einsum("ikl,il->k", weights, flux_e))

    mean = weighted_mean(flux_e, covariance, np.zeros(2))

    assert joint == pytest.approx([102.98, 110.34], abs=0.01)  # both beyond the larger flux
    assert mean.flux_e == pytest.approx([(100 + 101 / 9) / (1 + 1 / 9),
                                         (100 / 9 + 110) / (1 + 1 / 9)])
    assert np.diag(mean.cov_e2) == pytest.approx([0.9, 0.9])  # 1 / (1 + 1/9)


@pytest.mark.parametrize("function", [weighted_mean, median_flux])
def test_a_source_that_is_missing_does_not_touch_the_others(function):
    _, flux_e, covariance, coeff_relative = simulated(4, 1, seed=3)
    alone = function(flux_e[0, :, :1], covariance[0, :, :1, :1], coeff_relative[0])
    flux_e[0, :, 1], flux_e[0, 0, 2] = np.nan, np.nan
    covariance[0, 0, 2, :] = covariance[0, 0, :, 2] = np.nan

    mean = function(flux_e[0], covariance[0], coeff_relative[0])

    assert mean.flux_e[0] == alone.flux_e[0]
    assert mean.cov_e2[0, 0] == pytest.approx(alone.cov_e2[0, 0])
    assert np.isnan(mean.flux_e[1])
    assert np.isnan(mean.cov_e2[1]).all()
    assert np.isfinite(mean.cov_e2[[0, 2]][:, [0, 2]]).all()
    rest = function(flux_e[0, 1:], covariance[0, 1:], coeff_relative[0, 1:])
    assert mean.flux_e[2] == pytest.approx(rest.flux_e[2])
