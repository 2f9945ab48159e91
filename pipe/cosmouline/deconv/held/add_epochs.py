"""New epochs in a finished fit: solved under its scene, which moves by one step."""

import time
from dataclasses import dataclass, replace

from cosmouline.deconv.cameras import camera_scales
from cosmouline.deconv.fit_lens import judge
from cosmouline.deconv.gauss_newton import N_ALIGNMENTS, Fitted, align_epochs
from cosmouline.deconv.held.equations import Equations
from cosmouline.deconv.image_width import measure_width, report_width, wants_own_width
from cosmouline.deconv.normal_equations import eliminate, objective
from cosmouline.deconv.pixels import Pixels, drop_unmeasured, first_pixels
from cosmouline.deconv.point_sources import as_sources
from cosmouline.deconv.problem import WIDTH, Prior, Problem, State, make_problem
from cosmouline.deconv.registration import shift_errors
from cosmouline.deconv.residual_light import solve_field
from cosmouline.deconv.stored import field_prior_of, lattice_of, lens_fit, problem_of
from cosmouline.deconv.sweep import gram_matrix, sweep_epochs

import numpy as np

MOST_MOVED = 0.3  # errors of a flux of an old epoch, by which a step of the scene may change it
N_ROUNDS = 3  # over the scales of the galaxy by camera, and all else
MOST_RESCALED = 0.005  # of a coefficient since the fit: the weights of its epoch stay


@dataclass(frozen=True, eq=False)
class Added:
    """The new epochs that could be measured: their pixels, state, shining, and equations."""

    pixels: Pixels
    state: State
    shining: np.ndarray
    equations: Equations


def add_epochs(epochs, start, warm, progress=None):
    """Return the `LensFit` of the epochs of an earlier fit and of new ones; None: fit all again.

    Parameters
    ----------
    epochs : Epochs
        Those of the earlier fit first, with the same stamps and PSFs.
    start : Sources or array_like of float, shape (n_sources, 2)
        As for `fit_lens`.
    warm : LensFit
        The earlier fit, with its `equations`.
    progress : callable, optional
        Called with a dict after each stage.

    Notes
    -----
    Noise, masks, shift and fluxes of the new epochs come from the scene of the earlier fit. Their
    equations are added to the stored ones: one Gauss-Newton step of all that is shared, under the
    amplitudes of the earlier fit, and the fluxes of all epochs follow it; the errors are those of
    the equations of all. The equations stay at the scene of the last complete fit, so that no
    error of a step adds to that of the next. Masks and noise of the old epochs stay.

    None where the scene has moved, since the last complete fit, by so much that a flux changes by
    more than .3 of its error (steps up to .4 were within .05 of a fit of all); where a coefficient
    has changed by more than half a per cent; where the images turn out narrower than the stars, or
    have a width of their own in each camera; or where no new epoch can be measured.
    """
    started, log = time.process_time(), []

    def report(stage, **values):
        log.append({"stage": stage, **values})
        if progress is not None:
            progress(log[-1])

    report("registered", scatter_px=warm.shift_scatter_px)
    options, old = warm.options, np.flatnonzero(warm.measured)
    epochs = epochs.with_sky_sigma(options.sky_sigma_factor)
    sources = as_sources(start, len(epochs))
    known = warm.equations.take(old)
    is_rescaled = np.abs(epochs.coeff[old] / known.coeff - 1).max() > MOST_RESCALED
    if is_rescaled or known.camera_width.any():
        return None
    added = None
    if len(epochs) > len(warm.flux):
        try:
            added = _solve(epochs, sources, warm)
        except ValueError:  # nothing can be measured on them
            return None
    pixels, problem, equations = _together(epochs, warm, added)
    # One step of all that is shared, with the width of the images as the fit has it, and free
    held = _step(problem, equations, pixels.epochs.coeff, warm)
    prior = problem.prior.with_width(options.image_width_sd)
    free = _step(replace(problem, prior=prior, widened=np.zeros(0)), equations,
                 pixels.epochs.coeff, warm, held.state.extended_scale)
    moved = _moved(equations, pixels.epochs.coeff, held, len(old))
    width = measure_width(free)
    width = replace(width, flux_change=width.flux_change - measure_width(held).flux_change)
    if moved > MOST_MOVED or (not problem.prior.has_width
                              and wants_own_width(free, width, options)):
        return None
    report("held scene", n_new=len(pixels.index) - len(old), moved_sigma=moved)
    held = _at_the_end(held)
    report_width(report, held, width)
    fit = lens_fit(len(epochs), warm.n_started, pixels, held, width, options, log,
                   time.process_time() - started)
    return replace(fit, equations=equations.spread(pixels.index, len(epochs)),
                   n_held=warm.n_held + len(epochs) - len(warm.flux))


