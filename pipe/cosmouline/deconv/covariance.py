"""Errors of the fluxes: random, with what is shared propagated, and of their constant part."""

from dataclasses import dataclass

from cosmouline.deconv.cameras import camera_scales, camera_widths
from cosmouline.deconv.evidence import averaged_covariance

import numpy as np

NEGATIVE_SIGMA = 3.0  # errors by which galaxy and field under a source are below zero
TINY = 1e-300  # instead of the light of the sources where there is none


@dataclass(frozen=True, eq=False)
class FluxErrors:
    """Fluxes (n_epochs, n_sources) and their covariances on the common scale.

    `covariance` (n_epochs, n_sources, n_sources) is random: fluxes, sky and shift of the epoch are
    free, the rest is known. `covariance_total` has also that part of the errors of field, galaxy
    and positions that differs from epoch to epoch; `systematic_covariance` (n_sources, n_sources)
    is that of the constant part, common to all epochs. `given_back` (n_sources,) is negative light
    under each source that was taken for an error of the PSF, relative to its flux; 0: none.
    """

    flux: np.ndarray
    covariance: np.ndarray
    covariance_total: np.ndarray
    systematic_covariance: np.ndarray
    given_back: np.ndarray | float = 0.0


def flux_errors(fitted):
    """Return the `FluxErrors` of a `Fitted`.

    Notes
    -----
    With N the equations of the unknowns of one epoch and L, G, X the images of its unknowns, of
    the shared parameters and of the nodes, the fluxes respond to the shared parts by
    t = -N^-1 L^T W (G, X). Their posterior covariance S gives t_mean S t_mean^T for the constant
    part and, in addition to the random N^-1, (t - t_mean) S (t - t_mean)^T, t_mean being the mean
    over the epochs with the random errors as weights. The width of the degeneracy between sources
    and galaxy is therefore quoted under the prior that the data chose, where other methods compare
    strengths of a penalty by hand. Two things widen the constant part: the uncertainty of the
    amplitudes of the field (`evidence.averaged_covariance`), and a field that is stronger around a
    source than these amplitudes, which hold for all of it, have it: arcs. Light under a source
    that is negative by more than three of its errors is given back to the source.
    """
    n_sources = fitted.sweep.solution.shape[1] - 1
    scale, normal, posterior = fitted.problem.scale, fitted.normal, fitted.posterior
    flux = fitted.sweep.solution[:, :n_sources]
    rows = normal.local_covariance[:, :n_sources]
    covariance = rows[:, :, :n_sources]
    # Responses t to the shared parameters, and to the nodes, the shared parameters following
    shared = -rows @ normal.local_shared
    nodes = -rows @ normal.node_local.swapaxes(1, 2) - shared @ posterior.shared_response
    # Light of a static PSF error in the nodes around a source, given back to it: matched filter
    light = posterior.envelope**2
    fraction = light / np.maximum(light.sum(0), TINY)
    products = normal.node_local[:, :, :n_sources].swapaxes(1, 2)
    norm2 = np.einsum("ekk->ek", fitted.sweep.products)[:, :n_sources]
    relative = flux / fitted.problem.mean_flux(flux)
    own = products * fraction * (relative / np.maximum(norm2, TINY))[:, :, None]
    # t_mean
    inverse = 1 / np.einsum("ekk->ek", covariance)
    weight = inverse / inverse.sum(0)
    mean_nodes, mean_shared, mean_own = (
        np.einsum("ek,ek...->k...", weight, part) for part in (nodes, shared, own))
    # Light is not negative: where galaxy and field under a source are, the PSF is wrong, and the
    # source has that light too much
    node_covariance, shared_covariance = posterior.node_covariance(), posterior.shared_covariance()
    light_flux = fitted.state.node_flux - posterior.psf_flux + fitted.field_prior.galaxy_flux
    under, under2 = mean_own @ light_flux, np.diag(mean_own @ node_covariance @ mean_own.T)
    is_negative = under < -NEGATIVE_SIGMA * np.sqrt(under2)
    given_back = own @ light_flux * is_negative
    # What differs from epoch to epoch; scale of the galaxy and width of the images by camera
    away_nodes, away_shared = nodes - mean_nodes, shared - mean_shared
    extra = away_nodes @ node_covariance @ away_nodes.swapaxes(1, 2)
    extra = extra + away_shared @ shared_covariance @ away_shared.swapaxes(1, 2)
    given = fitted.problem, fitted.state, fitted.sweep, normal
    for _, variance, response in (camera_scales(*given), camera_widths(*given)):
        by_flux = response[:, :n_sources]
        extra = extra + variance[:, None, None] * by_flux[:, :, None] * by_flux[:, None]
    # Constant part of the field under uncertain amplitudes; the last component is the PSF's
    components, modes = posterior.evidence.components, posterior.evidence.modes
    responses = [mean_nodes] * (len(components) - 1) + [mean_nodes + mean_own]
    spread = [part @ to.T for part, to in zip(components, responses, strict=True)]
    systematic = averaged_covariance(
        posterior.evidence,
        posterior.ln_variance,
        np.array([modes @ part for part in spread]),
        np.array([to @ part for to, part in zip(responses, spread, strict=True)]),
    )
    # Amplitude around each source relative to the prior, 1 at least: one step of expectation
    # maximisation with the light of the source as weight; where the data know nothing, it is 1
    found = light @ (fitted.state.node_flux**2 + np.diag(node_covariance))
    expected = light @ np.diag(posterior.covariance)
    local = np.sqrt(np.maximum(found / np.maximum(expected, TINY), 1.0))
    systematic *= local[:, None] * local
    systematic = systematic + mean_shared @ shared_covariance @ mean_shared.T
    return FluxErrors(
        flux=(flux + own @ posterior.psf_flux + given_back) * scale,
        covariance=covariance * scale**2,
        covariance_total=(covariance + extra) * scale**2,
        systematic_covariance=systematic * scale**2,
        given_back=is_negative * under / fitted.problem.mean_flux(flux),
    )
