"""Steps of the fit: prefit, decision on the galaxy, outer iterations."""

from dataclasses import replace

from cosmouline.deconv import gauss_newton
from cosmouline.deconv.normal_equations import objective
from cosmouline.deconv.options import FitOptions
from cosmouline.deconv.sweep import sweep_epochs

import numpy as np
import pytest

OPTIONS = FitOptions(node_step_fwhm=0.5)


def silent(stage, **values):
    """Report nothing."""


def test_prefit_without_noise_finds_positions_and_shifts(draw, start):
    """Started .3 px off; the common shift of all is free between positions and shifts."""
    epochs, truth = draw(seed=1, n_epochs=3, galaxy_flux=0, noise=False)
    problem, state = start(epochs, truth.position_px + np.diag([0.3, -0.3]), OPTIONS)

    _, found, sweep = gauss_newton.prefit(problem, state, OPTIONS, silent)

    separation = found.position_px[1] - found.position_px[0]
    assert separation == pytest.approx(truth.position_px[1] - truth.position_px[0], abs=1e-3)
    moved = found.position_px[0] + found.shift_px
    assert moved == pytest.approx(truth.position_px[0] + truth.shift_px, abs=1e-3)
    assert sweep.solution[:, :2] * problem.scale == pytest.approx(truth.flux, rel=1e-3)


@pytest.mark.parametrize(("galaxy_flux", "is_kept"), [(0, False), (20000, True)])
def test_galaxy_is_kept_where_there_is_one(draw, start, galaxy_flux, is_kept):
    epochs, truth = draw(seed=4, n_epochs=4, galaxy_flux=galaxy_flux)
    problem, state = start(epochs, truth.position_px, OPTIONS)
    told = {}

    problem, found, _ = gauss_newton.prefit(problem, state, OPTIONS,
                                            lambda stage, **v: told.update(v))

    assert problem.prior.has_galaxy is is_kept
    assert told["kept"] is is_kept
    assert (told["gain"] > 1000) is is_kept
    if not is_kept:
        assert found.shared[6] == pytest.approx(0, abs=1e-6)


def test_a_source_that_was_drawn_into_the_galaxy_comes_back(draw, start, monkeypatch):
    """A faint source 3.1 px from a galaxy of 33 times its light, moved onto it by the fit without.

    From there alone the fit ends elsewhere, at a larger objective; the start positions are right
    to .2 px and lead to the truth, the noise of the faint one being .1 px.
    """
    epochs, truth = draw(seed=1, n_epochs=3, flux=(30000.0, 6000.0), galaxy_flux=2e5)
    problem, state = start(epochs, truth.position_px + np.diag([0.2, -0.2]), OPTIONS)
    shared = state.shared.copy()
    shared[9::2] = 0.0  # (x, y) of the second source
    drawn_in = replace(state, shared=shared)

    minimise, starts = gauss_newton._minimise, []

    def drawn_in_at_first(problem, state, *arguments):
        starts.append(state)
        found = minimise(problem, state, *arguments)
        return found if len(starts) > 1 else (drawn_in, *found[1:])

    monkeypatch.setattr(gauss_newton, "_minimise", drawn_in_at_first)

    galactic, found, sweep = gauss_newton.prefit(problem, state, OPTIONS, silent)

    assert galactic.prior.has_galaxy
    assert starts[2] is drawn_in
    assert found.position_px == pytest.approx(truth.position_px, abs=0.5)
    assert (objective(problem, found, sweep)
            < minimise(problem, drawn_in, OPTIONS, silent)[2] - 10)


def test_galaxy_must_gain_enough(draw, start):
    epochs, truth = draw(seed=4, n_epochs=2)
    problem, state = start(epochs, truth.position_px, OPTIONS)

    problem, *_ = gauss_newton.prefit(problem, state, replace(OPTIONS, galaxy_gain=1e9), silent)

    assert not problem.prior.has_galaxy


def test_prefit_never_makes_the_objective_worse(draw, start):
    epochs, truth = draw(seed=5, n_epochs=2)
    problem, state = start(epochs, truth.position_px + 0.4, OPTIONS)
    before = objective(problem, state, sweep_epochs(problem, state))

    problem, found, sweep = gauss_newton.prefit(problem, state, OPTIONS, silent)

    assert objective(problem, found, sweep) < before


def test_aligned_epochs_have_their_shifts(draw, start):
    """Errors of a shift from 30000 e- under sky 20 e- and FWHM 4 px: below .015 px."""
    epochs, truth = draw(seed=6, n_epochs=3, galaxy_flux=0)
    problem, state = start(epochs, truth.position_px, OPTIONS)

    moved = gauss_newton.align_epochs(problem, state, 3)

    assert np.array_equal(moved.shared, state.shared)
    assert moved.shift_px == pytest.approx(truth.shift_px, abs=5 * 0.015)
    assert (
        np.abs(moved.shift_px - truth.shift_px).max()
        < np.abs(state.shift_px - truth.shift_px).max()
    )


def test_the_objective_of_a_fit_holds_the_light_of_the_nodes(fitted):
    """Chi2 and priors, and z^T C^-1 z of node fluxes z under their prior covariance C."""
    z = fitted.state.node_flux
    of_nodes = z @ np.linalg.lstsq(fitted.posterior.covariance, z)[0]

    assert of_nodes > 1e-3
    assert fitted.objective == pytest.approx(
        objective(fitted.problem, fitted.state, fitted.sweep) + of_nodes, abs=0.02 * of_nodes)


