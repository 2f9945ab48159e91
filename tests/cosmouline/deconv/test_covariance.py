"""Errors of the fluxes, against the inverse of the dense equations of all unknowns."""

from dataclasses import replace

from cosmouline.deconv import evidence
from cosmouline.deconv.covariance import flux_errors
from cosmouline.deconv.options import FitOptions
from cosmouline.deconv.residual_light import solve_field
from cosmouline.deconv.sweep import gram_matrix

import numpy as np
import pytest

PSF_FLOOR = 1e-9  # no part of the field is taken for an error of the PSF


def without_psf_part(fitted):
    """The same fit with a prior whose PSF component is empty."""
    amplitude = np.exp(fitted.field_prior.ln_variance / 2)
    amplitude[-1] = PSF_FLOOR
    gram = gram_matrix(fitted.problem, fitted.state)
    posterior = solve_field(
        fitted.problem,
        fitted.state,
        fitted.normal,
        gram,
        fitted.field_prior.with_amplitudes(amplitude),
        FitOptions(psf_floor=PSF_FLOOR),
        optimise=False,
    )
    return replace(fitted, posterior=posterior), gram


def dense_covariance(fitted, gram):
    """Covariance of all fluxes (n_epochs n_sources)^2 from the inverse of all equations."""
    products, on_nodes = fitted.sweep.products, fitted.sweep.node_local
    n_epochs, n_local = len(products), fitted.sweep.solution.shape[1] + 2
    n_shared = products.shape[1] - 1 - n_local
    own = n_epochs * n_local
    shared, nodes = slice(own, own + n_shared), slice(own + n_shared, None)
    dense = np.zeros((own + n_shared + len(gram),) * 2)
    prior = fitted.problem.prior
    for e in range(n_epochs):
        mine = slice(e * n_local, (e + 1) * n_local)
        dense[mine, mine] = products[e, :n_local, :n_local]
        dense[mine, mine] += np.diag([0.0] * (n_local - 2) + [prior.shift_sd[0] ** -2] * 2)
        dense[mine, shared] = products[e, :n_local, n_local:-1]
        dense[mine, nodes] = on_nodes[e][:, :n_local].T
        dense[shared, shared] += products[e, n_local:-1, n_local:-1]
    dense[shared, nodes] = fitted.sweep.node_sums[:, :-1].T
    dense = np.triu(dense) + np.triu(dense, 1).T
    dense[shared, shared] += np.diag(prior.sd**-2)
    covariance = fitted.posterior.covariance
    jitter = 1e-9 * np.diag(covariance).max() * np.eye(len(gram))
    dense[nodes, nodes] = gram + np.linalg.inv(covariance + jitter)
    fluxes = [e * n_local + k for e in range(n_epochs) for k in range(n_local - 3)]
    return np.linalg.inv(dense)[np.ix_(fluxes, fluxes)]


def test_errors_are_those_of_the_dense_inverse(fitted, monkeypatch):
    """Random + propagated = dense; split into constant and varying part by the weighted mean.

    Amplitudes held, and no more light in the nodes than their prior has.
    """
    monkeypatch.setattr(evidence, "REACH_DOWN", 0.0)
    monkeypatch.setattr(evidence, "REACH_UP", 0.0)
    fitted, gram = without_psf_part(fitted)
    n_epochs, n_sources = len(fitted.sweep.chi2), fitted.sweep.solution.shape[1] - 1
    scale2 = fitted.problem.scale**2

    errors = flux_errors(fitted)

    dense = dense_covariance(fitted, gram) * scale2
    random = np.zeros_like(dense)
    for e in range(n_epochs):
        mine = slice(e * n_sources, (e + 1) * n_sources)
        random[mine, mine] = errors.covariance[e]
    weight = 1 / np.einsum("ekk->ek", errors.covariance)
    weight /= weight.sum(0)
    mean = np.concatenate([np.diag(weight[e]) for e in range(n_epochs)], axis=1)
    shared = dense - random
    systematic = mean @ shared @ mean.T
    assert errors.systematic_covariance == pytest.approx(
        systematic, abs=1e-3 * np.diag(systematic).max()
    )
    away = np.eye(len(dense)) - np.tile(mean, (n_epochs, 1))
    varying = away @ shared @ away.T
    for e in range(n_epochs):
        mine = slice(e * n_sources, (e + 1) * n_sources)
        total = errors.covariance[e] + varying[mine, mine]
        assert errors.covariance_total[e] == pytest.approx(total, rel=1e-3, abs=1e-3 * total.max())


