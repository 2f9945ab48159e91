"""Patterns, slopes and wide stars among drawn widths."""

from cosmouline.psf.shape_patterns import (
    extended_stars,
    growth_with_peak,
    growth_with_seeing,
    joined_slope,
    pattern,
    slope,
    star_means,
    wide_stars,
)

import numpy as np
import pytest

N_STARS, N_IMAGES = 12, 12
SIGMA = 0.005  # of the width of a star in an image; .0014 of its mean
LENS = np.array([0.1, -0.2])


def drawn(seed, effect=0.0, colour=0.002, n_stars=N_STARS):
    """Mean widths of stars, their errors and places; `effect(uv)` is added, and a colour each."""
    random = np.random.default_rng(seed)
    uv = random.uniform(-0.8, 0.8, (n_stars, 2))
    sigma = SIGMA * random.uniform(0.6, 1.8, (N_IMAGES, n_stars))
    width = random.normal(0, sigma) + random.normal(0, colour, n_stars)
    width += effect(uv) if callable(effect) else effect
    return *star_means(width, sigma), uv


def test_means_and_errors_by_hand():
    width = np.array([[0.01, 0.0, np.nan], [0.03, 0.0, np.nan]])
    sigma = np.array([[0.01, 0.02, 0.01], [0.01, np.nan, 0.01]])

    mean, error = star_means(width, sigma)

    # the two of the first star differ by 2 sigma: chi2 of 2 for one degree of freedom
    np.testing.assert_allclose(mean[:2], [0.02, 0.0])
    np.testing.assert_allclose(error[:2], [0.01, 0.02])
    assert np.isnan(mean[2])


@pytest.mark.parametrize("n_stars", [6, 12, 20])
def test_stars_without_a_pattern_have_none(n_stars):
    """One in 1000 by chance: none of 100 in 9 of 10 suites, two in 1 of 200."""
    found = [pattern(*drawn(seed, n_stars=n_stars), LENS) for seed in range(100)]

    assert sum(one is not None for one in found) <= 1


@pytest.mark.parametrize("seed", range(5))
def test_a_parabola_is_found_with_the_width_at_the_lens(seed):
    """10 % at the edges, less the mean of the stars, as a PSF takes it."""
    def effect(uv):
        value = 0.10 * (uv**2).sum(1)
        return value - value.mean()

    mean, error, uv = drawn(seed, effect)
    found = pattern(mean, error, uv, LENS)

    assert found is not None
    assert found.rms == pytest.approx(effect(uv).std(), rel=0.1)
    true = 0.10 * ((LENS**2).sum() - (uv**2).sum(1).mean())
    assert found.at_place == pytest.approx(true, abs=5 * found.sigma + 0.003)


def test_a_weak_pattern_that_no_flux_feels_is_not_told():
    def weak(uv):
        return 0.004 * (uv[:, 0] - uv[:, 0].mean())

    mean, error, uv = drawn(1, weak, colour=0.0)

    assert pattern(mean, error / 100, uv, LENS) is None


@pytest.mark.parametrize("per_e", [0.0, 2e-6])
def test_a_slope_with_the_peak_is_told_from_none(per_e):
    """2 % for 10^4 e-; peaks of 3000 to 30000 e-, scatter .25 %. Of 40, .1 have a false slope."""
    significant, slopes = 0, []
    for seed in range(40):
        peak = np.exp(np.random.default_rng(100 + seed).uniform(8, 10.3, N_STARS))
        mean, error, _ = drawn(seed, per_e * peak)
        found = slope(mean, error, peak)
        significant += found.is_significant
        slopes.append(found)

    assert significant >= 38 if per_e else significant <= 2
    both = joined_slope(slopes)
    assert both.slope == pytest.approx(per_e, abs=5 * both.sigma)
    assert both.is_significant == (per_e > 0)


def test_a_slope_needs_stars_that_differ():
    mean, error, _ = drawn(1)

    assert slope(mean, error, np.ones(N_STARS)) is None
    assert slope(mean[:4], error[:4], np.arange(4.0)) is None
    assert joined_slope([None]) is None


