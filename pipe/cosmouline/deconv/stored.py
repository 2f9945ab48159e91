"""From a finished fit to its result, and from a stored result back to the fit."""

from cosmouline.deconv.covariance import flux_errors
from cosmouline.deconv.pixels import Pixels
from cosmouline.deconv.point_sources import Sources
from cosmouline.deconv.problem import AMPLITUDE, CENTRE, SHAPE, Lattice, Prior, State, make_problem
from cosmouline.deconv.registration import shift_errors
from cosmouline.deconv.residual_light import FieldPrior, correlations
from cosmouline.deconv.result import Galaxy, LensFit

import numpy as np


def lens_fit(n_epochs, n_started, pixels, fitted, options, log, cpu_s):
    """Gather the result, with NaN for the epochs that were not measured.

    Parameters
    ----------
    n_epochs, n_started : int
        Of all epochs, and of those of the fit that it goes back to.
    pixels : Pixels
        Of those that were measured.
    fitted : Fitted
    options : FitOptions
    log : list of dict
    cpu_s : float

    Returns
    -------
    LensFit
    """
    problem = fitted.problem
    return LensFit(
        **_by_epoch(n_epochs, pixels, fitted),
        **_shared(fitted),
        n_iterations=fitted.n_iterations,
        convergence=fitted.change_sigma,
        objective=fitted.objective,
        ended=fitted.ended,
        n_started=n_started,
        has_galaxy=problem.prior.has_galaxy,
        cpu_s=cpu_s,
        log=log,
        upsampling=problem.geometry.upsampling,
        scale=problem.scale,
        prior_mean=problem.prior.mean,
        prior_sd=problem.prior.sd,
        prior_common_sd=problem.prior.common_sd,
        shift_scatter_px=_last_scatter(log),
        n_images=problem.n_images or problem.shining.shape[1],
        node_sigma_px=problem.lattice.sigma_px,
        node_step_px=problem.lattice.step_px,
        field_fwhm_px=problem.lattice.fwhm_px,
        options=options,
    )


def problem_of(fit, pixels, sources=None):
    """Problem and state of a result.

    Parameters
    ----------
    fit : LensFit
    pixels : Pixels
        Of epochs of the fit, or of these and new ones.
    sources : Sources, optional
        With new epochs: where they shine in all of them.

    Returns
    -------
    problem : Problem
    state : State
        New epochs, and those that were not measured, have their start shifts.
    """
    epochs, galaxy = pixels.epochs, fit.galaxy
    wide_px = fit.options.shift_prior_px
    sd = shift_errors(epochs.shift_sigma_px, fit.shift_scatter_px, wide_px)
    prior = Prior(fit.prior_mean, fit.prior_sd, epochs.shift_px, sd, fit.prior_common_sd)
    if sources is None:
        sources = Sources(fit.position_px, n_images=fit.n_images, present=fit.present)
    sources = sources.take(pixels.index)
    problem = make_problem(
        epochs, pixels.good, pixels.variance_e2, _lattice(fit), prior, fit.scale, sources
    )
    shift = epochs.shift_px.astype(float)
    known = np.isin(pixels.index, np.flatnonzero(fit.measured))
    shift[known] = fit.shift_px[pixels.index[known]]
    shared = [*galaxy.shape, galaxy.x_px, galaxy.y_px, galaxy.flux / fit.scale]
    shared = np.append(shared, fit.position_px.T.ravel())
    scale = _scales(fit, epochs.camera, pixels.index, known)
    return problem, State(shared, fit.node_flux / fit.scale, shift, scale)


def field_prior_of(fit):
    """Prior of the field of a result.

    Parameters
    ----------
    fit : LensFit

    Returns
    -------
    FieldPrior
    """
    prior = FieldPrior(
        correlations(_lattice(fit), fit.options),
        fit.field_galaxy_flux / fit.scale,
        np.nanmean(fit.flux, axis=0) / fit.scale,
        None,
        fit.n_images,
    )
    return prior.with_amplitudes(fit.field_amplitude / _unit(prior, fit.scale))


