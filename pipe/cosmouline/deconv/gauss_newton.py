"""The joint fit: prefit, decision on the galaxy, outer iterations, warm refit."""

from dataclasses import dataclass, replace

from cosmouline.deconv.cameras import rescaled
from cosmouline.deconv.normal_equations import Normal, eliminate, objective
from cosmouline.deconv.problem import AMPLITUDE, CENTRE, POSITIONS, SHAPE, Problem, State
from cosmouline.deconv.residual_light import (
    SMALLEST_FLUX,
    FieldPosterior,
    FieldPrior,
    make_field_prior,
    solve_field,
)
from cosmouline.deconv.sersic import INDEX_RANGE
from cosmouline.deconv.sweep import Sweep, gram_matrix, sweep_epochs

import numpy as np

LARGEST_SHIFT_STEP_PX = 1.0
LARGEST_SHAPE_STEP = 0.5
LARGEST_CENTRE_STEP_PX = 2.0
LARGEST_POSITION_STEP_PX = 0.5
FIRST_DAMPING, DAMPING_DOWN, DAMPING_UP, LARGEST_DAMPING = 1e-2, 0.2, 10.0, 1e6
PREFIT_TOLERANCE = 0.05  # of the objective, a chi2
STEP_TOLERANCE = 0.5  # of the objective, by which a step may make it worse: the evidence moved
SMALLEST_FRACTION = 0.1  # of a step
SECOND_GRAM = 2  # outer iteration whose shifts and positions are good enough to keep its Gram
FROZEN = 1e6  # factor on the equations of the galaxy's shape that holds it
N_ALIGNMENTS = 4  # local steps that bring new epochs to a known scene


@dataclass(frozen=True, eq=False)
class Fitted:
    """A finished fit, with all that its errors and a warm refit need.

    Parameters
    ----------
    problem : Problem
    state : State
    sweep : Sweep
    normal : Normal
    posterior : FieldPosterior
    field_prior : FieldPrior
    change_sigma : float or None
        Largest last change of a flux in units of its error. None: no step lowered the objective.
    n_iterations : int
    objective : float
        chi2 plus the priors of positions, galaxy, shifts and field.
    ended : str
        Why it ended: "converged", "no better step" or "most steps".
    """

    problem: Problem
    state: State
    sweep: Sweep
    normal: Normal
    posterior: FieldPosterior
    field_prior: FieldPrior
    change_sigma: float | None
    n_iterations: int
    objective: float
    ended: str


def fit_all(problem, state, options, report):
    """Fit from a start: prefit, decision on the galaxy, outer iterations.

    Parameters
    ----------
    problem : Problem
    state : State
    options : FitOptions
    report : callable
        Called with a stage and keyword values after each stage.

    Returns
    -------
    Fitted
    """
    problem, state, sweep = prefit(problem, state, options, report)
    flux = _mean_flux(problem, sweep)
    field_prior = make_field_prior(problem.lattice, state.shared, flux, options)
    field_prior = replace(field_prior, n_images=problem.n_images)
    return iterate(problem, state, field_prior, options, report)


def refit(problem, state, field_prior, options, report):
    """Fit again from the result of an earlier fit: new masks, new noise, or new epochs.

    Parameters
    ----------
    problem : Problem
        With the lattice, the prior and the scale of the earlier fit.
    state : State
        The earlier one; new epochs have their start shifts.
    field_prior : FieldPrior
        The earlier one.
    options : FitOptions
    report : callable

    Returns
    -------
    Fitted
    """
    state = align_epochs(problem, state, N_ALIGNMENTS)
    return iterate(problem, state, field_prior, options, report)


def align_epochs(problem, state, n_steps):
    """Shifts of the epochs that fit best, all that they share being held.

    Parameters
    ----------
    problem : Problem
    state : State
    n_steps : int

    Returns
    -------
    State
    """
    for _ in range(n_steps):
        normal = eliminate(problem, state, sweep_epochs(problem, state))
        state = _move(state, normal, np.zeros_like(state.shared))
    return state


