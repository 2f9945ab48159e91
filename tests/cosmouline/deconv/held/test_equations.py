"""Equations that are stored, against those of the sweeps that they come from."""

from dataclasses import replace

from cosmouline.deconv.held.equations import Equations
from cosmouline.deconv.sweep import gram_matrix, sweep_epochs

import numpy as np
import pytest


def of(problem, state, coeff):
    sweep = sweep_epochs(problem, state, with_nodes=True)
    return Equations.of(state, sweep, gram_matrix(problem, state), coeff)


def test_those_of_two_parts_are_those_of_all(fitted):
    problem, state, coeff = fitted.problem, fitted.state, np.ones(4)
    parts = [of(problem.take(some), state.take(some), coeff[some])
             for some in (np.array([0, 1, 3]), np.array([2]))]

    both = parts[0].plus(parts[1]).take(np.array([0, 1, 3, 2]))

    for name, expected in of(problem, state, coeff).to_arrays().items():
        assert getattr(both, name) == pytest.approx(expected, rel=1e-9, abs=1e-9), name


def test_epochs_that_were_not_measured_are_zero(fitted):
    found = of(fitted.problem, fitted.state, np.ones(4))

    spread = found.spread(np.array([0, 2, 3, 5]), 6)

    assert not spread.products[[1, 4]].any()
    assert np.array_equal(spread.take(np.array([0, 2, 3, 5])).node_local, found.node_local)


def test_other_coefficients_are_other_data(lens, start):
    """Against sweeps of data that are larger by up to .5 %, under the same weights.

    Of the nodes the change of the residuals themselves, .5 % of them at most, is left out.
    """
    epochs, truth, fit = lens
    problem, state = start(epochs, truth.position_px, fit.options)
    factor = 1 + 1e-3 * np.arange(6)
    state = replace(state, node_flux=np.linspace(-1, 3, len(state.node_flux)))
    larger = replace(problem, data=problem.data * factor[:, None, None])

    found = of(problem, state, epochs.coeff).sweep(
        epochs.coeff * factor, state.extended_scale)

    # The fluxes that the sweep of the larger data solves are in its residuals no more
    expected = sweep_epochs(larger, state, with_nodes=True)
    local = slice(0, 3)
    solved = np.linalg.solve(found.products[:, local, local], found.products[:, local, -1:])
    assert found.solution + solved[:, :, 0] == pytest.approx(expected.solution, rel=1e-6)
    taken = np.einsum("ekl,el->k", found.products[:, 5:-1, local], solved[:, :, 0])
    assert found.products[:, 5:-1, -1].sum(0) - taken == pytest.approx(
        expected.products[:, 5:-1, -1].sum(0), rel=1e-2, abs=1e-3 * np.abs(taken).max())
    nodes = np.einsum("ejl,el->j", found.node_local[:, :, local], solved[:, :, 0])
    assert found.node_sums[:, -1] - nodes == pytest.approx(
        expected.node_sums[:, -1], abs=factor.max() % 1 * np.abs(expected.node_sums[:, -1]).max())
