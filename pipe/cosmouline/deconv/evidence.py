"""Amplitudes of the field: those of the largest evidence, and what their uncertainty does."""

from dataclasses import dataclass
from functools import cached_property

from cosmouline import library

import numpy as np

linalg = library("scipy.linalg")
optimize = library("scipy.optimize")

SMALLEST_TRACE = 1e-6  # of a component in units of the noise: below, it is left out
START_FRACTION = 0.3  # of the modes that a component explains at the start
MAX_STEPS = 40
TOLERANCE = 1e-8
TINY = 1e-30  # instead of the trace of a component of zeros
N_AMPLITUDES = 7  # values of each amplitude over which the errors are averaged
REACH_DOWN, REACH_UP = 3.5, 4.2  # of these values, in ln(alpha^2): 2.5 and 3 times the prior's sd


@dataclass(frozen=True, eq=False)
class Evidence:
    """The data of a field in their modes, and the components of its prior seen there.

    `modes` (n_modes, n_nodes) are U with U^T U = normal equations of the nodes, `data` (n_modes,)
    in units of their noise; `components` (n_components, n_nodes, n_nodes) the covariances of the
    nodes for amplitudes of 1; `low` and `high` (n_components,) the limits of ln(alpha^2), and
    `width` the standard deviation of its normal prior about `low`.
    """

    modes: np.ndarray
    components: np.ndarray
    data: np.ndarray
    low: np.ndarray
    high: np.ndarray
    width: float

    @cached_property
    def seen(self):
        """Covariance of the modes from each component, (n_components, n_modes, n_modes)."""
        return np.array([self.modes @ part @ self.modes.T for part in self.components])

    def covariance(self, ln_variance):
        """Covariance of the data, noise included, under given ln(alpha^2)."""
        return np.eye(len(self.data)) + np.tensordot(np.exp(ln_variance), self.seen, axes=1)

    @property
    def is_seen(self):
        """Which components the data can show at all."""
        return np.einsum("skk->s", self.seen) > SMALLEST_TRACE


def best_amplitudes(evidence, start=None):
    """Values of ln(alpha^2), (n_components,), of the largest evidence, from a start if given."""
    if start is None:
        # Each component alone explains a fraction of the modes
        trace = np.einsum("skk->s", evidence.seen)
        start = np.log(START_FRACTION * max(len(evidence.data), 1) / np.maximum(trace, TINY))
    limits = evidence.low, evidence.high
    return optimize.minimize(
        cost, np.clip(start, *limits), (evidence,), jac=True, method="L-BFGS-B",
        bounds=np.transpose(limits), options={"maxiter": MAX_STEPS, "ftol": TOLERANCE},
    ).x


def cost(ln_variance, evidence):
    """Minus the ln(evidence), with the priors of the amplitudes, and its gradient."""
    data = evidence.data
    root = linalg.cholesky(evidence.covariance(ln_variance), lower=True)
    inverse = linalg.solve_triangular(root, np.eye(len(data)), lower=True)
    inverse = inverse.T @ inverse
    fitted = inverse @ data
    away = (ln_variance - evidence.low) / evidence.width
    value = np.log(np.diag(root)).sum() + 0.5 * data @ fitted + 0.5 * away @ away
    slope = np.tensordot(evidence.seen, inverse - np.outer(fitted, fitted), axes=2)
    slope = 0.5 * np.exp(ln_variance) * slope
    return value, slope + away / evidence.width


def averaged_covariance(evidence, ln_variance, coupling, prior):
    """Posterior covariance of linear functions of the field, its amplitudes being uncertain.

    For each component of amplitude 1, `coupling` (n_components, n_modes, n_functions) is the
    covariance of the modes with the functions, `prior` (n_components, n_functions, n_functions)
    that of the functions. The result is the mean squared distance (n_functions, n_functions) of
    the functions from their values at `ln_variance`.

    Notes
    -----
    Held at their maximum, amplitudes at their floor give errors that are too small: what the data
    allow lies above. Each amplitude is therefore moved over `N_AMPLITUDES` values, the others
    held, with the evidence and the prior as weights, and what the covariance and the values gain
    in the mean is added up over the amplitudes. Against a Markov chain over all amplitudes
    together: within 2 % of the errors, for a hundredth of the cost.
    """
    value, start, covariance = _moments(evidence, ln_variance, coupling, prior)
    total = covariance.copy()
    for component in np.flatnonzero(evidence.is_seen):
        # Values of one amplitude, weighted by evidence and prior
        trials = np.tile(ln_variance, (N_AMPLITUDES, 1))
        trials[:, component] = np.linspace(
            max(evidence.low[component], ln_variance[component] - REACH_DOWN),
            min(evidence.high[component], ln_variance[component] + REACH_UP),
            N_AMPLITUDES,
        )
        costs, means, spreads = zip(
            *(_moments(evidence, one, coupling, prior) for one in trials), strict=True
        )
        weight = np.exp(value - np.array(costs))
        weight[[0, -1]] /= 2  # trapezoidal rule
        weight /= weight.sum()
        # What the covariance gains, and the scatter of the values
        away = np.array(means) - start
        total += np.tensordot(weight, np.array(spreads) - covariance, axes=1)
        total += (away * weight[:, None]).T @ away
    return total


def _moments(evidence, ln_variance, coupling, prior):
    """Cost, and posterior mean and covariance of linear functions, under given amplitudes."""
    variance = np.exp(ln_variance)
    root = linalg.cholesky(evidence.covariance(ln_variance), lower=True)
    right = np.column_stack([evidence.data, np.tensordot(variance, coupling, axes=1)])
    solved = linalg.solve_triangular(root, right, lower=True)
    data, functions = solved[:, 0], solved[:, 1:]
    away = (ln_variance - evidence.low) / evidence.width
    value = np.log(np.diag(root)).sum() + 0.5 * data @ data + 0.5 * away @ away
    covariance = np.tensordot(variance, prior, axes=1) - functions.T @ functions
    return value, functions.T @ data, covariance
