"""The field as a Gaussian process, against dense algebra."""

from dataclasses import replace
from types import SimpleNamespace

from cosmouline.deconv import residual_light
from cosmouline.deconv.evidence import best_amplitudes, cost
from cosmouline.deconv.normal_equations import Normal, reduced_gram
from cosmouline.deconv.options import FitOptions
from cosmouline.deconv.problem import Lattice, State, make_lattice
from cosmouline.deconv.sweep import gram_matrix

import numpy as np
import pytest

OPTIONS = FitOptions(node_step_fwhm=0.5)


@pytest.fixture(scope="module")
def solved(fitted):
    """Gram matrix of the fit, and its field solved again under amplitudes of the middle."""
    gram = gram_matrix(fitted.problem, fitted.state)
    prior = fitted.field_prior.with_amplitudes(np.array([2.0, 0.1, 1.0, 0.2, 0.5, 0.1, 0.01]))
    posterior = residual_light.solve_field(
        fitted.problem, fitted.state, fitted.normal, gram, prior, OPTIONS, optimise=False
    )
    return gram, posterior


def test_flux_of_the_envelope_is_that_of_the_source():
    """A Moffat of beta 3 has (R / r0)^-4 of its light outside of R: here .2 %."""
    lattice = make_lattice(
        np.zeros((1, 2)), np.array([3.0]), replace(OPTIONS, field_margin_fwhm=3)
    )
    n_nodes = len(lattice.nodes_px)
    prior = residual_light.FieldPrior(
        residual_light.correlations(lattice, OPTIONS), np.ones(n_nodes), np.array([700.0]),
        np.zeros(7))
    state = State(np.zeros(10), np.zeros(n_nodes), np.zeros((1, 2)))
    normal = Normal(np.eye(4)[None], np.zeros((1, 4)), np.zeros((1, 4, 10)), np.eye(10),
                    np.zeros(10), np.zeros((1, n_nodes, 4)), np.zeros((n_nodes, 10)),
                    np.zeros(n_nodes))

    posterior = residual_light.solve_field(
        SimpleNamespace(lattice=lattice), state, normal, np.eye(n_nodes), prior, OPTIONS, False)

    assert posterior.envelope.sum() == pytest.approx(700.0, rel=0.01)
    # half of its peak at half of the FWHM of 3 px
    away = np.hypot(*lattice.nodes_px.T) / 1.5
    expected = (1 + (2 ** (1 / 3) - 1) * away**2) ** -3.0
    assert posterior.envelope[0] == pytest.approx(
        expected / expected.sum() * posterior.envelope.sum(), rel=1e-6)


def test_components_are_covariances_with_the_stated_amplitudes(fitted, solved):
    problem, prior = fitted.problem, fitted.field_prior
    envelope, parts = solved[1].envelope, solved[1].evidence.components

    assert len(parts) == 7
    assert np.diag(parts[0]) == pytest.approx(problem.lattice.step_px**4)
    assert np.diag(parts[3]) == pytest.approx(prior.galaxy_flux**2)
    assert np.diag(parts[6]) == pytest.approx((envelope**2).sum(0))
    assert prior.is_flat.tolist() == [True, False, True, False, True, False, False]
    assert prior.is_galaxy.tolist() == [False, True, False, True, False, True, False]
    for part in parts:
        assert np.linalg.eigvalsh(part).min() > -1e-9 * np.diag(part).max()


def test_correlations_fall_with_the_distance():
    lattice = Lattice(np.array([[0.0, 0.0], [2.4, 0.0]]), 1.0, 1.0, 3.0)

    kernels = residual_light.correlations(lattice, OPTIONS)

    assert kernels[:, 0, 0] == pytest.approx(1)
    expected = [np.exp(-0.5 * (2.4 / (3 * scale)) ** 2) for scale in (0.35, 0.8, 1.8, 0.3)]
    assert kernels[:, 0, 1] == pytest.approx(expected)


def test_field_and_step_are_the_dense_solution(fitted, solved):
    """Both solve (A + C^-1) z = b for nodes and shared parameters together."""
    gram, posterior = solved
    normal = fitted.normal
    n_shared = len(normal.shared_rhs)
    nodes = reduced_gram(gram, normal) + np.linalg.inv(
        posterior.covariance + 1e-10 * np.eye(len(gram))
    )
    matrix = np.block([[normal.shared, normal.node_shared.T], [normal.node_shared, nodes]])
    rhs = np.append(normal.shared_rhs, normal.node_rhs)
    rhs[n_shared:] -= (nodes - reduced_gram(gram, normal)) @ fitted.state.node_flux

    step = np.linalg.solve(matrix, rhs)

    size = np.abs(fitted.state.node_flux + posterior.node_step).max()
    assert posterior.node_step == pytest.approx(step[n_shared:], abs=1e-4 * size)
    assert posterior.shared_step == pytest.approx(
        step[:n_shared], abs=1e-4 * np.abs(step[:n_shared]).max()
    )
    dense = np.linalg.inv(matrix)[n_shared:, n_shared:]
    assert posterior.node_covariance() == pytest.approx(dense, abs=1e-4 * np.diag(dense).max())


