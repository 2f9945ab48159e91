"""From a finished fit to its result, and from a stored result back to the fit."""

from dataclasses import fields, replace

from cosmouline.deconv.covariance import flux_errors
from cosmouline.deconv.pixels import Pixels
from cosmouline.deconv.point_sources import Sources
from cosmouline.deconv.problem import (
    AMPLITUDE,
    CENTRE,
    SHAPE,
    WIDTH,
    Lattice,
    Prior,
    State,
    make_problem,
)
from cosmouline.deconv.registration import shift_errors
from cosmouline.deconv.residual_light import FieldPrior, correlations
from cosmouline.deconv.result import BY_EPOCH, Galaxy, LensFit
from cosmouline.deconv.sweep import sweep_epochs

import numpy as np

_last = {}  # key, index and sweep of the fit that `sweep_of` was last asked for

def lens_fit(n_epochs, n_started, pixels, fitted, width, options, log, cpu_s):
    """Return the `LensFit` of a `Fitted`, with NaN for the epochs that were not measured.

    `pixels` are those of the epochs that were measured; `width` is the `ImageWidth`; `n_started`
    is the number of epochs of the fit that this one goes back to.
    """
    problem, prior = fitted.problem, fitted.field_prior
    scatter_px = [entry["scatter_px"] for entry in log if entry["stage"] == "registered"]
    errors = flux_errors(fitted)
    if width.is_wide and not problem.prior.has_width:
        # By their colour, or by light beside them: an error of all epochs
        change = width.flux_change * problem.scale
        systematic = errors.systematic_covariance + np.outer(change, change)
        errors = replace(errors, systematic_covariance=systematic)
    if np.any(errors.given_back):
        log.append({"stage": "negative light", "given_back": errors.given_back.tolist()})
    return gather_result(
        n_epochs, pixels, fitted, errors, options, log,
        extended_scale=for_all_epochs(fitted.state.extended_scale, pixels.index, n_epochs),
        camera_width=for_all_epochs(fitted.state.camera_width, pixels.index, n_epochs),
        field_amplitude=np.exp(prior.ln_variance / 2) * _unit(prior, problem.scale),
        field_galaxy_flux=prior.galaxy_flux * problem.scale,
        n_iterations=fitted.n_iterations,
        convergence=fitted.change_sigma,
        objective=fitted.objective,
        ended=fitted.ended,
        n_started=n_started,
        cpu_s=cpu_s,
        shift_scatter_px=scatter_px[-1] if scatter_px else None,
        n_images=problem.n_images or problem.shining.shape[1],
    )


def gather_result(n_epochs, pixels, fit, errors, options, log, **others):
    """Return the `LensFit` of either engine.

    `fit` has the problem, the state and the sweep at the end; `errors` are its `FluxErrors`;
    `others` what only the engine knows.
    """
    problem, state, sweep = fit.problem, fit.state, fit.sweep
    prior, lattice, scale = problem.prior, problem.lattice, problem.scale
    # By epoch: NaN where it was not measured, and for a source that does not shine
    index, n_good, present = pixels.index, pixels.good.sum((1, 2)), problem.shining
    both = present[:, :, None] & present[:, None]
    by_epoch = {
        "flux": np.where(present, errors.flux, np.nan),
        "covariance": np.where(both, errors.covariance, np.nan),
        "covariance_total": np.where(both, errors.covariance_total, np.nan),
        "shift_px": state.shift_px,
        "sky": sweep.solution[:, -1] * scale,
        "chi2_reduced": sweep.chi2 / n_good,
        "variance_e2": pixels.variance_e2,
    }
    n_masked = pixels.epochs.usable.sum((1, 2)) - n_good
    ln_radius, ln_index, e1, e2 = state.shared[SHAPE].tolist()
    flux = float(state.shared[AMPLITUDE] * scale) if prior.has_galaxy else 0.0
    return LensFit(
        **{name: for_all_epochs(array, index, n_epochs) for name, array in by_epoch.items()},
        good=for_all_epochs(pixels.good, index, n_epochs, missing=False),
        present=for_all_epochs(present, index, n_epochs, missing=False),
        n_masked=for_all_epochs(n_masked, index, n_epochs, missing=0),
        systematic_covariance=errors.systematic_covariance,
        position_px=state.position_px,
        image_width=float(state.shared[WIDTH]),
        galaxy=Galaxy(flux, float(np.exp(ln_radius)), float(np.exp(ln_index)), e1, e2,
                      *state.shared[CENTRE].tolist()),
        has_galaxy=prior.has_galaxy,
        nodes_px=lattice.nodes_px,
        node_flux=state.node_flux * scale,
        node_sigma_px=lattice.sigma_px,
        node_step_px=lattice.step_px,
        field_fwhm_px=lattice.fwhm_px,
        upsampling=problem.geometry.upsampling,
        scale=scale,
        prior_mean=prior.mean,
        prior_sd=prior.sd,
        prior_common_sd=prior.common_sd,
        options=options,
        log=log,
        **others,
    )


