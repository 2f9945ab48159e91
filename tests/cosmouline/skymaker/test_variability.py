"""Light curves: statistics of the walk from theory, delays and drifts by hand."""

from cosmouline.skymaker.model import Lens, LensImage, Star, Telescope
from cosmouline.skymaker.variability import flux_e_s, image_magnitude, random_walk, star_magnitude

import numpy as np
import pytest

MJD = np.arange(60000.0, 60300.0, 0.7)


def test_walk_has_the_rms_and_the_memory_of_its_definition():
    mjd = np.arange(50000.0, 90000.0, 5.0)

    walk = random_walk(mjd, seed=3, tau_days=20.0, sigma_mag=0.15)

    # a variance estimated over n tau = 2000 time scales is good to sqrt(2 / 2000) = 3.2 %
    assert walk.std() == pytest.approx(0.15, rel=5 * 0.016)
    correlation = np.mean(walk[4:] * walk[:-4]) / walk.var()
    assert correlation == pytest.approx(np.exp(-20 / 20), abs=5 * 0.03)


def test_walk_does_not_depend_on_the_dates_asked_for():
    few = random_walk(MJD[::7], 5, 60.0, 0.12)
    many = random_walk(np.append(MJD, 65000.0), 5, 60.0, 0.12)

    np.testing.assert_array_equal(few, many[:-1][::7])
    assert not np.allclose(few, random_walk(MJD[::7], 6, 60.0, 0.12))


def test_walk_is_the_recursion_of_its_definition():
    """Step by step, over the end of one drawn piece of the grid (8192 steps, MJD 52048)."""
    damping, sigma_mag = np.exp(-0.25 / 60.0), 0.12
    kicks = np.random.default_rng(5).normal(size=9000)
    mag = [sigma_mag * kicks[0]]
    for kick in kicks[1:]:
        mag.append(damping * mag[-1] + np.sqrt(1 - damping**2) * sigma_mag * kick)

    grid = 50000.0 + 0.25 * np.arange(9000)
    for some in (grid, grid[:8191], grid[8190:8193]):
        expected = np.interp(some, grid, mag)
        np.testing.assert_allclose(random_walk(some, 5, 60.0, sigma_mag), expected, atol=1e-12)


def test_walk_before_its_start_is_an_error():
    with pytest.raises(ValueError, match=r"mjd must be 50000 or later, not 49999\.50"):
        random_walk([49999.5, 60000.0], 1, 60.0, 0.1)


def test_walk_of_no_date_is_empty():
    assert random_walk([], 1, 60.0, 0.1).shape == (0,)


def test_curve_of_b_is_that_of_a_shifted_by_the_delay():
    first = LensImage("A", 0, 0, 18.0)
    second = LensImage("B", 1, 0, 18.7, delay_days=8.8)
    lens = Lens("L", 0.0, 0.0, (first, second), seed=4)

    a, b = image_magnitude(lens, first, MJD), image_magnitude(lens, second, MJD + 8.8)

    np.testing.assert_allclose(b - a, 0.7, atol=1e-10)
    assert np.ptp(a) > 0.1  # it does vary


def test_drift_is_a_sine_of_its_own():
    image = LensImage(
        "A", 0, 0, 18.0, drift_mag=0.05, drift_period_days=200.0, drift_phase_rad=1.0
    )
    lens = Lens("L", 0.0, 0.0, (image,), sigma_mag=0.0)

    mag = image_magnitude(lens, image, np.array([60000.0, 60100.0]))

    assert mag[0] == pytest.approx(18.0 + 0.05 * np.sin(2 * np.pi * 300 + 1.0))
    assert mag.mean() == pytest.approx(18.0)  # half a period apart


def test_variable_star_follows_its_sine_and_a_constant_one_does_not():
    constant, variable = (
        Star("C", 0, 0, 17.0),
        Star("V", 0, 0, 17.0, amplitude_mag=0.3, period_days=8),
    )

    assert np.all(star_magnitude(constant, MJD) == 17.0)
    assert star_magnitude(variable, 60002.0) == pytest.approx(17.3)  # 60000 is 7500 periods
    assert star_magnitude(variable, 60006.0) == pytest.approx(16.7)


def test_zero_point_and_colour_term():
    telescope = Telescope(zeropoint_mag=24.5, colour_term=0.1)

    assert flux_e_s(telescope, 24.5) == pytest.approx(1.0)
    assert flux_e_s(telescope, 19.5) == pytest.approx(100.0)
    assert flux_e_s(telescope, 19.5, colour_mag=2.0) == pytest.approx(100 * 10**-0.08)
