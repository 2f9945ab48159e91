"""The grid of residuals and its prior."""

from dataclasses import replace

from cosmouline.psf.model import moffat, moffat_derivatives, render
from cosmouline.psf.residual_grid import (
    GridFit,
    fit_grid,
    grid_prior,
    held_centre,
    normal_matrix,
    scaling_matrix,
)

import numpy as np
import pytest

SIDE, UP, FWHM = 12, 2, 2.5
PARAMETERS = np.array([np.log(FWHM), 0.0, 0.0, np.log(3.0)])
MOFFAT = moffat(PARAMETERS, SIDE * UP, UP)
OFFSETS = np.array([[0.2, -0.3], [-0.4, 0.1]])
AMPLITUDES = np.array([2.0e4, 5.0e4])


def prior(tau=0.1, ell=0.8, power=0.7, wings=(0.0, 1.0, 1.0)):
    return grid_prior(MOFFAT, FWHM, UP, [(tau, ell, power), wings])


def white_values(seed):
    return np.random.default_rng(seed).standard_normal(prior().n_white)


def stars(narrow):
    return AMPLITUDES[:, None, None] * render(narrow, OFFSETS, SIDE, UP)


def start_of(data):
    """The start, as a fit of which nothing is known."""
    return replace(start(), white=np.zeros(1), residual=0 * MOFFAT)


def start():
    return GridFit(None, None, OFFSETS, AMPLITUDES)


def test_draws_of_the_prior_have_the_level_and_the_correlation_asked_for():
    random = np.random.default_rng(1)
    draws = np.array([prior().colour(random.standard_normal(prior().n_white)) for _ in range(400)])
    row = SIDE * UP // 2

    scatter = draws.std(0)[row, row] / (0.1 * MOFFAT[row, row] ** 0.7)
    white = draws / prior().levels[0]
    correlation = (white[:, row, row] * white[:, row, row + 4]).mean()

    # a Gaussian of FWHM 0.8 * 2.5 * 2 = 4 small pixels is at 1/16 of its peak at 4
    assert scatter == pytest.approx(1, abs=5 / np.sqrt(2 * 400))
    assert correlation == pytest.approx(1 / 16, abs=5 / np.sqrt(400))


@pytest.mark.parametrize("ell", [0.8, 1.6])
def test_the_correlation_is_a_gaussian_of_the_width_asked_for(ell):
    """Its FWHM is ell x 2.5 px x 2 small pixels: half of it away the correlation is 1/2."""
    (smoothing,) = prior(ell=ell).smoothings
    lag = np.arange(SIDE * UP)[:, None] - np.arange(SIDE * UP)

    np.testing.assert_allclose(smoothing @ smoothing.T, 0.5 ** ((2 * lag / (ell * 5)) ** 2),
                               atol=2e-3)


def test_the_parts_of_a_prior_add_up_and_the_wings_reach_farther():
    both = prior(wings=(0.02, 4.0, 0.5))
    random = np.random.default_rng(4)
    draws = np.array([both.colour(random.standard_normal(both.n_white)) for _ in range(400)])

    expected = np.hypot(0.1 * MOFFAT**0.7, 0.02 * MOFFAT**0.5)
    for place in ((12, 12), (12, 2), (1, 1)):
        assert draws.std(0)[place] == pytest.approx(expected[place], rel=5 / np.sqrt(2 * 400))


def test_the_gradient_by_white_values_is_the_transpose_of_the_residual():
    both = prior(wings=(0.02, 4.0, 0.5))
    random = np.random.default_rng(5)
    white, image = random.standard_normal(both.n_white), random.standard_normal(MOFFAT.shape)

    assert white @ both.back(image) == pytest.approx((both.colour(white) * image).sum())


def test_the_fit_is_at_least_as_good_as_the_truth_by_its_own_cost():
    true = white_values(2)
    data = stars(MOFFAT + prior().colour(true))
    weight = 1 / (1.0 + data.clip(0))

    fit = fit_grid(data, weight, MOFFAT[None], prior(), start(), UP, 150)

    def chi2(narrow, offset_px, amplitude):
        model = amplitude[:, None, None] * render(narrow, offset_px, SIDE, UP)
        return (weight * (data - model) ** 2).sum()

    found = chi2(MOFFAT + fit.residual, fit.offset_px, fit.amplitude)
    # without noise the truth has chi2 = 0; the prior prefers a smaller g and some chi2
    assert found + (fit.white**2).sum() < (true**2).sum()
    assert found < 0.01 * chi2(MOFFAT, OFFSETS, AMPLITUDES)


