"""Amplitudes of the field, against other ways to compute the same."""

from cosmouline.deconv.evidence import Evidence, averaged_covariance, best_amplitudes, cost

import numpy as np
import pytest

WIDTH = 1.4


def made_up(seed, n_components, n_modes=6, low=0.0):
    """Evidence of random components and data."""
    rng = np.random.default_rng(seed)
    half = rng.normal(size=(n_components, n_modes, n_modes))
    low = np.full(n_components, low)
    components = half @ half.swapaxes(1, 2)
    return Evidence(np.eye(n_modes), components, rng.normal(size=n_modes), low, low + 20, WIDTH)


def test_cost_is_minus_the_logarithm_of_the_evidence():
    evidence = made_up(1, 3)
    ln_variance = np.array([0.3, -0.5, -2.0])

    value, slope = cost(ln_variance, evidence)

    covariance, data = evidence.covariance(ln_variance), evidence.data
    # of a Gaussian; without the factors 2 pi
    ln_evidence = -0.5 * (data @ np.linalg.solve(covariance, data)
                          + np.linalg.slogdet(covariance)[1])
    prior = 0.5 * (ln_variance**2).sum() / WIDTH**2
    assert value == pytest.approx(prior - ln_evidence)
    for i, unit in enumerate(np.eye(3) * 1e-5):
        up, down = (cost(ln_variance + t * unit, evidence)[0] for t in (1, -1))
        assert slope[i] == pytest.approx((up - down) / 2e-5, abs=1e-7)


def test_a_component_that_the_data_do_not_show_stays_at_its_floor():
    evidence = made_up(2, 2)
    evidence.components[1] = 0.0

    assert best_amplitudes(evidence)[1] == evidence.low[1]
    assert evidence.is_seen.tolist() == [True, False]


def test_errors_are_those_of_the_mixture_over_one_amplitude():
    """The mean over 2000 values, each conditioned by dense algebra; 7 values give 3 % of it."""
    evidence = made_up(3, 1, low=-2.0)
    coupling = np.random.default_rng(4).normal(size=(1, 6, 2))
    joint = coupling[0].T @ np.linalg.solve(evidence.seen[0], coupling[0]) + np.eye(2)
    best = best_amplitudes(evidence)

    found = averaged_covariance(evidence, best, coupling, joint[None])

    values = np.linspace(-2.0, best[0] + 6, 2000)
    costs = np.array([cost(np.array([v]), evidence)[0] for v in values])
    weight = np.exp(costs.min() - costs)
    means, spreads = [], []
    for value in np.append(values, best):
        gain = np.exp(value) * coupling[0].T @ np.linalg.inv(evidence.covariance([value]))
        means.append(gain @ evidence.data)
        spreads.append(np.exp(value) * (joint - gain @ coupling[0]))
    away = np.array(means[:-1]) - means[-1]
    squares = np.array(spreads[:-1]) + away[:, :, None] * away[:, None]
    expected = np.tensordot(weight / weight.sum(), squares, axes=1)
    assert found == pytest.approx(expected, abs=0.03 * np.diag(expected).max())


def test_averaged_errors_hold_the_truth_and_those_of_the_maximum_do_not():
    """Fields drawn under amplitudes from their prior: the rms of z is 1 +- .05; 3 times allowed.

    Three components of 30 modes that the data see with an S/N of a fifth per mode at the floor:
    held at the maximum, which is mostly the floor, the errors are too small.
    """
    rng = np.random.default_rng(6)
    n_modes, n_draws, place = 30, 200, np.arange(30)
    seen = np.array([0.04 * np.exp(-(((place[:, None] - place) / w) ** 2)) for w in (2, 5, 12)])
    reader = np.full((1, n_modes), 1 / n_modes)
    coupling = seen @ reader.T
    prior = reader @ coupling
    z = []
    for _ in range(n_draws):
        ln_variance = np.abs(rng.normal(0, WIDTH, 3))
        covariance = np.tensordot(np.exp(ln_variance), seen, axes=1)
        field = rng.multivariate_normal(np.zeros(n_modes), covariance)
        data = field + rng.normal(size=n_modes)
        evidence = Evidence(np.eye(n_modes), seen, data, np.zeros(3), np.full(3, 20.0), WIDTH)
        best = best_amplitudes(evidence)
        gain = np.tensordot(np.exp(best), coupling, axes=1).T
        inverse = np.linalg.inv(evidence.covariance(best))
        error = (gain @ inverse @ data - reader @ field).item()
        held = np.tensordot(np.exp(best), prior, axes=1) - gain @ inverse @ gain.T
        averaged = averaged_covariance(evidence, best, coupling, prior)
        z.append([error / np.sqrt(held.item()), error / np.sqrt(averaged.item())])

    rms = np.sqrt(np.mean(np.square(z), axis=0))

    assert rms[0] > 1.1
    assert rms[1] == pytest.approx(1, abs=0.15)
