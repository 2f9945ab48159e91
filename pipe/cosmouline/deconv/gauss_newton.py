"""The joint fit: prefit, decision on the galaxy, outer iterations, warm refit."""

from dataclasses import dataclass, replace

from cosmouline.deconv.cameras import rescaled
from cosmouline.deconv.normal_equations import Normal, eliminate, local_equations, objective
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
ALIGNED_PX = 1e-4  # of a shift: below, the next step moves no flux by 1e-4 of its error
SMALLEST_FRACTION = 0.1  # of a step
SECOND_GRAM = 2  # outer iteration whose shifts and positions are good enough to keep its Gram
SURE = 20.0  # times the gain that is asked for, above which noise does not make a galaxy
N_SOME = 4  # every n-th epoch makes the first Gram matrix
FROZEN = 1e6  # factor on the equations of the galaxy's shape that holds it
N_ALIGNMENTS = 4  # most local steps that bring new epochs to a known model


@dataclass(frozen=True, eq=False)
class Fitted:
    """A finished fit, with all that its errors and a warm refit need.

    `change_sigma` is the largest last change of a flux in units of its error (None: no step
    lowered the objective); `objective` chi2 plus the priors of positions, galaxy, shifts and
    field; `ended` "converged", "no better step" or "most steps".
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
    gram: np.ndarray  # (n_nodes, n_nodes), products of the images of the nodes in all epochs


def fit_all(problem, state, options, report, galaxy_gain=0.0):
    """Return the `Fitted` from a start: prefit, decision on the galaxy, outer iterations.

    After each stage `report` is called with its name and keyword values; `galaxy_gain` see
    `prefit`.
    """
    problem, state, sweep = prefit(problem, state, options, report, galaxy_gain)
    flux = _mean_flux(problem, sweep)
    field_prior = make_field_prior(problem.lattice, state.shared, flux, options)
    field_prior = replace(field_prior, n_images=problem.n_images)
    return iterate(problem, state, field_prior, options, report)


def refit(problem, state, field_prior, options, report):
    """Return the `Fitted` from an earlier fit: new masks, new noise, or new epochs.

    The problem has the lattice, the prior and the scale of the earlier fit; `state` and
    `field_prior` are those of it, new epochs having their start shifts.
    """
    state = align_epochs(problem, state, N_ALIGNMENTS)
    return iterate(problem, state, field_prior, options, report, is_near=True)


def align_epochs(problem, state, n_steps, which=None):
    """Return the state with the shifts that fit best, all that the epochs share being held.

    After `n_steps`, or when no shift has moved by more than 1e-4 px. Only of the epochs `which`
    (bool, shape (n_epochs,)), where given.
    """
    if which is not None:
        shift_px = state.shift_px.copy()
        if which.any():
            some = align_epochs(problem.take(which), state.take(which), n_steps)
            shift_px[which] = some.shift_px
        return replace(state, shift_px=shift_px)
    for _ in range(n_steps):
        _, step = local_step(problem, state)
        step = np.clip(step[:, -2:], -LARGEST_SHIFT_STEP_PX, LARGEST_SHIFT_STEP_PX)
        state = replace(state, shift_px=state.shift_px + step)
        if np.abs(step).max() < ALIGNED_PX:
            break
    return state


def local_step(problem, state):
    """Return a sweep, and the step (n_epochs, l) of fluxes, sky and shift from it.

    All that the epochs share is held: the sweep has no columns for it.
    """
    sweep = sweep_epochs(problem, state, with_shared=False)
    covariance, rhs = local_equations(problem, state, sweep)
    return sweep, np.einsum("ekl,el->ek", covariance, rhs)


def prefit(problem, state, options, report, galaxy_gain=0.0):
    """Fit without the field, first without a galaxy, then with one where the data ask for it.

    Returns problem, state and sweep; the prior holds the galaxy at 0 when there is none. Where a
    pass before this one, whose positions the state has, has gained much more by the galaxy than is
    asked for (`galaxy_gain`), it is fitted at once.
    """
    if galaxy_gain > SURE * options.galaxy_gain:
        return problem, *_minimise(problem, state, options, report)[:2]
    bare = replace(problem, prior=problem.prior.without_galaxy())
    start = state
    state, sweep, without = _minimise(bare, start, options, report)
    if not problem.prior.has_galaxy:
        return bare, state, sweep
    # Sources that had to stand in for a bright galaxy were drawn into it by pixels, and may not
    # come back: the start positions are tried first, those of the fit without a galaxy only where
    # they are far from them
    starts = [replace(state, shared=start.shared)]
    if np.abs(state.position_px - start.position_px).max() > options.position_prior_px:
        starts.append(state)
    found = [_minimise(problem, one, options, report) for one in starts]
    galactic, galactic_sweep, best = min(found, key=lambda fit: fit[2])
    # The galaxy stays where the objective falls by more than it does by chance
    gain = without - best
    is_kept = gain > options.galaxy_gain and galactic.shared[AMPLITUDE] > 0
    report("galaxy", kept=bool(is_kept), gain=gain)
    return (problem, galactic, galactic_sweep) if is_kept else (bare, state, sweep)


def iterate(problem, state, field_prior, options, report, is_near=False):
    """Outer Gauss-Newton iterations over the shared parameters and the field.

    The Gram matrix hardly depends on the shifts: at the first iteration it is made from some of
    the epochs, at the third from all, and then it stays. Amplitudes and shape are frozen from the
    iterations of `options` on. A step is shortened until the objective does not rise; when none
    helps, the shape is frozen and the Gram matrix renewed, and the second time the fit ends. Of a
    state that is near the end (`is_near`), one Gram matrix is enough, and the first step may end
    the fit.
    """
    has_nodes = len(problem.lattice.nodes_px) > 0
    n_sources = len(state.position_px)
    sweep = sweep_epochs(problem, state, has_nodes)
    frozen, gram_is_due, change, ended = False, True, None, "most steps"
    for iteration in range(options.max_iterations):
        if gram_is_due or (iteration == SECOND_GRAM and not is_near):
            is_rough = iteration == 0 and not is_near and options.max_iterations > SECOND_GRAM
            gram = gram_matrix(problem, state, every=N_SOME if is_rough else 1)
            gram_is_due = False
        is_early = iteration < options.n_evidence_iterations
        if is_early:
            field_prior = replace(field_prior, source_flux=_mean_flux(problem, sweep))
        before = sweep.solution
        state, sweep, normal = rescaled(problem, state, sweep, has_nodes)
        if frozen or iteration >= options.freeze_shape_after:
            # Equations under which the shape and the centre of the galaxy hardly move
            shared, held = normal.shared.copy(), np.arange(CENTRE.stop)
            shared[held, held] *= FROZEN
            normal = replace(normal, shared=shared)
        # The field, its amplitudes while they are free, and a step that does not raise the
        # objective
        posterior = solve_field(problem, state, normal, gram, field_prior, options, is_early)
        field_prior = replace(field_prior, ln_variance=posterior.ln_variance)
        step = _descend(problem, state, sweep, normal, posterior)
        if step is None and frozen:
            ended = "no better step"
            break
        if step is None:
            frozen = gram_is_due = True
            continue
        state, sweep, fraction = step
        # Largest change of a flux in units of its error
        sigma = np.sqrt(np.einsum("ekk->ek", normal.local_covariance)[:, :n_sources])
        moved = np.abs(sweep.solution - before)[:, :n_sources]
        change = float((moved / sigma).max())
        report("iteration", number=iteration, chi2=_mean_chi2(problem, sweep),
               change_sigma=change, fraction=fraction)
        if (is_near or not is_early) and change < options.convergence_sigma:
            ended = "converged"
            break
    # Equations and field at the end: the errors come from them
    normal = eliminate(problem, state, sweep)
    posterior = solve_field(problem, state, normal, gram, field_prior, options, optimise=False)
    value = objective(problem, state, sweep) + posterior.energy(state.node_flux)
    return Fitted(
        problem, state, sweep, normal, posterior, field_prior, change, iteration + 1, value, ended,
        gram,
    )


def _minimise(problem, state, options, report):
    """Levenberg-Marquardt steps without the field: state, sweep, objective."""
    damping = FIRST_DAMPING
    sweep = sweep_epochs(problem, state)
    value = objective(problem, state, sweep)
    normal = eliminate(problem, state, sweep)
    n_steps = 0
    while n_steps < options.max_prefit_steps and damping <= LARGEST_DAMPING:
        n_steps += 1
        # Damped equations of the shared parameters in columns of norm 1, the step within limits
        matrix = normal.shared + damping * np.diag(np.diag(normal.shared))
        scale = 1 / np.sqrt(np.diag(matrix))
        step = scale * np.linalg.solve(matrix * scale[:, None] * scale, scale * normal.shared_rhs)
        for part, limit in ((SHAPE, LARGEST_SHAPE_STEP), (CENTRE, LARGEST_CENTRE_STEP_PX),
                            (POSITIONS, LARGEST_POSITION_STEP_PX)):
            step[part] = np.clip(step[part], -limit, limit)
        # Taken where it lowers the objective; then the damping falls, otherwise it rises
        trial = _move(state, normal, step)
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


def _move(state, normal, shared_step, node_step=None, fraction=1.0):
    """State after a step; the shifts, up to 1 px, follow from the equations of each epoch."""
    if node_step is None:
        node_step = np.zeros_like(state.node_flux)
    # Equations without nodes are of a sweep without them: the field is held
    shift = normal.local_step(shared_step, node_step[: normal.node_local.shape[1]])[:, -2:]
    shared = state.shared + fraction * shared_step
    shared[1] = np.clip(shared[1], *np.log(INDEX_RANGE))
    shift = np.clip(shift, -LARGEST_SHIFT_STEP_PX, LARGEST_SHIFT_STEP_PX)
    return replace(state, shared=shared, node_flux=state.node_flux + fraction * node_step,
                   shift_px=state.shift_px + fraction * shift)


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


def _mean_flux(problem, sweep):
    """Mean flux of each source, never below a token one."""
    return np.maximum(problem.mean_flux(sweep.solution[:, :-1]), SMALLEST_FLUX)


def _mean_chi2(problem, sweep):
    """Value of chi2 per pixel."""
    return float(sweep.chi2.sum() / (problem.weight > 0).sum())