def test_a_finished_fit_stands_still(fitted):
    """One more step moves no flux by more than the limit of convergence."""
    again = gauss_newton.iterate(fitted.problem, fitted.state, fitted.field_prior, OPTIONS, silent)

    sigma = np.sqrt(np.einsum("ekk->ek", fitted.normal.local_covariance)[:, :2])
    change = np.abs(again.sweep.solution - fitted.sweep.solution)[:, :2] / sigma
    assert fitted.change_sigma < OPTIONS.convergence_sigma
    assert change.max() < OPTIONS.convergence_sigma


def test_warm_refit_from_elsewhere_comes_back(fitted):
    """Shifts .3 px off and no field: the refit is the fit, within .05 sigma."""
    state = replace(
        fitted.state,
        node_flux=0 * fitted.state.node_flux,
        shift_px=fitted.state.shift_px + 0.3,
    )

    again = gauss_newton.refit(fitted.problem, state, fitted.field_prior, OPTIONS, silent)

    sigma = np.sqrt(np.einsum("ekk->ek", fitted.normal.local_covariance)[:, :2])
    change = np.abs(again.sweep.solution - fitted.sweep.solution)[:, :2] / sigma
    assert change.max() < 0.05


def test_steps_of_the_prefit_are_limited(fitted, monkeypatch):
    """Equations whose solution is 1000 everywhere: .5 in the shape, 2 px, .5 px; damping 1 %."""
    signs = np.array([1, -1, 1, 1, -1, 1, 1, 1, -1, 1, -1, -1])
    normal = replace(fitted.normal, shared=2 * np.eye(12), shared_rhs=2000.0 * signs)
    steps = []
    monkeypatch.setattr(gauss_newton, "eliminate", lambda *arguments: normal)
    monkeypatch.setattr(gauss_newton, "_move",
                        lambda state, normal, step: steps.append(step) or state)

    gauss_newton._minimise(fitted.problem, fitted.state, replace(OPTIONS, max_prefit_steps=2),
                           silent)

    limits = np.array(4 * [0.5] + 2 * [2.0] + 2 * [1000 / 1.01] + 4 * [0.5])
    assert steps[0] == pytest.approx(signs * limits)
    assert steps[1][6] == pytest.approx(1000 / 1.1)  # a step without gain: ten times the damping


def test_a_step_moves_all_unknowns_and_shifts_by_one_pixel_at_most(fitted):
    normal, state = fitted.normal, fitted.state
    rng = np.random.default_rng(5)
    shared_step, node_step = rng.normal(0, 0.01, 12), rng.normal(0, 1, len(state.node_flux))
    shared_step[1] = 9.0  # ln of the index: the table ends at 6.9
    shared_step[8:10] += 2.0  # x of both sources: the shifts go the other way

    moved = gauss_newton._move(state, normal, shared_step, node_step, 0.5)

    rhs = (normal.local_rhs - normal.local_shared @ shared_step
           - np.swapaxes(normal.node_local, 1, 2) @ node_step)
    shift = np.linalg.solve(np.linalg.inv(normal.local_covariance), rhs[..., None])[:, -2:, 0]
    assert (shift[:, 0] < -1.2).all()
    assert (np.abs(shift[:, 1]) < 0.8).all()
    assert moved.shift_px - state.shift_px == pytest.approx(0.5 * np.clip(shift, -1, 1), abs=1e-6)
    assert moved.node_flux == pytest.approx(state.node_flux + 0.5 * node_step)
    expected = state.shared + 0.5 * shared_step
    expected[1] = np.log(6.9)
    assert moved.shared == pytest.approx(expected)


def test_a_step_that_cannot_help_is_refused(fitted):
    away = fitted.state.shared + np.where(np.arange(12) >= 8, 50.0, 0.0)
    worse = replace(fitted.posterior, shared_step=1e3 * (away - fitted.state.shared))

    step = gauss_newton._descend(fitted.problem, fitted.state, fitted.sweep, fitted.normal, worse)

    assert step is None


def test_two_useless_steps_end_the_fit(fitted, monkeypatch):
    monkeypatch.setattr(gauss_newton, "_descend", lambda *arguments: None)

    again = gauss_newton.iterate(fitted.problem, fitted.state, fitted.field_prior, OPTIONS, silent)

    assert again.n_iterations == 2
    assert again.change_sigma is None
    assert again.state is fitted.state


def test_the_shape_of_the_galaxy_is_held_from_the_stated_iteration_on(fitted):
    """From a galaxy that is too small and off, one step: held, it moves by a thousandth of it."""
    away = np.zeros(12)
    away[:6] = -0.15, 0.1, 0.05, -0.05, 0.2, -0.15
    state = replace(fitted.state, shared=fitted.state.shared + away)

    free, held = (
        gauss_newton.iterate(fitted.problem, state, fitted.field_prior,
                             replace(OPTIONS, max_iterations=1, freeze_shape_after=n),
                             silent).state.shared - state.shared for n in (1, 0))

    assert np.abs(free[:6]).min() > 0.01
    assert np.abs(held[:6] / free[:6]).max() < 1e-3
    assert abs(held[6]) > 0.01 * abs(fitted.state.shared[6])  # its flux is free
