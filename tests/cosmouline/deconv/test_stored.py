"""From a fit to its result and back."""

from dataclasses import replace

from cosmouline.deconv import stored
from cosmouline.deconv.image_width import ImageWidth
from cosmouline.deconv.options import FitOptions
from cosmouline.deconv.pixels import first_pixels
from cosmouline.deconv.point_sources import Sources
from cosmouline.deconv.stored import (
    field_prior_of,
    for_all_epochs,
    lens_fit,
    measured_pixels,
    problem_of,
    sweep_of,
)
from cosmouline.deconv.sweep import sweep_epochs

import numpy as np
import pytest

OPTIONS = FitOptions(node_step_fwhm=0.5)
WIDTH = ImageWidth(0.002, 0.001, np.array([0.5, -0.25]))  # within 3 errors


@pytest.fixture(scope="module")
def case(draw, fitted):
    """The epochs of `fitted`, the second missing of five, and the result."""
    epochs, _ = draw(seed=2, n_epochs=4, side=24)
    five = epochs.take(np.array([0, 0, 1, 2, 3]))
    index = np.array([0, 2, 3, 4])
    pixels = replace(first_pixels(five).take(index), index=index)
    log = [{"stage": "registered", "scatter_px": 0.02}, {"stage": "judged"},
           {"stage": "registered", "scatter_px": 0.03}]
    return five, lens_fit(5, 3, pixels, fitted, WIDTH, OPTIONS, log, 1.5)


def test_a_result_has_the_numbers_of_the_fit_on_the_common_scale(case, fitted):
    _, fit = case
    scale, kept = fitted.problem.scale, np.array([0, 2, 3, 4])

    assert fit.measured.tolist() == [True, False, True, True, True]
    for name in ("flux", "covariance", "shift_px", "sky", "chi2_reduced", "extended_scale",
                 "camera_width"):
        assert np.isnan(getattr(fit, name)[1]).all()
    assert not fit.present[1].any()
    assert fit.shift_px[kept] == pytest.approx(fitted.state.shift_px)
    assert fit.sky[kept] == pytest.approx(fitted.sweep.solution[:, -1] * scale)
    assert fit.galaxy.flux == pytest.approx(fitted.state.shared[6] * scale)
    assert fit.galaxy.radius_px == pytest.approx(np.exp(fitted.state.shared[0]))
    assert fit.galaxy.sersic_index == pytest.approx(np.exp(fitted.state.shared[1]))
    assert [fit.galaxy.e1, fit.galaxy.e2, fit.galaxy.x_px,
            fit.galaxy.y_px] == pytest.approx(fitted.state.shared[2:6])
    assert fit.node_flux == pytest.approx(fitted.state.node_flux * scale)
    assert (fit.n_started, fit.cpu_s, fit.shift_scatter_px) == (3, 1.5, 0.03)
    assert (fit.n_images, fit.upsampling, fit.has_galaxy) == (2, 2, True)


def test_a_result_without_stars_has_no_scatter(case, fitted):
    five, _ = case
    pixels = first_pixels(five).take(np.array([0, 2, 3, 4]))

    fit = lens_fit(5, 5, pixels, fitted, WIDTH, OPTIONS, [{"stage": "judged"}], 0.0)

    assert fit.shift_scatter_px is None


@pytest.mark.parametrize("width", [0.004, -0.004])
def test_what_a_significant_width_would_change_is_a_systematic_error(case, fitted, width):
    five, plain = case
    pixels = first_pixels(five).take(np.array([0, 2, 3, 4]))

    fit = lens_fit(5, 5, pixels, fitted, replace(WIDTH, width=width), OPTIONS, [], 0.0)

    added = fit.systematic_covariance - plain.systematic_covariance
    change = np.array([0.5, -0.25]) * fitted.problem.scale * (width > 0)
    assert added == pytest.approx(np.outer(change, change))