def prefit(problem, state, options, report):
    """Fit without the field, first without a galaxy, then with one where the data want it.

    Parameters are those of `fit_all`.

    Returns
    -------
    problem : Problem
        Its prior holds the galaxy at 0 when there is none.
    state : State
    sweep : Sweep
    """
    bare = replace(problem, prior=problem.prior.without_galaxy())
    start = state
    state, sweep, without = _minimise(bare, start, options, report)
    if not problem.prior.has_galaxy:
        return bare, state, sweep
    galactic, galactic_sweep, best = _with_galaxy(problem, start, state, options, report)
    gain = without - best
    is_kept = gain > options.galaxy_gain and galactic.shared[AMPLITUDE] > 0
    report("galaxy", kept=bool(is_kept), gain=gain)
    return (problem, galactic, galactic_sweep) if is_kept else (bare, state, sweep)


def iterate(problem, state, field_prior, options, report):
    """Outer Gauss-Newton iterations over the shared parameters and the field.

    Parameters are those of `refit`.

    Returns
    -------
    Fitted

    Notes
    -----
    The Gram matrix is made at the first and third iteration only; it hardly depends on the
    shifts. Amplitudes and shape are frozen as `options` say. A step is shortened until the
    objective does not rise; when none helps, the shape is frozen and the Gram matrix renewed,
    and the second time the fit ends.
    """
    has_nodes = len(problem.lattice.nodes_px) > 0
    sweep = sweep_epochs(problem, state, has_nodes)
    frozen, gram_is_due, change, ended = False, True, None, "most steps"
    for iteration in range(options.max_iterations):
        if gram_is_due or iteration == SECOND_GRAM:
            gram, gram_is_due = gram_matrix(problem, state), False
        is_early = iteration < options.n_evidence_iterations
        if is_early:
            field_prior = replace(field_prior, source_flux=_mean_flux(problem, sweep))
        before = sweep
        state, sweep, normal = rescaled(problem, state, sweep, has_nodes)
        if frozen or iteration >= options.freeze_shape_after:
            normal = _hold_shape(normal)
        posterior = solve_field(problem, state, normal, gram, field_prior, options, is_early)
        field_prior = replace(field_prior, ln_variance=posterior.ln_variance)
        step = _descend(problem, state, sweep, normal, posterior)
        if step is None and frozen:
            ended = "no better step"
            break
        if step is None:
            frozen = gram_is_due = True
            continue
        change = _largest_change(normal, before, step[1])
        state, sweep, fraction = step
        report("iteration", number=iteration, chi2=_mean_chi2(problem, sweep),
               change_sigma=change, fraction=fraction)
        if not is_early and change < options.convergence_sigma:
            ended = "converged"
            break
    normal = eliminate(problem, state, sweep)
    posterior = solve_field(problem, state, normal, gram, field_prior, options, optimise=False)
    value = objective(problem, state, sweep) + posterior.energy(state.node_flux)
    return Fitted(
        problem, state, sweep, normal, posterior, field_prior, change, iteration + 1, value, ended
    )


def _with_galaxy(problem, start, bare, options, report):
    """Best fit with a galaxy: state, sweep, objective.

    Sources that had to stand in for a bright galaxy were drawn into it by pixels, and may not
    come back: the start positions are tried first, those of the fit without a galaxy only where
    they are far from them.
    """
    starts = [replace(bare, shared=start.shared)]
    if np.abs(bare.position_px - start.position_px).max() > options.position_prior_px:
        starts.append(bare)
    found = [_minimise(problem, state, options, report) for state in starts]
    return min(found, key=lambda fit: fit[2])