@pytest.mark.parametrize("seed", range(5))
def test_a_galaxy_among_the_stars_is_wide_and_wider_in_good_seeing(seed):
    """A source of variance v in a seeing of variance s: wider by v / (2 s)."""
    random = np.random.default_rng(seed)
    fwhm_px = random.uniform(1.6, 2.5, N_IMAGES)
    sigma = SIGMA * np.ones((N_IMAGES, N_STARS))
    width = random.normal(0, sigma) + random.normal(0, 0.002, N_STARS)
    width[:, 3] += 0.06 * (2.0 / fwhm_px) ** 2
    width[:, 5] += 0.06  # as by its place

    mean, error = star_means(width, sigma)
    growth = growth_with_seeing(width, sigma, fwhm_px)

    assert np.flatnonzero(wide_stars(mean, error)).tolist() == [3, 5]
    assert np.flatnonzero(extended_stars(mean, growth)).tolist() == [3]
    excess = 0.06 * (2.0 / np.median(fwhm_px)) ** 2
    assert growth[3].slope == pytest.approx(excess, abs=5 * growth[3].sigma)
    assert growth[5].slope == pytest.approx(0, abs=5 * growth[5].sigma)


@pytest.mark.parametrize("per_e", [0.0, 2e-6])
def test_the_growth_of_the_stars_knows_the_slope_with_their_peaks(per_e):
    """2 % for 10^4 e-, however much the mean widths of the stars differ, by 2 % here.

    Errors: .005 / (sqrt(12) x .25, the scatter of the seeing) of a star, of 12 stars whose peaks
    scatter by 8000 e- 2e-7.
    """
    found = []
    for seed in range(40):
        random = np.random.default_rng(seed)
        fwhm_px = random.uniform(1.6, 2.5, N_IMAGES)
        peak_e = np.exp(random.uniform(8, 10.3, N_STARS)) * (2.0 / fwhm_px[:, None]) ** 2
        sigma = SIGMA * np.ones(peak_e.shape)
        width = random.normal(0, sigma) + random.normal(0, 0.02, N_STARS) + per_e * peak_e
        found.append(growth_with_peak(growth_with_seeing(width, sigma, fwhm_px),
                                      np.median(peak_e, 0), np.ones(N_STARS, bool)))

    pull = np.array([(one.slope - per_e) / one.sigma for one in found])
    assert abs(pull.mean()) < 4 / np.sqrt(40)
    assert 0.7 < pull.std() < 1.5
    significant = sum(one.is_significant for one in found)
    assert significant >= 36 if per_e else significant <= 2  # of 40 by chance .1
    assert growth_with_peak([None] * 4, np.ones(4), np.ones(4, bool)) is None


def test_several_galaxies_are_told_by_the_seeing_where_no_width_stands_out():
    """A third of the stars: 6 to 9 % wider in a seeing of 2 px. Of 40 fields without, none."""
    for seed in range(40):
        random = np.random.default_rng(seed)
        fwhm_px = random.uniform(1.6, 2.5, N_IMAGES)
        sigma = SIGMA * np.ones((N_IMAGES, N_STARS))
        width = random.normal(0, sigma) + random.normal(0, 0.002, N_STARS)
        for excess in (0.0, 1.0):
            width[:, :4] += excess * np.array([0.06, 0.07, 0.08, 0.09]) * (
                2.0 / fwhm_px[:, None]) ** 2
            mean, _ = star_means(width, sigma)
            growth = growth_with_seeing(width, sigma, fwhm_px)
            found = np.flatnonzero(extended_stars(mean, growth))
            assert found.tolist() == ([0, 1, 2, 3] if excess else [])


def test_stars_alike_or_of_many_widths_are_not_wide():
    """A pattern over the field is no reason to leave stars out: it is reported as such."""
    for seed in range(40):
        assert not wide_stars(*drawn(seed)[:2]).any()
        assert not wide_stars(*drawn(seed, lambda uv: 0.1 * (uv**2).sum(1))[:2]).any()
    assert not wide_stars(np.array([0.0, 0.5, np.nan]), np.full(3, 0.001)).any()