def test_positions_and_amplitudes_are_found_with_the_grid():
    data = stars(MOFFAT)
    weight = 1 / (1.0 + data.clip(0))
    # their mean stays: a shift of all stars is one of the PSF
    snr2 = (weight * data**2).sum((1, 2))
    away_px = np.array([[0.2, 0.1], [-0.2, -0.1]]) * (snr2.sum() - snr2)[:, None] / snr2.sum()
    off = GridFit(None, None, OFFSETS + away_px, 0.95 * AMPLITUDES)

    fit = fit_grid(data, weight, MOFFAT[None], prior(1e-4), off, UP, 150)

    # no noise, and a prior that allows no residual; the search ends at 1e-7 of the cost
    assert fit.offset_px == pytest.approx(OFFSETS, abs=5e-3)
    assert fit.amplitude == pytest.approx(AMPLITUDES, rel=5e-3)


def test_the_equations_are_those_of_the_cost():
    # second derivatives of half the cost by differences of the model, in all unknowns
    parts, random = prior(wings=(0.02, 4.0, 0.5)), np.random.default_rng(6)
    white = 0.3 * random.standard_normal(parts.n_white)
    weight = 1 / (400.0 + stars(MOFFAT))
    slope, extra = moffat_derivatives(PARAMETERS, SIDE * UP, UP)[1][0], 1e3 * stars(MOFFAT**2)
    at = GridFit(white, parts.colour(white), OFFSETS, AMPLITUDES)

    found = normal_matrix(weight, MOFFAT[None], parts, at, UP, [slope[None]], [extra])

    def model(unknowns):
        n_white = parts.n_white
        narrow = MOFFAT + parts.colour(white + unknowns[:n_white]) + unknowns[n_white] * slope
        offset_px = OFFSETS + unknowns[n_white + 2 : n_white + 6].reshape(2, 2).T
        amplitude = AMPLITUDES + unknowns[n_white + 6 :]
        return (amplitude[:, None, None] * render(narrow, offset_px, SIDE, UP)
                + unknowns[n_white + 1] * extra)

    step = np.ones(len(found)) * 1e-4
    steps = np.diag(step)
    columns = np.array([(model(one) - model(-one)).ravel() for one in steps]) / (2 * step[:, None])
    expected = columns * weight.ravel() @ columns.T
    expected[np.arange(parts.n_white), np.arange(parts.n_white)] += 1
    expected[np.arange(-6, 0), np.arange(-6, 0)] += [1, 1, 1, 1, *AMPLITUDES**-2.0]
    scale = np.sqrt(np.diag(expected))
    assert found / np.outer(scale, scale) == pytest.approx(
        expected / np.outer(scale, scale), abs=1e-5)  # single precision


def test_a_common_shift_of_the_stars_is_held_and_nothing_else():
    matrix = normal_matrix(np.full((2, SIDE, SIDE), 1e-3), MOFFAT[None], prior(), GridFit(
        None, 0.0 * MOFFAT, OFFSETS, AMPLITUDES), UP)

    sigma2 = np.linalg.inv(held_centre(matrix, AMPLITUDES))
    free = np.linalg.inv(matrix)

    snr2 = AMPLITUDES**2 * np.diag(matrix)[-2:]
    mean = snr2 / snr2.sum()
    for block in (slice(-6, -4), slice(-4, -2)):
        assert mean @ sigma2[block, block] @ mean == pytest.approx(1e-8, rel=0.01)
        assert mean @ free[block, block] @ mean > 1e-6
    assert sigma2[-2:, -2:] == pytest.approx(free[-2:, -2:], rel=0.02, abs=1e-4 * free[-1, -1])


