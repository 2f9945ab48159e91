"""Sources that are in doubt, on drawn lenses whose faults are known."""

from dataclasses import replace

from cosmouline.deconv.fit_lens import fit_lens
from cosmouline.deconv.options import FitOptions
from cosmouline.deconv.source_doubts import source_doubts, with_doubts

import numpy as np
import pytest

PAIR = ((-2.6, 0.6), (2.9, -1.1))
POINTS = FitOptions(sky_sigma_factor=1.0, extended_light="none")
NAMES = [f"i{e}" for e in range(8)]


def doubts(fit, epochs):
    return [doubt.line for doubt in source_doubts(fit, epochs, ["A", "B"], NAMES)]


@pytest.mark.parametrize("seed", [3, 4])
def test_nothing_is_said_of_a_right_fit_with_a_cosmic_ray_on_a_source(draw, seed):
    epochs, truth = draw(seed=seed, n_epochs=8, galaxy_flux=0)
    x, y = np.rint(truth.position_px[1] + truth.shift_px[2] + 15.5).astype(int)
    epochs.data_e[2, y, x:x + 3] += 9000

    assert doubts(fit_lens(epochs, PAIR, POINTS), epochs) == []


def test_nothing_is_said_of_a_lens_with_a_galaxy(lens):
    epochs, _, fit = lens

    assert [line for line in doubts(fit, epochs) if "chi2" in line] == []


@pytest.mark.parametrize("seed", [5, 6])
def test_a_blended_double_that_is_fitted_as_one_source_is_named(draw, seed):
    """Two sources .7 FWHM apart, the fainter of 40 %."""
    epochs, _ = draw(seed=seed, n_epochs=8, flux=(30000, 12000), galaxy_flux=0,
                     position_px=((-0.8, 0.2), (1.8, -0.5)))

    line, = doubts(fit_lens(epochs, ((0.0, 0.0),), POINTS), epochs)

    assert line.startswith("A: chi2 of ")
    assert "a second source within the seeing" in line
    assert "Try one more of point_sources" in line


@pytest.mark.parametrize("seed", [7, 8])
def test_a_transient_next_to_one_source_is_named_with_its_epochs(draw, pictures, seed):
    """A fifth of the light of B, 1.5 px from it, in two of eight epochs."""
    epochs, truth = draw(seed=seed, n_epochs=8, flux=(30000, 20000), galaxy_flux=0)
    for e in (3, 4):
        place = truth.position_px[1] + truth.shift_px[e] + (1.5, 1.5)
        epochs.data_e[e] += 6000 * pictures["star_image"](32, place, truth.sigma_px[e])

    lines = doubts(fit_lens(epochs, PAIR, POINTS), epochs)

    assert len(lines) == 1
    assert lines[0].startswith("B: chi2 of ")
    assert "in 2 of 8 images" in lines[0]
    assert lines[0].endswith("First: i3, i4")


def test_light_of_the_field_is_compared_with_what_its_floor_expects(lens):
    """By hand: the floor is 3e-4 of the brightest source per squared FWHM, 3 % of the galaxy."""
    epochs, _, fit = lens
    near = np.hypot(*(fit.nodes_px - fit.position_px[1]).T) < fit.field_fwhm_px
    mean = np.nanmean(fit.flux, axis=0)
    expected = np.sqrt(len(fit.options.field_scales_fwhm)) * np.hypot(
        3e-4 * mean[0] * np.pi, 0.03 * fit.field_galaxy_flux[near].sum())

    def with_light(factor):
        node_flux = np.where(near, factor * expected / near.sum(), 0.0)
        lines = doubts(replace(fit, node_flux=node_flux), epochs)
        return [line for line in lines if "residual light" in line and line.startswith("B")]

    least = max(5.0, 0.01 * mean[1] / expected)
    assert with_light(0.9 * least) == []
    line, = with_light(-1.1 * least)
    assert f"residual light of {-1.1 * least * expected:+.0f} e-" in line


def test_the_systematic_error_holds_a_missing_star(draw):
    """6000 e- at 2 FWHM from B, which takes some of it: the error grows by what the star takes."""
    epochs, truth = draw(seed=5, n_epochs=4, side=40, flux=(30000, 12000, 6000), galaxy_flux=0,
                         position_px=(*PAIR, (9.5, 2.0)))
    fit = fit_lens(epochs, PAIR, POINTS)

    found, missing, change, _ = with_doubts(fit, epochs, "AB", NAMES)

    assert len(missing) == 1
    assert found.systematic_covariance == pytest.approx(
        fit.systematic_covariance + np.outer(change, change))
    away = (fit.flux - truth.flux[:, :2]).mean(0)
    assert np.abs(away / found.flux_systematic).max() < 2


@pytest.mark.parametrize("seed", [7, 8])
def test_the_systematic_error_holds_a_transient(draw, pictures, seed):
    epochs, truth = draw(seed=seed, n_epochs=8, flux=(30000, 20000), galaxy_flux=0)
    for e in (3, 4):
        place = truth.position_px[1] + truth.shift_px[e] + (1.5, 1.5)
        epochs.data_e[e] += 6000 * pictures["star_image"](32, place, truth.sigma_px[e])
    fit = fit_lens(epochs, PAIR, POINTS)

    found = with_doubts(fit, epochs, "AB", NAMES)[0]

    # of 6000 e- in a quarter of the epochs most are in B
    away = (fit.flux - truth.flux).mean(0)
    assert away[1] > 500
    assert np.abs(away / np.hypot(found.flux_systematic, 100)).max() < 2
    assert found.flux_systematic[1] > 3 * fit.flux_systematic[1]


def test_a_fifth_of_the_residual_light_is_in_the_systematic_error(lens):
    epochs, _, fit = lens
    near = np.hypot(*(fit.nodes_px - fit.position_px[1]).T) < fit.field_fwhm_px
    light = 0.3 * np.nanmean(fit.flux[:, 1])
    fit = replace(fit, node_flux=np.where(near, light / near.sum(), 0.0))

    found, missing, _, doubts = with_doubts(fit, epochs, "AB", NAMES)

    light = {doubt.source: doubt.light for doubt in doubts if doubt.light}
    grown = np.diag(found.systematic_covariance - fit.systematic_covariance)
    assert missing == []
    assert grown[1] >= (0.2 * light[1]) ** 2 * 0.999


def test_without_systematic_errors_there_is_no_trial_fit(lens):
    epochs, _, fit = lens
    bare = replace(fit, systematic_covariance=np.full((2, 2), np.nan))

    found, missing, change, _ = with_doubts(bare, epochs, "AB", NAMES)

    assert found is bare
    assert (missing, change.tolist()) == ([], [0.0, 0.0])