def measured_pixels(fit, epochs):
    """Pixels of the epochs that a fit has measured, under its final masks and noise.

    Parameters
    ----------
    fit : LensFit
    epochs : Epochs
        The epochs of the fit.

    Returns
    -------
    Pixels

    Raises
    ------
    ValueError
        If the shapes are not those of the fit.
    """
    if epochs.data_e.shape != fit.good.shape or epochs.geometry.upsampling != fit.upsampling:
        raise ValueError(
            f"epochs must be those of the fit, of shape {fit.good.shape} and upsampling "
            f"{fit.upsampling}, not {epochs.data_e.shape} and {epochs.geometry.upsampling}"
        )
    pixels = Pixels(np.arange(len(epochs)), epochs, fit.good, fit.variance_e2)
    return pixels.take(np.flatnonzero(fit.measured))


def for_all_epochs(values, index, n_epochs, missing=np.nan):
    """Values of some epochs among all, the others being `missing`.

    Parameters
    ----------
    values : ndarray, shape (n, ...)
    index : ndarray of int, shape (n,)
    n_epochs : int
    missing : scalar, optional

    Returns
    -------
    ndarray, shape (n_epochs, ...)
    """
    whole = np.full((n_epochs, *values.shape[1:]), missing, values.dtype)
    whole[index] = values
    return whole


def _scales(fit, camera, index, known):
    """Scales of galaxy and field in some epochs; new ones have that of their camera, or 1."""
    scale = np.ones(len(index))
    scale[known] = fit.extended_scale[index[known]]
    for new in np.flatnonzero(~known):
        same = known & (camera == camera[new])
        scale[new] = scale[same].mean() if same.any() else 1.0
    return scale


def _by_epoch(n_epochs, pixels, fitted):
    """Entries of a `LensFit` that have a value for each epoch, and the systematic covariance."""
    errors = flux_errors(fitted)
    n_good = pixels.good.sum((1, 2))
    present = fitted.problem.shining
    both = present[:, :, None] & present[:, None]
    arrays = {
        "flux": np.where(present, errors.flux, np.nan),
        "covariance": np.where(both, errors.covariance, np.nan),
        "covariance_total": np.where(both, errors.covariance_total, np.nan),
        "shift_px": fitted.state.shift_px,
        "extended_scale": fitted.state.extended_scale,
        "sky": fitted.sweep.solution[:, -1] * fitted.problem.scale,
        "chi2_reduced": fitted.sweep.chi2 / n_good,
        "variance_e2": pixels.variance_e2,
    }
    index = pixels.index
    n_masked = pixels.epochs.usable.sum((1, 2)) - n_good
    return {
        **{name: for_all_epochs(array, index, n_epochs) for name, array in arrays.items()},
        "good": for_all_epochs(pixels.good, index, n_epochs, missing=False),
        "present": for_all_epochs(present, index, n_epochs, missing=False),
        "n_masked": for_all_epochs(n_masked, index, n_epochs, missing=0),
        "systematic_covariance": errors.systematic_covariance,
    }


def _shared(fitted):
    """Entries of a `LensFit` about sources, galaxy and field."""
    state, scale, prior = fitted.state, fitted.problem.scale, fitted.field_prior
    has_galaxy = fitted.problem.prior.has_galaxy
    ln_radius, ln_index, e1, e2 = state.shared[SHAPE].tolist()
    galaxy = Galaxy(
        float(state.shared[AMPLITUDE] * scale) if has_galaxy else 0.0,
        float(np.exp(ln_radius)),
        float(np.exp(ln_index)),
        e1,
        e2,
        *state.shared[CENTRE].tolist(),
    )
    return {
        "position_px": state.position_px,
        "galaxy": galaxy,
        "nodes_px": fitted.problem.lattice.nodes_px,
        "node_flux": state.node_flux * scale,
        "field_amplitude": np.exp(prior.ln_variance / 2) * _unit(prior, scale),
        "field_galaxy_flux": prior.galaxy_flux * scale,
    }


def _last_scatter(log):
    """Scatter of the lens about the stars, if it was measured."""
    found = [entry["scatter_px"] for entry in log if entry["stage"] == "registered"]
    return found[-1] if found else None


def _lattice(fit):
    """Lattice of a result."""
    return Lattice(fit.nodes_px, fit.node_step_px, fit.node_sigma_px, fit.field_fwhm_px)


def _unit(prior, scale):
    """Units of the amplitudes: those of the flat components are fluxes."""
    return np.where(prior.is_flat, scale, 1.0)