def test_the_fit_ends_where_its_cost_is_lowest():
    random = np.random.default_rng(7)
    data = stars(MOFFAT + prior().colour(white_values(2)))
    data = data + np.sqrt(400 + data.clip(0)) * random.standard_normal(data.shape)
    weight = 1 / (400.0 + data.clip(0))

    fit = fit_grid(data, weight, MOFFAT[None], prior(), start(), UP, 50)
    # once more, from there and with fresh equations
    again = fit_grid(data, weight, MOFFAT[None], prior(), replace(fit, factor=None), UP, 50)

    def cost(found):
        model = found.amplitude[:, None, None] * render(
            MOFFAT + found.residual, found.offset_px, SIDE, UP)
        return ((weight * (data - model) ** 2).sum() + (found.white**2).sum()) / 2

    # a step that gains less than 1e-7 of the cost ends it: within a few 1e-2 of the lowest one,
    # where L-BFGS without the scaling was 2 to 3.5 too high after 150 steps
    assert cost(fit) == pytest.approx(cost(again), abs=0.1)
    assert cost(again) < cost(start_of(data)) / 10


def test_without_weight_the_residual_stays_at_the_prior():
    data = stars(MOFFAT)
    weight = np.zeros_like(data)
    weight[:, SIDE // 2, SIDE // 2] = 1e-12

    fit = fit_grid(data, weight, MOFFAT[None], prior(), start(), UP, 50)

    assert np.abs(fit.residual).max() < 1e-3
    assert fit.amplitude == pytest.approx(AMPLITUDES, rel=0.01)


def test_a_smaller_tau_keeps_the_psf_nearer_to_the_moffat():
    true = prior().colour(white_values(3))
    data = stars(MOFFAT + true)
    weight = 1 / (400.0 + data.clip(0))

    size = [
        np.abs(fit_grid(data, weight, MOFFAT[None], prior(tau), start(), UP, 100).residual).sum()
        for tau in (0.1, 2e-4)
    ]

    assert size[1] < 0.3 * size[0]


def test_nodes_that_are_left_out_take_nothing_from_the_variance():
    """All but 2e-3 of it where the level is above a hundredth of its largest."""
    parts = grid_prior(MOFFAT, FWHM, UP, [(0.1, 0.8, 1.5)])
    draws = np.array([parts.colour(one) for one in np.eye(parts.n_white)])
    level = 0.1 * MOFFAT**1.5

    ratio = (draws**2).sum(0) / level**2
    assert ratio[level > 0.01 * level.max()] == pytest.approx(1, abs=2e-3)
    assert ratio.max() < 1 + 1e-9
    # far out there are no nodes: the level is 1e-3 of its largest at 7.7 small pixels
    (kept,) = parts.kept
    assert kept.sum() < 0.8 * kept.size


def test_a_width_below_a_small_pixel_is_one_and_a_part_of_no_size_is_none():
    (narrow,) = prior(ell=0.01).smoothings
    (least,) = prior(ell=0.2).smoothings  # .2 x 2.5 px x 2 small pixels
    (wider,) = prior(ell=0.3).smoothings

    np.testing.assert_allclose(narrow, least)
    assert abs(wider - least).max() > 2e-3
    assert len(prior(wings=(1e-9, 1.0, 1.0)).levels) == 2


def test_stars_in_another_unit_have_the_same_psf():
    data = stars(MOFFAT + prior().colour(white_values(2)))
    data = data + np.sqrt(400 + data.clip(0)) * np.random.default_rng(8).standard_normal(
        data.shape)
    weight = 1 / (400.0 + data.clip(0))

    fit = fit_grid(data, weight, MOFFAT[None], prior(), start(), UP, 30)
    # a power of two changes no digit
    other = fit_grid(data / 1024, 1024.0**2 * weight, MOFFAT[None], prior(), replace(
        start(), amplitude=AMPLITUDES / 1024), UP, 30)

    assert other.amplitude == pytest.approx(fit.amplitude / 1024, rel=1e-5)
    assert other.offset_px == pytest.approx(fit.offset_px, abs=1e-5)
    assert other.residual == pytest.approx(fit.residual, abs=1e-5)


def test_a_shift_of_all_stars_is_one_of_the_psf():
    """Both stars .15 and -.1 px from where they start; the mean by S/N^2 stays there."""
    data = AMPLITUDES[:, None, None] * render(MOFFAT, OFFSETS + np.array([0.15, -0.1]), SIDE, UP)
    weight = 1 / (400.0 + data.clip(0))

    fit = fit_grid(data, weight, MOFFAT[None], prior(0.3), start(), UP, 60)

    snr2 = (weight * data**2).sum((1, 2))
    mean = (snr2 / snr2.sum()) @ (fit.offset_px - OFFSETS)
    assert mean == pytest.approx([0, 0], abs=1e-3)
    # the PSF has moved by as much: right and low are brighter
    narrow = MOFFAT + fit.residual
    at = np.arange(SIDE * UP) - (SIDE * UP - 1) / 2
    core = narrow[6:18, 6:18] / narrow[6:18, 6:18].sum()
    assert pytest.approx(core.sum(0) @ at[6:18], rel=0.35) == UP * 0.15
    assert pytest.approx(core.sum(1) @ at[6:18], rel=0.35) == UP * -0.1


def test_the_first_step_is_that_of_the_equations():
    """Near the start the cost is round in the scaled unknowns: three steps take nearly all."""
    data = stars(MOFFAT + 0.1 * prior().colour(white_values(2)))
    data = data + np.sqrt(400 + data.clip(0)) * np.random.default_rng(9).standard_normal(
        data.shape)
    weight = 1 / (400.0 + data.clip(0))

    def cost(found):
        model = found.amplitude[:, None, None] * render(
            MOFFAT + found.residual, found.offset_px, SIDE, UP)
        return ((weight * (data - model) ** 2).sum() + (found.white**2).sum()) / 2

    first, third, last = (cost(fit_grid(data, weight, MOFFAT[None], prior(), start(), UP, n))
                          for n in (1, 3, 60))
    before = cost(start_of(data))
    assert before - last > 100
    assert before - first > 0.9 * (before - last)
    assert before - third > 0.98 * (before - last)


def test_stars_that_lie_alike_are_scaled_by_their_normal_matrix():
    """The slow obvious way; single precision knows 1e-7 of a square."""
    weight = np.random.default_rng(3).uniform(0.5, 1.0, (2, SIDE, SIDE)) / 400
    alike = replace(start(), residual=0 * MOFFAT, offset_px=np.tile([0.2, -0.3], (2, 1)))

    slow = normal_matrix(weight, MOFFAT[None], prior(), alike, UP)
    found = scaling_matrix(weight, MOFFAT[None], prior(), alike, UP)

    unit = np.sqrt(np.outer(np.diag(slow), np.diag(slow)))
    np.testing.assert_allclose(found / unit, slow / unit, atol=1e-5)


def test_many_stars_that_do_not_lie_alike_end_where_the_equations_put_them(monkeypatch):
    """8 stars up to .5 px apart, FWHM 5 px: scaled by their mean, fluxes within .05 sigma."""
    rng = np.random.default_rng(4)
    side, wide = 24, moffat(np.array([np.log(5.0), 0.0, 0.0, np.log(3.0)]), 24 * UP, UP)
    offsets, amplitudes = rng.uniform(-0.5, 0.5, (8, 2)), rng.uniform(1e4, 1e5, 8)
    data = amplitudes[:, None, None] * render(wide, offsets, side, UP)
    data += np.sqrt(400 + data.clip(0)) * rng.standard_normal(data.shape)
    weight, start_at = 1 / (400.0 + data.clip(0)), GridFit(None, None, offsets, amplitudes)
    given = data, weight, wide[None], grid_prior(wide, 5.0, UP, [(0.05, 1.2, 1.0)]), start_at, UP

    found = fit_grid(*given, 50)
    monkeypatch.setattr("cosmouline.psf.residual_grid.scaling_matrix", normal_matrix)
    exact = fit_grid(*given, 50)

    flux, slow = (fit.amplitude * (wide + fit.residual).sum() for fit in (found, exact))
    shape = render(wide, offsets, side, UP) / wide.sum()
    sigma = 1 / np.sqrt((weight * shape**2).sum((1, 2)))
    assert np.abs((flux - slow) / sigma).max() < 0.05
    assert np.abs(found.residual - exact.residual).max() < 1e-3