def test_energy_is_that_of_the_prior(solved):
    _, posterior = solved
    flux = posterior.covariance @ np.random.default_rng(2).normal(size=len(posterior.covariance))

    energy = posterior.energy(flux)

    assert energy == pytest.approx(flux @ np.linalg.lstsq(posterior.covariance, flux)[0], rel=1e-3)


@pytest.mark.parametrize("component", [0, 3])
def test_the_amplitude_of_drawn_fields_is_found(fitted, component):
    """One component free, no prior: the amplitude is that of the draws, as well as can be.

    ln(alpha^2) of Gaussian data with variances 1 + v_k alpha^2 has the Fisher information
    sum((v_k alpha^2 / (1 + v_k alpha^2))^2) / 2. The mean of 40 draws does not depend on the
    signs and the order of the modes, which differ between processors.
    """
    evidence = fitted.posterior.evidence
    held = np.log(OPTIONS.psf_floor**2)
    low, high = np.full((2, len(evidence.low)), held)
    low[component], high[component] = -20.0, 20.0
    value = np.linalg.eigvalsh(evidence.seen[component])
    others = np.exp(held) * (evidence.seen.sum(0) - evidence.seen[component])
    truth = np.log(100 / value.max())  # ten times the noise in the brightest mode
    drawn = evidence.seen[component] * np.exp(truth) + others + np.eye(len(evidence.data))
    rng = np.random.default_rng(5)

    found = np.array([best_amplitudes(replace(
        evidence, data=np.linalg.cholesky(drawn) @ rng.normal(size=len(drawn)),
        low=low, high=high, width=1e6))[component] for _ in range(40)])

    share = value * np.exp(truth) / (1 + value * np.exp(truth))
    sigma = np.sqrt(2 / (share**2).sum())
    assert found.mean() == pytest.approx(truth, abs=4 * sigma / np.sqrt(40) + sigma**2 / 2)
    assert found.std() == pytest.approx(sigma, rel=0.45)  # 4 / sqrt(2 x 40)


def test_the_score_of_drawn_fields_has_mean_zero(fitted):
    """E[d ln(evidence)] = 0 at the truth: for all amplitudes at once, prior apart."""
    evidence = replace(fitted.posterior.evidence, width=1e6)
    truth = np.where(evidence.is_seen, np.log(0.4**2), evidence.low)
    root = np.linalg.cholesky(evidence.covariance(truth))
    rng = np.random.default_rng(6)

    slope = np.array([cost(truth, replace(evidence, data=root @ rng.normal(size=len(root))))[1]
                      for _ in range(200)])

    mean, sigma = slope.mean(0), slope.std(0) / np.sqrt(200)
    assert np.all(np.abs(mean) <= 4 * sigma + 1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_the_amplitudes_are_those_of_the_largest_evidence(fitted, seed):
    """No amplitude alone, tried at 41 values within its limits, gives a larger one."""
    evidence = fitted.posterior.evidence
    drawn = evidence.seen[3] * 0.4**2 + np.eye(len(evidence.data))
    data = np.linalg.cholesky(drawn) @ np.random.default_rng(seed).normal(size=len(drawn))
    one = replace(evidence, data=data)

    found = best_amplitudes(one, fitted.posterior.ln_variance)

    best = cost(found, one)[0]
    for k in np.flatnonzero(one.is_seen):
        for nearby in np.linspace(-0.5, 0.5, 41):
            trial = found.copy()
            trial[k] = np.clip(trial[k] + nearby, one.low[k], one.high[k])
            assert cost(trial, one)[0] > best - 1e-3


def test_without_nodes_the_shared_step_is_left(fitted):
    normal = replace(
        fitted.normal,
        node_local=fitted.normal.node_local[:, :0],
        node_shared=fitted.normal.node_shared[:0],
        node_rhs=fitted.normal.node_rhs[:0],
    )
    nothing = np.zeros((0, 2))
    lattice = replace(fitted.problem.lattice, nodes_px=nothing)
    problem = replace(fitted.problem, lattice=lattice)
    state = replace(fitted.state, node_flux=np.zeros(0))
    prior = residual_light.make_field_prior(lattice, state.shared, np.array([9.0, 5.0]), OPTIONS)

    posterior = residual_light.solve_field(problem, state, normal, np.zeros((0, 0)), prior,
                                           OPTIONS)

    expected = np.linalg.solve(normal.shared, normal.shared_rhs)
    assert posterior.shared_step == pytest.approx(expected, abs=1e-6 * np.abs(expected).max())
    assert posterior.energy(state.node_flux) == 0
    assert posterior.node_covariance().shape == (0, 0)