def problem_of(fit, pixels, sources=None):
    """Return problem and state of a result, for epochs of it, or for these and new ones.

    With new epochs `sources` holds where they shine in all of them. New epochs, and those that
    were not measured, have their start shifts.
    """
    epochs, galaxy, camera = pixels.epochs, fit.galaxy, pixels.epochs.camera
    # Priors, and the sources of the fit unless others are given
    wide_px = fit.options.shift_prior_px
    sd = shift_errors(epochs.shift_sigma_px, fit.shift_scatter_px, wide_px)
    prior = Prior(fit.prior_mean, fit.prior_sd, epochs.shift_px, sd, fit.prior_common_sd)
    if sources is None:
        sources = Sources(fit.position_px, n_images=fit.n_images, present=fit.present)
    problem = make_problem(epochs, pixels.good, pixels.variance_e2, lattice_of(fit), prior,
                           fit.scale, sources.take(pixels.index))
    # Shifts, scales of galaxy and field, widths; a new epoch has those of its camera, or 1 and 0
    shift, scale = epochs.shift_px.astype(float), np.ones(len(pixels.index))
    width = np.zeros(len(pixels.index))
    known = np.isin(pixels.index, np.flatnonzero(fit.measured))
    shift[known] = fit.shift_px[pixels.index[known]]
    scale[known] = fit.extended_scale[pixels.index[known]]
    width[known] = fit.camera_width[pixels.index[known]]
    for new in np.flatnonzero(~known):
        same = known & (camera == camera[new])
        scale[new], width[new] = ((scale[same].mean(), width[same].mean()) if same.any()
                                  else (1.0, 0.0))
    shared = [*galaxy.shape, galaxy.x_px, galaxy.y_px, galaxy.flux / fit.scale,
              fit.image_width]
    shared = np.append(shared, fit.position_px.T.ravel())
    return problem, State(shared, fit.node_flux / fit.scale, shift, scale, width)


def field_prior_of(fit):
    """Return the `FieldPrior` of a result, with its amplitudes."""
    prior = FieldPrior(correlations(lattice_of(fit), fit.options),
                       fit.field_galaxy_flux / fit.scale, np.nanmean(fit.flux, axis=0) / fit.scale,
                       None, fit.n_images)
    return prior.with_amplitudes(fit.field_amplitude / _unit(prior, fit.scale))


def measured_pixels(fit, epochs):
    """Return the `Pixels` of the epochs that a fit has measured, under its final masks and noise.

    Raises ValueError if the shapes are not those of the fit.
    """
    if epochs.data_e.shape != fit.good.shape or epochs.geometry.upsampling != fit.upsampling:
        raise ValueError(
            f"epochs must be those of the fit, of shape {fit.good.shape} and upsampling "
            f"{fit.upsampling}, not {epochs.data_e.shape} and {epochs.geometry.upsampling}"
        )
    pixels = Pixels(np.arange(len(epochs)), epochs, fit.good, fit.variance_e2)
    return pixels.take(np.flatnonzero(fit.measured))


def sweep_of(fit, epochs):
    """Return the numbers of the epochs that a fit has measured, and their `Sweep` at its end.

    That of the last fit is kept: what doubts a fit looks at it half a dozen times. It is the same
    while all arrays that it depends on are the same objects.
    """
    key = [getattr(fit, name) for name in (*BY_EPOCH, "node_flux", "nodes_px", "position_px",
                                           "galaxy", "image_width", "prior_mean", "prior_sd")]
    key += [getattr(epochs, field.name) for field in fields(epochs)]
    if not _last or any(one is not other for one, other in zip(_last["key"], key, strict=True)):
        pixels = measured_pixels(fit, epochs)
        _last.update(key=key, index=pixels.index, sweep=sweep_epochs(*problem_of(fit, pixels),
                                                                     with_bare=True))
    return _last["index"], _last["sweep"]


def for_all_epochs(values, index, n_epochs, missing=np.nan):
    """Values (n, ...) of the epochs `index` among all, the others being `missing`."""
    complete = np.full((n_epochs, *values.shape[1:]), missing, values.dtype)
    complete[index] = values
    return complete


def lattice_of(fit):
    """Return the `Lattice` of a result."""
    return Lattice(fit.nodes_px, fit.node_step_px, fit.node_sigma_px, fit.field_fwhm_px)


def _unit(prior, scale):
    """Units of the amplitudes: those of the flat components are fluxes."""
    return np.where(prior.is_flat, scale, 1.0)
