"""Errors of the fluxes: random, with what is shared propagated, and of their constant part."""

from dataclasses import dataclass

from cosmouline.deconv.cameras import camera_scales
from cosmouline.deconv.evidence import averaged_covariance

import numpy as np

TINY = 1e-300  # instead of the light of the sources where there is none


@dataclass(frozen=True, eq=False)
class FluxErrors:
    """Fluxes and their covariances on the common scale.

    Parameters
    ----------
    flux : ndarray of float, shape (n_epochs, n_sources)
    covariance : ndarray of float, shape (n_epochs, n_sources, n_sources)
        Random: fluxes, sky and shift of the epoch are free, the rest is known.
    covariance_total : ndarray of float, same shape
        With the part of the errors of field, galaxy and positions that differs from epoch to
        epoch.
    systematic_covariance : ndarray of float, shape (n_sources, n_sources)
        Of the constant part, common to all epochs.
    """

    flux: np.ndarray
    covariance: np.ndarray
    covariance_total: np.ndarray
    systematic_covariance: np.ndarray


@dataclass(frozen=True, eq=False)
class _Responses:
    """Changes of the fluxes (n_epochs, n_sources, ...) per unit of what is shared.

    ``nodes``: to the nodes, galaxy and positions following; ``shared``: to the shared parameters;
    ``own``: light of a static PSF error that belongs to the source.
    """

    nodes: np.ndarray
    shared: np.ndarray
    own: np.ndarray

    def mean(self, weight):
        """Weighted mean over the epochs."""
        parts = (self.nodes, self.shared, self.own)
        return _Responses(*(np.einsum("ek,ek...->k...", weight, part) for part in parts))


def flux_errors(fitted):
    """Fluxes and covariances of a finished fit.

    Parameters
    ----------
    fitted : Fitted

    Returns
    -------
    FluxErrors

    Notes
    -----
    With N the equations of the unknowns of one epoch and L, G, X the images of its unknowns, of
    the shared parameters and of the nodes, the fluxes respond to the shared parts by
    t = -N^-1 L^T W (G, X). Their posterior covariance S gives t_mean S t_mean^T for the constant
    part and (t - t_mean) S (t - t_mean)^T beside the random N^-1, t_mean being the mean over the
    epochs with the random errors as weights. The width of the degeneracy between sources and
    galaxy is therefore quoted under the prior that the data chose, where other methods compare
    strengths of a penalty by hand. Two things widen the constant part: the uncertainty of the
    amplitudes of the field (`evidence.averaged_covariance`), and a field that is stronger around a
    source than these amplitudes, which hold for the whole of it, have it: arcs.
    """
    n_sources = fitted.sweep.solution.shape[1] - 1
    scale = fitted.problem.scale
    flux = fitted.sweep.solution[:, :n_sources]
    covariance = fitted.normal.local_covariance[:, :n_sources, :n_sources]
    responses = _responses(fitted, flux)
    inverse = 1 / np.einsum("ekk->ek", covariance)
    mean = responses.mean(inverse / inverse.sum(0))
    extra = _varying(fitted.posterior, responses, mean)
    local = _local_amplitude(fitted.posterior, fitted.state.node_flux)
    systematic = _constant(fitted.posterior, mean, local)
    flux = flux + responses.own @ fitted.posterior.psf_flux
    extra = extra + _of_scales(fitted, n_sources)
    return FluxErrors(
        flux=flux * scale,
        covariance=covariance * scale**2,
        covariance_total=(covariance + extra) * scale**2,
        systematic_covariance=systematic * scale**2,
    )


def _of_scales(fitted, n_sources):
    """Covariance (n_epochs, n_sources, n_sources) from the galaxy's scale in each camera."""
    scales = camera_scales(fitted.problem, fitted.state, fitted.sweep, fitted.normal)
    response = scales.response[:, :n_sources]
    return scales.relative_variance[:, None, None] * response[:, :, None] * response[:, None]


def _responses(fitted, flux):
    """Responses of the fluxes of a fit."""
    n_sources = flux.shape[1]
    normal, posterior = fitted.normal, fitted.posterior
    rows = normal.local_covariance[:, :n_sources]
    shared = -rows @ normal.local_shared
    nodes = -rows @ normal.node_local.swapaxes(1, 2) - shared @ posterior.shared_response
    return _Responses(nodes, shared, _matched_filter(fitted, flux))


def _matched_filter(fitted, flux):
    """Flux that a source gains when the light of a node around it is given back to it."""
    n_sources = flux.shape[1]
    share = fitted.posterior.envelope**2
    share = share / np.maximum(share.sum(0), TINY)
    products = fitted.normal.node_local[:, :, :n_sources].swapaxes(1, 2)
    norm2 = np.einsum("ekk->ek", fitted.sweep.products)[:, :n_sources]
    relative = flux / fitted.problem.mean_flux(flux)
    return products * share * (relative / np.maximum(norm2, TINY))[:, :, None]


def _local_amplitude(posterior, node_flux):
    """Amplitude of the field around each source, relative to its prior; at least 1.

    One step of expectation maximisation from the amplitudes of the evidence, the light of the
    source being the weight: where the data say nothing, it is 1.
    """
    weight = posterior.envelope**2
    found = weight @ (node_flux**2 + np.diag(posterior.node_covariance()))
    expected = weight @ np.diag(posterior.covariance)
    return np.sqrt(np.maximum(found / np.maximum(expected, TINY), 1.0))


def _constant(posterior, mean, local):
    """Covariance of the constant part: field with its PSF errors given back, and the rest."""
    components, modes = posterior.evidence.components, posterior.evidence.modes
    responses = [mean.nodes] * (len(components) - 1) + [mean.nodes + mean.own]
    spread = [part @ to.T for part, to in zip(components, responses, strict=True)]
    field = averaged_covariance(
        posterior.evidence,
        posterior.ln_variance,
        np.array([modes @ part for part in spread]),
        np.array([to @ part for to, part in zip(responses, spread, strict=True)]),
    )
    field *= local[:, None] * local
    return field + mean.shared @ posterior.shared_covariance() @ mean.shared.T


def _varying(posterior, responses, mean):
    """Covariance (n_epochs, n_sources, n_sources) of what differs from the constant part."""
    nodes = responses.nodes - mean.nodes
    shared = responses.shared - mean.shared
    field = nodes @ posterior.node_covariance() @ nodes.swapaxes(1, 2)
    return field + shared @ posterior.shared_covariance() @ shared.swapaxes(1, 2)
