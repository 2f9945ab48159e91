"""Delays of drawn curves; the likelihood beside the slow, obvious one with complete matrices."""

from cosmouline.lightcurve.delay.delays import (
    MICROLENSING_SCALE_D,
    Delay,
    Walks,
    find_delay,
    log_likelihood,
    seasons,
    shifts,
)

import numpy as np
import pytest

WALKS = Walks(0.1, 150.0, 0.03)


def walk(rng, mjd, amplitude, scale_d):
    """Draw a damped random walk at dates in any order."""
    order = np.argsort(mjd)
    kept = np.exp(-np.diff(mjd[order]) / scale_d)
    steps, values = rng.normal(0, amplitude, len(mjd)), np.empty(len(mjd))
    value = steps[0]
    values[order[0]] = value
    for place, one, step in zip(order[1:], kept, steps[1:], strict=True):
        value = one * value + np.sqrt(1 - one**2) * step
        values[place] = value
    return values


def curves(seed, lag_d, n_seasons=3, n=45, sigma=0.008):
    """Draw two curves, the second behind by a lag, fainter, noisier, and microlensed."""
    rng = np.random.default_rng(seed)
    mjd = np.concatenate([365 * k + np.sort(rng.uniform(0, 220, n)) for k in range(n_seasons)])
    light = walk(rng, np.concatenate([mjd, mjd - lag_d]), WALKS.amplitude_mag, WALKS.scale_d)
    n = len(mjd)
    other = light[n:] + 0.7 + walk(rng, mjd, WALKS.microlensing_mag, MICROLENSING_SCALE_D)
    return ((mjd, light[:n] + rng.normal(0, sigma, n), np.full(n, sigma)),
            (mjd, other + rng.normal(0, 2 * sigma, n), np.full(n, 2 * sigma)))


def dense(mjd, mag, sigma, second, walks):
    """Return the same likelihood from complete matrices."""
    apart = abs(mjd[:, None] - mjd)
    covariance = (walks.amplitude_mag**2 * np.exp(-apart / walks.scale_d) + np.diag(sigma**2)
                  + np.outer(second, second) * walks.microlensing_mag**2
                  * np.exp(-apart / MICROLENSING_SCALE_D))
    means = np.column_stack([np.ones(len(mjd)), second])
    inverse = np.linalg.inv(covariance)
    of_means = means.T @ inverse @ means
    left = mag - means @ np.linalg.solve(of_means, means.T @ inverse @ mag)
    return -0.5 * (left @ inverse @ left + np.linalg.slogdet(covariance)[1]
                   + np.linalg.slogdet(of_means)[1])


@pytest.mark.parametrize("delay_d", [0.37, -9.2, 250.0])
@pytest.mark.parametrize("walks", [WALKS, Walks(0.5, 20.0, 1e-3)])
def test_the_likelihood_is_that_of_complete_matrices(delay_d, walks):
    one, other = curves(1, 5.0, n_seasons=2, n=12)
    mjd, mag, sigma = (np.concatenate(pair) for pair in zip(one, other, strict=True))
    second = np.arange(len(mjd)) >= len(one[0])
    shifted = mjd + delay_d * second
    shuffled = np.random.default_rng(0).permutation(len(mjd))

    found = log_likelihood(shifted[shuffled], mag[shuffled], sigma[shuffled], second[shuffled],
                           walks)

    assert found == pytest.approx(dense(shifted, mag, sigma, second, walks), abs=1e-8)


def test_equal_dates_are_put_a_trifle_apart():
    one, other = curves(1, 5.0, n_seasons=1, n=12)
    mjd, mag, sigma = (np.concatenate(pair) for pair in zip(one, other, strict=True))
    second = np.arange(len(mjd)) >= len(one[0])

    found = log_likelihood(mjd, mag, sigma, second, WALKS)

    # 2 x 0.1^2 x 1e-4 / 150 of variance between the two, of 4 x 0.008^2: 5e-5 a pair
    assert found == pytest.approx(dense(mjd, mag, sigma, second, WALKS), abs=12 * 1e-3)