def test_a_field_stronger_than_its_prior_around_a_source_widens_its_error(fitted):
    """Nodes around the first source at 5 sigmas of their prior: its part of the field 5 times.

    The part of galaxy and positions stays: the ratio lies between 1 and 5. The other source, 5 px
    away, keeps its error within 20 %.
    """
    fitted, _ = without_psf_part(fitted)
    posterior = fitted.posterior
    none = np.zeros_like(fitted.state.node_flux)
    near = posterior.envelope[0] > 0.5 * posterior.envelope[0].max()
    strong = np.where(near, 5 * np.sqrt(np.diag(posterior.covariance)), 0.0)

    plain, arcs = (
        flux_errors(replace(fitted, state=replace(fitted.state, node_flux=flux)))
        for flux in (none, strong)
    )

    ratio = np.diag(arcs.systematic_covariance) / np.diag(plain.systematic_covariance)
    assert 1.5 < np.sqrt(ratio[0]) < 5
    assert 1 <= np.sqrt(ratio[1]) < 1.2
    assert arcs.covariance_total == pytest.approx(plain.covariance_total)


def test_light_of_a_static_psf_error_goes_back_to_its_source(fitted):
    """A node at the place of a source has nearly its image: the source gains nearly its flux."""
    source = fitted.state.position_px[0]
    nearest = np.argmin(((fitted.problem.lattice.nodes_px - source) ** 2).sum(1))
    psf_flux = np.zeros_like(fitted.posterior.psf_flux)
    plain = flux_errors(replace(fitted, posterior=replace(fitted.posterior, psf_flux=psf_flux)))
    psf_flux[nearest] = 1.0

    given = flux_errors(replace(fitted, posterior=replace(fitted.posterior, psf_flux=psf_flux)))

    gain = (given.flux - plain.flux) / fitted.problem.scale
    relative = plain.flux[:, 0] / plain.flux[:, 0].mean()
    assert np.all((gain[:, 0] / relative > 0.6) & (gain[:, 0] / relative < 1))
    assert np.abs(gain[:, 1]).max() < 0.05


def with_light_under_the_first_source(fitted, fraction):
    """The same fit with a node at the first source that has a fraction of its flux."""
    source = fitted.state.position_px[0]
    nearest = np.argmin(((fitted.problem.lattice.nodes_px - source) ** 2).sum(1))
    node_flux = np.zeros_like(fitted.state.node_flux)
    node_flux[nearest] = fraction * fitted.sweep.solution[:, 0].mean()
    return replace(fitted, state=replace(fitted.state, node_flux=node_flux),
                   field_prior=replace(fitted.field_prior,
                                       galaxy_flux=np.zeros_like(node_flux)))


def test_negative_light_under_a_source_is_given_back_to_it(fitted):
    """The star of a PSF that does not fit: too much flux, and as much negative light under it."""
    none, positive, negative = (
        flux_errors(with_light_under_the_first_source(fitted, part)) for part in (0.0, 0.9, -0.9))

    assert (none.given_back == 0).all()
    assert (positive.given_back == 0).all()
    assert positive.flux == pytest.approx(none.flux)
    # the image of a node is nearly that of a source (0.6 to 1 of it, as above)
    assert -0.9 < negative.given_back[0] < -0.6 * 0.9
    assert negative.given_back[1] == 0
    lost = negative.flux[:, 0] / none.flux[:, 0] - 1
    assert lost == pytest.approx(negative.given_back[0], rel=0.1)
    assert negative.flux[:, 1] == pytest.approx(none.flux[:, 1])


def test_negative_light_within_its_error_stays(fitted):
    least = np.sqrt(fitted.posterior.node_covariance().diagonal().min())
    small = -0.1 * least / fitted.sweep.solution[:, 0].mean()

    errors = flux_errors(with_light_under_the_first_source(fitted, small))

    assert (errors.given_back == 0).all()
