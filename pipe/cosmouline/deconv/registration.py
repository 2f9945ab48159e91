"""Prior of the shifts of the epochs from the stars, with an error measured on the lens."""

from dataclasses import replace

from cosmouline import library
from cosmouline.deconv.normal_equations import eliminate
from cosmouline.deconv.problem import CENTRE, POSITIONS

import numpy as np

optimize = library("scipy.optimize")

FLOOR_PX = 0.01  # of the error of a shift: the centres of PSFs are not known better
FEWEST_EPOCHS = 4  # below, the scatter of the lens about the stars cannot be measured


def register(problem, state, sweep, sigma_px):
    """Take over the shifts that the stars predict, with the error that fits the lens.

    The prior of `problem` has the predicted shifts, with a wide error; `state` is that of a fit
    under it, `sweep` at that state. The errors of the predictions (n_epochs,) are NaN where there
    is none.

    Returns
    -------
    problem : Problem
        With the errors of the shifts.
    state : State
        Its positions moved by the offset between the lens and the stars, its shifts the other way.
    scatter_px : float or None
        Of the lens about the stars beyond the known errors; None where it was not measured.

    Notes
    -----
    The colours of stars and quasar differ, and so does their refraction; distortions move a star
    but not its neighbour. So the scatter of the lens about the prediction is measured on the lens
    itself, each epoch having its own error there (Paule & Mandel 1982), and joined with the
    error of the prediction.
    """
    known = np.isfinite(sigma_px)
    if known.sum() < FEWEST_EPOCHS:
        return problem, state, None
    # Deviation of the lens from the stars, in the reference frame
    back = np.linalg.inv(problem.linear)
    away = np.einsum("eij,ej->ei", back, state.shift_px - problem.prior.shift_px)[known]
    # Known variance per coordinate: of the fitted shift, without its wide prior, and of the stars
    normal = eliminate(problem, state, sweep)
    wide = problem.prior.shift_sd[:, None, None] ** -2 * np.eye(2)
    precision = np.linalg.inv(normal.local_covariance[:, -2:, -2:]) - wide
    fitted = np.einsum("eii->e", np.linalg.inv(precision)) / 2
    variance = fitted[known] + sigma_px[known] ** 2
    # Additional variance under which chi2 is its number of degrees of freedom
    freedom = 2 * (len(away) - 1)

    def excess(extra):
        total = variance + extra
        return ((away - _mean(away, total)) ** 2 / total[:, None]).sum() - freedom

    largest = 10 * (away.var(axis=0).sum() + variance.max())
    extra = 0.0 if excess(0.0) <= 0 else float(optimize.brentq(excess, 0.0, largest))
    # What all epochs have in common goes into the positions
    offset = _mean(away, variance + extra)
    scatter_px = float(np.sqrt(extra))
    sd = shift_errors(sigma_px, scatter_px, problem.prior.shift_sd)
    shared = state.shared.copy()
    shared[CENTRE] += offset
    shared[POSITIONS] += np.repeat(offset, len(state.position_px))
    moved = replace(state, shared=shared, shift_px=state.shift_px - problem.linear @ offset)
    prior = replace(problem.prior, shift_sd=sd)
    return replace(problem, prior=prior), moved, scatter_px


def shift_errors(sigma_px, scatter_px, wide_px):
    """Errors (n_epochs,) of shifts that are predicted with errors `sigma_px`, or not (NaN).

    Scatter of the lens about the stars from `register`; None: the predictions are not used. The
    error of a shift that is not predicted, and the largest of all, is `wide_px`.
    """
    wide = np.broadcast_to(np.asarray(wide_px, float), np.shape(sigma_px))
    if scatter_px is None:
        return wide.copy()
    sd = np.sqrt(sigma_px**2 + scatter_px**2 + FLOOR_PX**2)
    return np.where(np.isfinite(sigma_px), np.minimum(sd, wide), wide)


def _mean(away, variance):
    """Weighted mean (2,) of offsets (n, 2)."""
    return np.average(away, axis=0, weights=1 / variance)
