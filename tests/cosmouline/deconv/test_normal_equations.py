"""Elimination of the unknowns of each epoch, against a dense solution of all unknowns."""

from dataclasses import replace

from cosmouline.deconv.normal_equations import eliminate, objective, reduced_gram
from cosmouline.deconv.problem import Lattice, Prior, Problem, State
from cosmouline.deconv.sweep import Sweep

import numpy as np
import pytest

N_EPOCHS, N_SOURCES, N_NODES = 3, 2, 5
N_LOCAL, N_SHARED = N_SOURCES + 3, 8 + 2 * N_SOURCES
SHIFT_SD = 0.3


def dense_case(seed):
    """A random linear problem: what the fit makes of it, and its dense normal equations.

    The columns of each epoch are random vectors of 60 pixels of random weights; the residual is
    that of fluxes already solved, as in a sweep.
    """
    rng = np.random.default_rng(seed)
    prior = Prior(
        rng.normal(size=N_SHARED),
        rng.uniform(0.5, 2, N_SHARED),
        rng.normal(0, 0.1, (N_EPOCHS, 2)),
        np.full(N_EPOCHS, SHIFT_SD),
    )
    lattice = Lattice(np.zeros((N_NODES, 2)), 1.0, 1.0, 3.0)
    empty = np.zeros((N_EPOCHS, 1, 1))
    problem = Problem(empty, empty, empty, empty, 1.0, None, lattice, prior)
    state = State(
        prior.mean + rng.normal(0, 0.3, N_SHARED),
        np.zeros(N_NODES),
        prior.shift_px + rng.normal(0, 0.1, (N_EPOCHS, 2)),
    )
    products, on_nodes, gram = [], [], np.zeros((N_NODES, N_NODES))
    n_all = N_EPOCHS * N_LOCAL + N_SHARED + N_NODES
    dense, rhs = np.zeros((n_all, n_all)), np.zeros(n_all)
    for e in range(N_EPOCHS):
        weight = rng.uniform(0.5, 2, 60)
        columns = rng.normal(size=(N_LOCAL + N_SHARED + 1, 60))
        nodes = rng.normal(size=(N_NODES, 60))
        products.append(columns * weight @ columns.T)
        on_nodes.append(nodes * weight @ columns.T)
        gram += nodes * weight @ nodes.T
        place = np.r_[e * N_LOCAL : (e + 1) * N_LOCAL, N_EPOCHS * N_LOCAL : n_all]
        design = np.concatenate([columns[:-1], nodes])
        dense[np.ix_(place, place)] += design * weight @ design.T
        rhs[place] += design * weight @ columns[-1]
        for axis in (0, 1):
            row = e * N_LOCAL + N_SOURCES + 1 + axis
            dense[row, row] += SHIFT_SD**-2
            rhs[row] += (prior.shift_px - state.shift_px)[e, axis] / SHIFT_SD**2
    shared = slice(N_EPOCHS * N_LOCAL, N_EPOCHS * N_LOCAL + N_SHARED)
    dense[shared, shared] += np.diag(prior.sd**-2)
    rhs[shared] += (prior.mean - state.shared) / prior.sd**2
    products = np.array(products)
    sweep = Sweep(
        np.zeros((N_EPOCHS, N_SOURCES + 1)),
        products[:, -1, -1],
        products,
        np.zeros((N_EPOCHS, N_LOCAL + N_SHARED + 2)),
        np.concatenate([np.array(on_nodes)[:, :, :N_LOCAL], np.zeros((N_EPOCHS, N_NODES, 1))], 2),
        np.array(on_nodes)[:, :, N_LOCAL:].sum(0),
        empty,
        empty,
    )
    return problem, state, sweep, gram, dense, rhs


def test_shared_step_is_that_of_the_dense_equations():
    problem, state, sweep, _, dense, rhs = dense_case(1)
    n = len(dense) - N_NODES
    expected = np.linalg.solve(dense[:n, :n], rhs[:n])

    normal = eliminate(problem, state, replace(sweep, node_local=None, node_sums=None))

    step = np.linalg.solve(normal.shared, normal.shared_rhs)
    assert step == pytest.approx(expected[-N_SHARED:], rel=1e-9)
    local = np.einsum(
        "ekl,el->ek", normal.local_covariance, normal.local_rhs - normal.local_shared @ step
    )
    assert local.ravel() == pytest.approx(expected[:-N_SHARED], rel=1e-9)
    covariance = np.linalg.inv(dense[:n, :n])[-N_SHARED:, -N_SHARED:]
    assert np.linalg.inv(normal.shared) == pytest.approx(covariance, rel=1e-9)


def test_nodes_and_shared_together_are_those_of_the_dense_equations():
    problem, state, sweep, gram, dense, rhs = dense_case(2)
    expected = np.linalg.solve(dense, rhs)[-N_SHARED - N_NODES :]

    normal = eliminate(problem, state, sweep)

    matrix = np.block(
        [
            [normal.shared, normal.node_shared.T],
            [normal.node_shared, reduced_gram(gram, normal)],
        ]
    )
    step = np.linalg.solve(matrix, np.append(normal.shared_rhs, normal.node_rhs))
    assert step == pytest.approx(expected, rel=1e-8)


def test_local_covariance_is_the_inverse_of_each_epoch():
    problem, state, sweep, _, dense, _ = dense_case(3)

    normal = eliminate(problem, state, sweep)

    for e in range(N_EPOCHS):
        own = slice(e * N_LOCAL, (e + 1) * N_LOCAL)
        assert normal.local_covariance[e] == pytest.approx(np.linalg.inv(dense[own, own]))


def test_objective_is_chi2_and_priors():
    problem, state, sweep, *_ = dense_case(4)

    value = objective(problem, state, sweep)

    shared = (state.shared - problem.prior.mean) / problem.prior.sd
    shift = (state.shift_px - problem.prior.shift_px) / SHIFT_SD
    expected = sweep.chi2.sum() + shared @ shared + (shift**2).sum()
    assert value == pytest.approx(expected)