def test_delays_are_found_within_the_errors_given():
    lags_d = np.linspace(-37.3, 41.1, 8)
    found = [find_delay(*curves(seed, lag_d), 80.0) for seed, lag_d in enumerate(lags_d)]

    pulls = np.array([(one.delay_d + lag_d) / one.sigma_d
                      for one, lag_d in zip(found, lags_d, strict=True)])
    # chi2 of 8: below 0.85 and above 26.1 are one in a thousand each
    assert 0.85 < (pulls**2).sum() < 26.1
    assert abs(pulls).max() < 4
    # a season of 45 points of 1 and 2 % tells a delay to about a day
    assert all(0.1 < one.sigma_d < 3 for one in found)


def test_a_curve_that_is_ahead_has_a_negative_delay():
    one, other = curves(3, 10.0)
    ahead, behind = find_delay(one, other, 40.0), find_delay(other, one, 40.0)

    assert ahead.delay_d == pytest.approx(-10, abs=5 * ahead.sigma_d)
    assert behind.delay_d == pytest.approx(-ahead.delay_d, abs=ahead.sigma_d)
    assert np.trapezoid(ahead.density, ahead.trials_d) == pytest.approx(1, abs=1e-3)


def test_the_numbers_of_a_delay_are_what_they_were(recorded):
    """That they are right is shown by the other tests: see tests/recorded.py."""
    found = find_delay(*curves(2, 23.0, n_seasons=2), 60.0)

    # the walks end at a tolerance
    recorded("lightcurve/delay", found._asdict() | {"walks": found.walks}, (("", 1e-2),))


def test_the_step_of_the_delays_is_a_quarter_of_the_distance_of_the_points():
    """Points 4 d apart: 1 d, from a five hundredth to a twentieth of the longest delay."""
    mjd, sigma = np.arange(0, 120, 4.0), np.full(30, 0.01)
    one = (mjd, np.sin(mjd / 20), sigma)
    for longest_d, step_d in ((50.0, 1.0), (10.0, 0.5), (1000.0, 2.0)):
        trials = find_delay(one, one, longest_d).trials_d
        assert np.median(np.diff(trials)[:5]) == pytest.approx(step_d)


def test_curves_that_do_not_vary_tell_no_delay():
    rng = np.random.default_rng(2)
    mjd, sigma = np.arange(0, 200, 4.0), np.full(50, 0.01)
    flat = [(mjd, rng.normal(0, 0.01, 50), sigma) for _ in range(2)]

    found = find_delay(*flat, 50.0)

    assert np.isnan([found.delay_d, found.sigma_d]).all()


def test_too_few_points_are_refused():
    one = tuple(np.arange(12.0).reshape(3, 4) + 1)
    with pytest.raises(ValueError, match="fewer than 5 points"):
        find_delay(one, one, 10.0)


def delay(value, sigma=1.0):
    return Delay(value, sigma, np.zeros(1), np.ones(1), WALKS)


def test_one_shift_for_each_curve_fits_all_pairs():
    exact = {("A", "B"): delay(-8.0), ("A", "C"): delay(-2.0), ("B", "C"): delay(6.0)}
    found = shifts("ABC", exact)
    assert {name: shift for name, (shift, _) in found.items()} == pytest.approx(
        {"A": 0, "B": -8, "C": -2})
    # three pairs of one error of 1: variances 2/3, for two delays 3/2 times that
    assert found["B"][1] == pytest.approx(1.0)

    # the mean of the direct way and of the one round C, half as good
    found = shifts("ABC", exact | {("A", "B"): delay(-5.0)})
    assert found["B"][0] == pytest.approx((-5 * 2 - 8) / 3)


def test_a_curve_without_delay_has_no_shift():
    nan = float("nan")
    found = shifts("ABC", {("A", "B"): delay(nan, nan), ("A", "C"): delay(3.0),
                           ("B", "C"): delay(nan, nan)})
    assert found["C"] == (3.0, 1.0)
    assert np.isnan(found["B"]).all()
    assert found["A"] == (0.0, 0.0)

    found = shifts("ABC", {("A", "B"): delay(nan, nan), ("A", "C"): delay(3.0),
                           ("B", "C"): delay(1.0)})
    assert found["B"][0] == pytest.approx(2.0)  # by way of C


def test_seasons_are_parted_by_gaps():
    found = seasons(np.array([130.0, 0, 2, 3, 8, 100, 230]), 60)

    assert found[:2] == [(0.0, 8.0, 4, 2.0), (100.0, 130.0, 2, 30.0)]
    assert found[2][:3] == (230.0, 230.0, 1)
    assert np.isnan(found[2][3])
    assert seasons(np.array([]), 60) == []