def test_the_fit_resumes_where_it_ended(case, fitted):
    five, fit = case
    pixels = measured_pixels(fit, five)

    problem, state = problem_of(fit, pixels)
    prior = field_prior_of(fit)

    assert pixels.index.tolist() == [0, 2, 3, 4]
    assert state.shared == pytest.approx(fitted.state.shared, rel=1e-9)
    assert state.node_flux == pytest.approx(fitted.state.node_flux, rel=1e-9)
    assert state.shift_px == pytest.approx(fitted.state.shift_px)
    assert sweep_epochs(problem, state).chi2 == pytest.approx(fitted.sweep.chi2, rel=1e-6)
    assert prior.ln_variance == pytest.approx(fitted.field_prior.ln_variance, rel=1e-9)
    assert prior.galaxy_flux == pytest.approx(fitted.field_prior.galaxy_flux, rel=1e-9)
    assert prior.n_images == 2
    assert prior.source_flux == pytest.approx(np.nanmean(fit.flux, axis=0) / fit.scale)
    assert problem.prior.sd == pytest.approx(fitted.problem.prior.sd)


def test_new_epochs_have_their_start_shifts_and_scale_and_width_of_their_camera(case):
    five, fit = case
    scale = np.array([1.1, np.nan, 1.1, 0.8, 0.8])
    fit = replace(fit, extended_scale=scale, camera_width=scale / 10, shift_scatter_px=0.03)
    both = five.take(np.array([0, 1, 2, 3, 4, 0, 0]))
    both = replace(both, camera=np.array([0, 0, 0, 1, 1, 1, 2]),
                   shift_sigma_px=np.array([np.nan, np.nan, 0.04, 0.04, 0.04, 0.04, 5.0]))

    problem, state = problem_of(fit, first_pixels(both), Sources(fit.position_px))

    assert state.extended_scale == pytest.approx([1.1, 1.1, 1.1, 0.8, 0.8, 0.8, 1.0])
    assert state.camera_width == pytest.approx([0.11, 0.11, 0.11, 0.08, 0.08, 0.08, 0.0])
    known = [0, 2, 3, 4]
    assert state.shift_px[known] == pytest.approx(fit.shift_px[known])
    assert state.shift_px[[1, 5, 6]] == pytest.approx(both.shift_px[[1, 5, 6]])
    error = np.sqrt(0.04**2 + 0.03**2 + 0.01**2)
    assert problem.prior.shift_sd == pytest.approx([1, 1, error, error, error, error, 1])


@pytest.mark.parametrize("change", [{"good": np.ones((5, 20, 20), bool)}, {"upsampling": 3}])
def test_epochs_that_are_not_those_of_the_fit_are_refused(case, change):
    five, fit = case

    with pytest.raises(ValueError, match="epochs must be those of the fit"):
        measured_pixels(replace(fit, **change), five)


def test_values_of_some_epochs_among_all():
    assert for_all_epochs(np.array([[1.0], [2.0]]), [3, 1], 4).ravel() == pytest.approx(
        [np.nan, 2.0, np.nan, 1.0], nan_ok=True)
    assert for_all_epochs(np.array([5]), [0], 2, missing=0).tolist() == [5, 0]


def test_the_sweep_of_a_fit_is_made_once_while_nothing_in_it_changes(lens, monkeypatch):
    """Systematic errors and a log are no part of the model; a flux, a width, a map are."""
    epochs, _, fit = lens
    calls = []
    monkeypatch.setattr(stored, "sweep_epochs", lambda *_, **__: calls.append(1) or len(calls))
    monkeypatch.setattr(stored, "_last", {})

    def number(**changes):
        return sweep_of(replace(fit, **changes), epochs)[1]

    assert [number(), number(log=[]), number(systematic_covariance=np.eye(2))] == [1, 1, 1]
    assert number(node_flux=fit.node_flux * 0) == 2
    assert number(image_width=0.01) == 3
    assert sweep_of(fit, replace(epochs, linear=epochs.linear * 1.0))[1] == 4
    assert np.array_equal(sweep_of(fit, epochs)[0], np.flatnonzero(fit.measured))