def _solve(epochs, sources, warm):
    """Noise, masks, shifts and equations of the new epochs under the held scene: `Added`."""
    options, equations = warm.options, warm.equations
    new = np.arange(len(warm.flux), len(epochs))
    pixels = replace(first_pixels(epochs.take(new)), index=new)
    problem, state = problem_of(warm, pixels, sources)
    scale, width = _by_camera(epochs.camera, equations.take(np.flatnonzero(warm.measured)),
                              np.flatnonzero(warm.measured), new)
    state = replace(state, shared=equations.shared, node_flux=equations.node_flux,
                    extended_scale=scale, camera_width=width)
    pixels, problem, state = drop_unmeasured(pixels, problem, state, is_part=True)
    # Shifts, then noise and masks from the model, until they stay
    for _ in range(1 + options.max_refits):
        state = align_epochs(problem, state, N_ALIGNMENTS)
        sweep = sweep_epochs(problem, state, with_shared=False)
        before, pixels = pixels, judge(pixels, problem, state, sweep, options.final_model_error,
                                       options)
        problem = make_problem(pixels.epochs, pixels.good, pixels.variance_e2, problem.lattice,
                               problem.prior, problem.scale, sources.take(pixels.index))
        is_settled = np.array_equal(before.good, pixels.good)
        pixels, problem, state = drop_unmeasured(pixels, problem, state, is_part=True)
        if is_settled:
            break
    state = align_epochs(problem, state, N_ALIGNMENTS)
    # Equations in which the width of the images is free
    if not problem.prior.has_width:
        prior = problem.prior.with_width(options.image_width_sd)
        problem = replace(problem, prior=prior).with_psf(pixels.epochs.psf)
    sweep = sweep_epochs(problem, state, with_nodes=len(state.node_flux) > 0)
    return Added(pixels, state, problem.shining, Equations.of(
        state, sweep, gram_matrix(problem, state), pixels.epochs.coeff))


def _by_camera(camera, equations, old, new):
    """Scale of the galaxy, and width of the images, of new epochs, as old ones of their camera."""
    scale, width = np.ones(len(new)), np.zeros(len(new))
    for k, e in enumerate(new):
        same = camera[old] == camera[e]
        if same.any():
            scale[k] = equations.extended_scale[same].mean()
            width[k] = equations.camera_width[same].mean()
    return scale, width


def _together(epochs, warm, added):
    """Pixels, problem and equations of the old epochs and of those that were added.

    The problem has no data: all that is done with it is done on the equations.
    """
    old = np.flatnonzero(warm.measured)
    equations = warm.equations.take(old)
    index, good, variance, shining = old, warm.good[old], warm.variance_e2[old], warm.present[old]
    if added is not None:
        equations, pixels = equations.plus(added.equations), added.pixels
        index = np.append(old, pixels.index)
        good, variance, shining = map(np.concatenate, (
            (good, pixels.good), (variance, pixels.variance_e2), (shining, added.shining)))
    pixels = Pixels(index, epochs.take(index), good, variance)
    sd = shift_errors(pixels.epochs.shift_sigma_px, warm.shift_scatter_px,
                      warm.options.shift_prior_px)
    prior = Prior(warm.prior_mean, warm.prior_sd, pixels.epochs.shift_px, sd,
                  warm.prior_common_sd)
    nothing = np.zeros((len(index), 0, 0))
    problem = Problem(nothing, nothing, nothing, pixels.epochs.linear, warm.scale,
                      epochs.geometry, lattice_of(warm), prior, shining, warm.n_images,
                      pixels.epochs.camera)
    return pixels, problem, equations


def _step(problem, equations, coeff, warm, scale=None):
    """Return a `Fitted` with the step from the scene of the equations, and not yet made.

    The scales of the galaxy by camera, None: not known, are found in turn with all else.
    """
    field_prior = field_prior_of(warm)
    scales = equations.extended_scale if scale is None else scale
    n_rounds = N_ROUNDS if scale is None and len(np.unique(problem.camera)) > 1 else 1
    for n in range(n_rounds):
        state = replace(equations.state, extended_scale=scales)
        sweep = equations.sweep(coeff, scales)
        normal = eliminate(problem, state, sweep)
        posterior = solve_field(problem, state, normal, equations.gram, field_prior, warm.options,
                                optimise=False)
        if n < n_rounds - 1:
            # What the residuals after the step still ask of the scales
            step = normal.local_step(posterior.shared_step, posterior.node_step)
            by = np.concatenate([step, np.tile(posterior.shared_step, (len(step), 1))], axis=1)
            light = sweep.light.copy()
            light[:, -2] -= (light[:, :-2] * by).sum(1)
            light[:, -2] -= sweep.node_local[:, :, -1] @ posterior.node_step
            scales = camera_scales(problem, state, replace(sweep, light=light), replace(
                normal, local_rhs=np.zeros_like(normal.local_rhs))).scale
    return Fitted(problem, state, sweep, normal, posterior, field_prior, warm.convergence,
                  warm.n_iterations, 0.0, warm.ended, equations.gram)


def _moved(equations, coeff, fitted, n_old):
    """Largest change of a flux of an old epoch by the step of the scene, in units of its error."""
    n_sources, normal = equations.solution.shape[1] - 1, fitted.normal
    rescaled = (coeff / equations.coeff - 1)[:, None] * equations.solution[:, :n_sources]
    step = normal.local_step(fitted.posterior.shared_step, fitted.posterior.node_step)
    sigma = np.sqrt(np.einsum("ekk->ek", normal.local_covariance)[:, :n_sources])
    return float((np.abs(step[:, :n_sources] - rescaled) / sigma)[:n_old].max())


def _at_the_end(fitted):
    """Return a `Fitted` at the end of its step, its equations being those of its beginning."""
    state, posterior, sweep = fitted.state, fitted.posterior, fitted.sweep
    step = fitted.normal.local_step(posterior.shared_step, posterior.node_step)
    n_known, shared = sweep.solution.shape[1], state.shared + posterior.shared_step
    if not fitted.problem.prior.has_width:
        shared[WIDTH] = state.shared[WIDTH]  # and not by a billionth
    state = replace(state, shared=shared, node_flux=state.node_flux + posterior.node_step,
                    shift_px=state.shift_px + step[:, n_known:])
    sweep = replace(sweep, solution=sweep.solution + step[:, :n_known])
    value = objective(fitted.problem, state, sweep) + posterior.energy(state.node_flux)
    return replace(fitted, state=state, sweep=sweep, objective=value)
