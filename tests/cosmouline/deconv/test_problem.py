"""Lattice, priors and units of a fit."""

from dataclasses import replace

from cosmouline.deconv.options import FitOptions
from cosmouline.deconv.problem import make_lattice, make_prior, make_problem, start_state

import numpy as np
import pytest

POSITION = np.array([[-3.0, 0.0], [3.0, 2.0], [0.0, 1.0]])
FWHM = np.array([3.0, 4.0, 5.0])


def test_lattice_fills_a_disc_around_the_sources():
    """Radius: farthest source from the mean + 1.6 median FWHM; step: .3 first quartile."""
    lattice = make_lattice(POSITION, FWHM, FitOptions())

    centre, radius = POSITION.mean(0), np.hypot(3, 1) + 1.6 * 4
    assert lattice.step_px == pytest.approx(0.30 * 3.5)
    assert lattice.sigma_px == pytest.approx(max(0.28 * 3.5, 0.85 * 0.30 * 3.5))
    distance = np.hypot(*(lattice.nodes_px - centre).T)
    assert distance.max() <= radius
    assert len(distance) == pytest.approx(np.pi * radius**2 / lattice.step_px**2, rel=0.05)
    steps = (lattice.nodes_px - centre) / lattice.step_px
    assert steps == pytest.approx(np.rint(steps), abs=1e-9)


def test_lattice_is_widened_rather_than_too_large():
    lattice = make_lattice(10 * POSITION, FWHM, FitOptions())

    assert 600 < len(lattice.nodes_px) <= 710
    assert lattice.sigma_px == pytest.approx(0.85 * lattice.step_px)


def test_no_nodes_and_no_galaxy_without_extended_light():
    options = FitOptions(extended_light="none")

    prior = make_prior(POSITION, POSITION, np.zeros((3, 2)), FWHM, options)

    assert make_lattice(POSITION, FWHM, options).nodes_px.shape == (0, 2)
    assert not prior.has_galaxy
    assert make_prior(POSITION, POSITION, np.zeros((3, 2)), FWHM, FitOptions()).has_galaxy


def test_priors_are_about_the_start_and_the_size_of_the_lens():
    shift = np.full((3, 2), 0.2)

    prior = make_prior(POSITION + 0.1, POSITION, shift, FWHM, FitOptions())

    size = np.hypot(3, 1)
    mean = [np.log(size), np.log(3.0), 0, 0, 0, 1, 0, 0, -2.9, 3.1, 0.1, 0.1, 2.1, 1.1]
    assert prior.mean == pytest.approx(mean)
    sd = [0.7, 0.45, 0.2, 0.2, 0.6 * size, 0.6 * size, 1e9, 1e-9] + 6 * [0.5]
    assert prior.sd == pytest.approx(sd)
    assert np.array_equal(prior.shift_px, shift)


def test_a_single_source_takes_its_size_from_the_seeing():
    prior = make_prior(POSITION[:1], POSITION[:1], np.zeros((3, 2)), FWHM, FitOptions())

    assert prior.mean[0] == pytest.approx(np.log(0.3 * 3.5))


def test_data_are_in_units_of_the_median_sigma(draw):
    epochs, truth = draw(seed=1, n_epochs=2, side=24, galaxy_flux=0)
    good = epochs.good.copy()
    good[1, 3, 4] = False
    variance = np.full(good.shape, 16.0)
    lattice = make_lattice(truth.position_px, epochs.fwhm_px, FitOptions())

    prior = make_prior(truth.position_px, truth.position_px, epochs.shift_px, epochs.fwhm_px,
                       FitOptions())

    problem = make_problem(epochs, good, variance, lattice, prior)

    assert problem.widened is None
    sigma = 4 * epochs.coeff
    assert problem.scale == pytest.approx(np.median(np.repeat(sigma, [576, 575])))
    assert problem.weight[1, 3, 4] == problem.data[1, 3, 4] == 0
    assert problem.weight[:, 0, 0] == pytest.approx((problem.scale / sigma) ** 2)
    assert problem.weight[1, 0, 0] != pytest.approx(problem.weight[0, 0, 0], rel=0.05)
    chi = problem.data[0] * np.sqrt(problem.weight[0])
    assert chi == pytest.approx(epochs.data_e[0] / 4)


def test_state_and_problem_of_some_epochs(draw):
    epochs, truth = draw(seed=1, n_epochs=3, side=24, galaxy_flux=0)
    options = FitOptions()
    lattice = make_lattice(truth.position_px, epochs.fwhm_px, options)
    prior = make_prior(
        truth.position_px, truth.position_px, epochs.shift_px, epochs.fwhm_px, options
    )
    problem = make_problem(epochs, epochs.good, epochs.sky_variance_e2, lattice, prior)
    state = start_state(prior, truth.position_px + 0.2, epochs.shift_px, lattice)
    kept = np.array([True, False, True])

    part, moved = problem.take(kept), state.take(kept)

    assert state.position_px == pytest.approx(truth.position_px + 0.2)
    assert np.array_equal(part.data, problem.data[[0, 2]])
    assert np.array_equal(part.prior.shift_px, epochs.shift_px[[0, 2]])
    assert np.array_equal(moved.shift_px, epochs.shift_px[[0, 2]])


def test_unknown_extended_light_is_refused():
    with pytest.raises(ValueError, match="extended_light must be one of"):
        replace(FitOptions(), extended_light="galaxy")