def _minimise(problem, state, options, report):
    """Levenberg-Marquardt steps without the field: state, sweep, objective."""
    damping = FIRST_DAMPING
    sweep = sweep_epochs(problem, state)
    value = objective(problem, state, sweep)
    normal = eliminate(problem, state, sweep)
    n_steps = 0
    while n_steps < options.max_prefit_steps and damping <= LARGEST_DAMPING:
        n_steps += 1
        trial = _move(state, normal, _damped_step(normal, damping))
        trial_sweep = sweep_epochs(problem, trial)
        trial_value = objective(problem, trial, trial_sweep)
        gain = value - trial_value
        if gain > 0:
            state, sweep, value = trial, trial_sweep, trial_value
            normal = eliminate(problem, state, sweep)
            damping *= DAMPING_DOWN
        else:
            damping *= DAMPING_UP
        if 0 < gain < PREFIT_TOLERANCE:
            break
    report("prefit", n_steps=n_steps, chi2=_mean_chi2(problem, sweep))
    return state, sweep, value


def _damped_step(normal, damping):
    """Levenberg-Marquardt step of the shared parameters, within limits."""
    matrix = normal.shared + damping * np.diag(np.diag(normal.shared))
    scale = 1 / np.sqrt(np.diag(matrix))
    step = scale * np.linalg.solve(matrix * scale[:, None] * scale, scale * normal.shared_rhs)
    for part, limit in (
        (SHAPE, LARGEST_SHAPE_STEP),
        (CENTRE, LARGEST_CENTRE_STEP_PX),
        (POSITIONS, LARGEST_POSITION_STEP_PX),
    ):
        step[part] = np.clip(step[part], -limit, limit)
    return step


def _move(state, normal, shared_step, node_step=None, fraction=1.0):
    """State after a step; the shifts follow from the equations of each epoch."""
    if node_step is None:
        node_step = np.zeros_like(state.node_flux)
    rhs = normal.local_rhs - normal.local_shared @ shared_step
    if normal.node_local.shape[1]:
        rhs -= np.einsum("ejl,j->el", normal.node_local, node_step)
    shift = np.einsum("ekl,el->ek", normal.local_covariance, rhs)[:, -2:]
    shared = state.shared + fraction * shared_step
    shared[1] = np.clip(shared[1], *np.log(INDEX_RANGE))
    shift = np.clip(shift, -LARGEST_SHIFT_STEP_PX, LARGEST_SHIFT_STEP_PX)
    return replace(
        state,
        shared=shared,
        node_flux=state.node_flux + fraction * node_step,
        shift_px=state.shift_px + fraction * shift,
    )


def _descend(problem, state, sweep, normal, posterior):
    """First of the steps of length 1, 1/2, 1/4 and 1/8 that does not raise the objective.

    Returns the state, the sweep and the fraction, or None.
    """
    has_nodes = len(state.node_flux) > 0
    limit = objective(problem, state, sweep) + posterior.energy(state.node_flux) + STEP_TOLERANCE
    fraction = 1.0
    while fraction > SMALLEST_FRACTION:
        trial = _move(state, normal, posterior.shared_step, posterior.node_step, fraction)
        trial_sweep = sweep_epochs(problem, trial, has_nodes)
        value = objective(problem, trial, trial_sweep) + posterior.energy(trial.node_flux)
        if value < limit:
            return trial, trial_sweep, fraction
        fraction /= 2
    return None


def _hold_shape(normal):
    """Equations under which the shape and the place of the galaxy hardly move."""
    shared = normal.shared.copy()
    held = np.arange(CENTRE.stop)
    shared[held, held] *= FROZEN
    return replace(normal, shared=shared)


def _largest_change(normal, before, after):
    """Largest change of a flux in units of its error."""
    n_sources = before.solution.shape[1] - 1
    sigma = np.sqrt(np.einsum("ekk->ek", normal.local_covariance)[:, :n_sources])
    change = np.abs(after.solution - before.solution)[:, :n_sources]
    return float((change / sigma).max())


def _mean_flux(problem, sweep):
    """Mean flux of each source, never below a token one."""
    return np.maximum(problem.mean_flux(sweep.solution[:, :-1]), SMALLEST_FLUX)


def _mean_chi2(problem, sweep):
    """Value of chi2 per pixel."""
    return float(sweep.chi2.sum() / (problem.weight > 0).sum())
