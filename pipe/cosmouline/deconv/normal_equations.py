"""Normal equations of what the epochs share, their own unknowns eliminated exactly."""

from dataclasses import dataclass

import numpy as np

N_LOCAL_BESIDE_FLUXES = 3  # sky, shift in x, shift in y
ABSENT = 1e-20  # equation of the flux of a source that does not shine: it has no weight anywhere


@dataclass(frozen=True, eq=False)
class Normal:
    """Equations of one Gauss-Newton step.

    Local are the l = n_sources + 3 unknowns of an epoch: fluxes, sky, shift. The covariance is the
    inverse of their equations: that of the fluxes when all that is shared is known. The equations
    of the g shared parameters hold the priors, and those with the nodes are for the change of the
    node fluxes; both are what is left after the elimination.
    """

    local_covariance: np.ndarray  # (n_epochs, l, l)
    local_rhs: np.ndarray  # (n_epochs, l)
    local_shared: np.ndarray  # (n_epochs, l, g)
    shared: np.ndarray  # (g, g)
    shared_rhs: np.ndarray  # (g,)
    node_local: np.ndarray  # (n_epochs, n_nodes, l)
    node_shared: np.ndarray  # (n_nodes, g)
    node_rhs: np.ndarray  # (n_nodes,)

    def local_step(self, shared_step, node_step):
        """Step of the local unknowns (n_epochs, l) that follows steps of all that is shared."""
        rhs = self.local_rhs - self.local_shared @ shared_step
        rhs -= np.einsum("ejl,j->el", self.node_local, node_step)
        return np.einsum("ekl,el->ek", self.local_covariance, rhs)


def local_equations(problem, state, sweep):
    """Return covariance (n_epochs, l, l) and right sides (n_epochs, l) of what each epoch solves.

    `sweep` is at `state`; the equations hold the prior of the shift, and none for the flux of a
    source that does not shine.
    """
    local = slice(0, sweep.solution.shape[1] - 1 + N_LOCAL_BESIDE_FLUXES)
    prior, products = problem.prior, sweep.products
    own_matrix, rhs = products[:, local, local].copy(), products[:, local, -1].copy()
    for axis in (-2, -1):
        own_matrix[:, axis, axis] += prior.shift_sd**-2
    rhs[:, -2:] += (prior.shift_px - state.shift_px) / prior.shift_sd[:, None] ** 2
    if problem.present is not None:
        epoch, source = np.nonzero(~problem.present)
        own_matrix[epoch, source, source] = ABSENT
    # Inverted in units of norm 1, for fluxes and shifts differ by orders
    norm = np.sqrt(np.einsum("ekk->ek", own_matrix))
    scale = norm[:, :, None] * norm[:, None]
    return np.linalg.inv(own_matrix / scale) / scale, rhs


def eliminate(problem, state, sweep):
    """Eliminate the fluxes, the sky and the shift of each epoch: the `Normal` equations.

    `sweep` is at `state`; without its products with the nodes their equations are empty.

    Notes
    -----
    Schur complement: of the equations ((N_ll, N_lg), (N_gl, N_gg)) of one epoch, N_gg -
    N_gl N_ll^-1 N_lg is left. The sum over the epochs gets the priors of `problem`.
    """
    n_local = sweep.solution.shape[1] - 1 + N_LOCAL_BESIDE_FLUXES
    local, shared = slice(0, n_local), slice(n_local, -1)
    prior, products = problem.prior, sweep.products
    covariance, rhs = local_equations(problem, state, sweep)
    # Schur complement of the shared parameters, and their priors
    coupling = products[:, local, shared]
    response = covariance @ coupling
    matrix = products[:, shared, shared].sum(0) + prior.precision
    matrix -= np.einsum("ekg,ekh->gh", coupling, response)
    shared_rhs = products[:, shared, -1].sum(0)
    shared_rhs += prior.precision @ (prior.mean - state.shared)
    shared_rhs -= np.einsum("ekg,ek->g", response, rhs)
    # The same of the nodes
    if sweep.node_local is None:
        nodes, sums = np.zeros((len(rhs), 0, n_local)), np.zeros((0, products.shape[1] - n_local))
    else:
        nodes, sums = sweep.node_local[:, :, local], sweep.node_sums
    own = np.einsum("ekl,el->ek", covariance, rhs)
    return Normal(
        local_covariance=covariance,
        local_rhs=rhs,
        local_shared=coupling,
        shared=matrix,
        shared_rhs=shared_rhs,
        node_local=nodes,
        node_shared=_reduced(sums[:, :-1], nodes, response),
        node_rhs=_reduced(sums[:, -1:], nodes, own[:, :, None])[:, 0],
    )


def reduced_gram(gram, normal):
    """Gram matrix of the nodes, from `sweep.gram_matrix`, after the elimination."""
    half = _side_by_side(normal.node_local @ np.linalg.cholesky(normal.local_covariance))
    return gram - half @ half.T


def objective(problem, state, sweep):
    """Value of chi2 plus the priors of the shared parameters and of the shifts."""
    prior = problem.prior
    away = state.shared - prior.mean
    shared = away @ prior.precision @ away
    shift = np.sum(((state.shift_px - prior.shift_px) / prior.shift_sd[:, None]) ** 2)
    return float(sweep.chi2.sum() + shared + shift)


def _reduced(sums, node_local, response):
    """Sum over the epochs of the products with the nodes, less what the epochs take up."""
    local = _side_by_side(node_local)
    return sums - local @ response.reshape(local.shape[1], -1)


def _side_by_side(node_local):
    """Products (n_epochs, n_nodes, l) of all epochs in the rows of the nodes."""
    n_epochs, n_nodes, n_local = node_local.shape
    return node_local.swapaxes(0, 1).reshape(n_nodes, n_epochs * n_local)
