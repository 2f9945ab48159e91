"""Errors of stars that last for days: none where there are none, found where they were drawn."""

from cosmouline.photometry.epoch_noise import covariance, epoch_noise

import numpy as np
import pytest

SIGMA, N_STARS, N_POINTS = 0.004, 6, 40


def drawn(seed, amplitude=0.0, scale_d=30.0, quoted=1.0):
    """Magnitudes of constant stars with white noise and, by star, noise of an exponential."""
    rng = np.random.default_rng(seed)
    mjd = np.sort(rng.uniform(0, 400, N_POINTS))
    kernel = np.exp(-np.abs(mjd[:, None] - mjd) / scale_d) + 1e-9 * np.eye(N_POINTS)
    lasting = amplitude * np.linalg.cholesky(kernel) @ rng.standard_normal((N_POINTS, N_STARS))
    mag = 15.0 + np.arange(N_STARS) + lasting + SIGMA * rng.standard_normal(lasting.shape)
    return mjd, mag, np.full(mag.shape, quoted * SIGMA)


@pytest.mark.parametrize("quoted", [1.0, 0.6])
def test_independent_epochs_are_told_so(quoted):
    """With errors that are right, and with some that are too small: of 6 sets one at most."""
    assert sum(epoch_noise(*drawn(seed, quoted=quoted)).is_there for seed in range(6)) <= 1


def test_noise_that_lasts_is_found_with_its_size():
    """Twice the errors: 6 stars of 13 scales each know it to 12 %; the scale to a factor."""
    found = [epoch_noise(*drawn(seed, 2 * SIGMA)) for seed in range(4)]

    assert all(one.is_there for one in found)
    assert np.mean([one.amplitude for one in found]) == pytest.approx(2 * SIGMA, rel=5 * 0.12 / 2)
    assert {one.scale_d for one in found} <= {10.0, 30.0, 100.0}


def test_one_star_that_varies_is_no_noise_of_the_epochs():
    mjd, mag, sigma = drawn(3)
    mag[:, 2] += 0.05 * np.sin(mjd / 20)

    assert not epoch_noise(mjd, mag, sigma).is_there


def test_points_that_are_missing_do_not_count():
    mjd, mag, sigma = drawn(1, 2 * SIGMA)
    mag[::7, 2] = np.nan
    mag[:, 5] = np.nan

    assert epoch_noise(mjd, mag, sigma).is_there
    assert epoch_noise(mjd, mag[:, 4:], sigma[:, 4:]) is None


def test_the_covariance_is_that_of_the_model():
    noise = epoch_noise(*drawn(1, 2 * SIGMA))
    mjd, sigma = np.array([0.0, 10.0, 500.0]), np.array([0.01, 0.02, np.nan])

    found = covariance(mjd, sigma, noise)

    assert found[0, 0] == pytest.approx(1e-4 + noise.amplitude**2)
    assert found[0, 1] == found[1, 0] == pytest.approx(
        noise.amplitude**2 * np.exp(-10 / noise.scale_d))
    assert np.isnan(found[2]).all()
