"""Joint fits with STARRED of epochs of known truth, and beside our own fit."""

from dataclasses import replace

from cosmouline.deconv.fit_lens import fit_lens
from cosmouline.deconv.io_fit import read_fit, write_fit
from cosmouline.deconv.options import FitOptions
from cosmouline.deconv.picture import model_images
from cosmouline.deconv.point_sources import as_sources
from cosmouline.deconv.starred import fit as starred_fit
from cosmouline.deconv.starred.fit import fit_starred
from cosmouline.psf.model import TARGET_SIGMA_SMALL

import numpy as np
import pytest

OPTIONS = FitOptions(sky_sigma_factor=1.0)


@pytest.fixture(scope="module")
def lens(lens_epochs):
    """Six epochs of two sources and a galaxy: epochs, truth, the fit of STARRED."""
    epochs, truth = lens_epochs(2)
    told = []
    fit = fit_starred(epochs, truth.position_px + 0.1, OPTIONS, told.append)
    assert fit.log == told
    return epochs, truth, fit


def variations(fit, truth):
    """Errors of what varies, in units of the quoted ones: the mean of each source taken off."""
    mean = (fit.flux / truth.flux).mean(0)
    return (fit.flux - truth.flux * mean) / fit.flux_sigma


def test_fluxes_against_the_truth(lens):
    _, truth, fit = lens

    # five degrees of freedom of two sources: chi2 of 10 +- 4.5
    assert (variations(fit, truth) ** 2).sum() < 10 + 5 * 4.5
    # only the penalties know the constant part: six simulations are wrong by 4 % rms, 8 % at most
    assert (fit.flux / truth.flux).mean(0) == pytest.approx(np.ones(2), abs=0.12)
    assert fit.chi2_reduced == pytest.approx(np.ones(6), abs=5 * np.sqrt(2 / 32**2))
    assert fit.convergence < OPTIONS.convergence_sigma
    assert fit.n_iterations == 300


def test_the_galaxy_is_in_the_pixels_of_the_background(lens):
    _, truth, fit = lens

    assert fit.node_flux.sum() == pytest.approx(truth.galaxy_flux, rel=0.12)
    centre = (fit.nodes_px * fit.node_flux[:, None]).sum(0) / fit.node_flux.sum()
    assert centre - fit.position_px.mean(0) == pytest.approx(
        truth.galaxy_px - truth.position_px.mean(0), abs=0.3)
    assert (fit.node_step_px, fit.node_sigma_px) == (0.5, TARGET_SIGMA_SMALL / 2)
    assert not fit.has_galaxy
    assert fit.galaxy.flux == 0


@pytest.mark.parametrize("margin_fwhm", [1.0, 50.0])
def test_the_pixels_of_the_background_are_in_a_disc_and_inside_the_stamp(
        lens_epochs, monkeypatch, margin_fwhm):
    """Half a pixel apart, so far from the sources, and within the middles of the edge pixels."""
    epochs, truth = lens_epochs(2)
    found = {}
    monkeypatch.setattr(starred_fit, "_solve", lambda pixels, lattice, *given: found.update(
        nodes_px=lattice.nodes_px, step_px=lattice.step_px))
    options = replace(OPTIONS, field_margin_fwhm=margin_fwhm)

    starred_fit._start_of(epochs, as_sources(truth.position_px, len(epochs)), options,
                          lambda *_, **__: None)

    side_px, places = epochs.data_e.shape[-1], np.arange(-32, 32.1, 0.5)
    x, y = np.meshgrid(places, places)
    edge = (side_px - 1) / 2
    inside = (np.abs(x) < edge) & (np.abs(y) < edge)
    if margin_fwhm > 1:
        assert len(found["nodes_px"]) == inside.sum()
    else:
        centre = truth.position_px.mean(0)
        radius = np.hypot(*(truth.position_px - centre).T).max() + np.median(epochs.fwhm_px)
        expected = (np.hypot(x - centre[0], y - centre[1]) <= radius).sum()
        # the positions are found to some .01 px of a radius of 7
        assert len(found["nodes_px"]) == pytest.approx(expected, rel=0.05)
    assert np.abs(found["nodes_px"]).max() < edge
    assert found["step_px"] == 0.5


def test_light_that_no_galaxy_has_is_found(lens_epochs):
    epochs, truth = lens_epochs(3, second_flux=20000.0)

    fit = fit_starred(epochs, truth.position_px, OPTIONS)

    assert fit.n_iterations == 500  # the galaxy of the start does not fit
    assert fit.node_flux.sum() == pytest.approx(40000, rel=0.12)
    assert (fit.flux / truth.flux).mean(0) == pytest.approx(np.ones(2), abs=0.12)
    assert fit.chi2_reduced.mean() == pytest.approx(1, abs=5 * np.sqrt(2 / 6 / 32**2))


def test_errors_are_those_of_our_own_fit_and_the_constant_part_is_not_known(lens):
    epochs, truth, fit = lens

    own = fit_lens(epochs, truth.position_px + 0.1, OPTIONS)

    scale = np.sqrt(np.einsum("ej,ek->ejk", *(np.einsum("ekk->ek", own.covariance),) * 2))
    assert fit.covariance / scale == pytest.approx(own.covariance / scale, abs=0.05)
    assert np.isnan(fit.systematic_covariance).all()
    assert (fit.covariance_total == fit.covariance).all()
    change = fit.flux / own.flux
    assert change / change.mean(0) == pytest.approx(np.ones((6, 2)), abs=0.01)  # same noise
    assert change.mean(0) == pytest.approx(np.ones(2), abs=0.12)


def test_the_error_of_a_flux_is_the_full_inverse_of_its_epoch(lens_epochs):
    close = (-1.2, 0.3), (1.3, -0.5)  # .7 of the mean FWHM
    epochs, truth = lens_epochs(5, galaxy_flux=0.0, position_px=close)

    fit = fit_starred(epochs, truth.position_px, OPTIONS)

    # derivatives of the stars to the fluxes, the sky and the shift of each epoch, where the fit
    # has them: the correlation is steep in their distance
    for e, width in enumerate(truth.sigma_px):
        x, y = (np.arange(32) - 15.5 - at[:, None]
                for at in (fit.position_px + fit.shift_px[e]).T)
        x, y, sigma2 = x[:, None], y[:, :, None], width**2 + 1 / 12  # with that of a pixel
        stars = np.exp(-0.5 * (x**2 + y**2) / sigma2) / (2 * np.pi * sigma2)
        slopes = (np.tensordot(fit.flux[e], stars * along / sigma2, 1) for along in (x, y))
        columns = [*stars, np.ones((32, 32)), *slopes]
        scene = np.tensordot(fit.flux[e], stars, 1)
        weight = 1 / (epochs.coeff[e] ** 2 * epochs.sky_variance_e2[e]
                      + epochs.coeff[e] * scene)
        matrix = np.einsum("kij,lij,ij->kl", columns, columns, weight)
        expected = np.linalg.inv(matrix)[:2, :2]
        scale = np.sqrt(np.multiply.outer(np.diag(expected), np.diag(expected)))
        # a Gaussian of a larger sigma for its integral over a pixel
        assert fit.covariance[e] / scale == pytest.approx(expected / scale, abs=0.04)
        # without the correlation the errors would be too small
        assert (np.diag(expected) * np.diag(matrix)[:2] > 1.5).all()
    assert (variations(fit, truth) ** 2).sum() < 10 + 5 * 4.5
    assert (fit.flux / truth.flux).mean(0) == pytest.approx(np.ones(2), abs=0.05)


def test_turned_and_mirrored_epochs_and_one_that_is_masked(lens_epochs):
    angles = np.radians([0.0, 180.0, 0.0, 2.0, 90.0, -8.0, 0.5])
    linear = np.array([[[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]] for t in angles])
    linear[6] = linear[6] @ np.diag([-1.0, 1.0])
    epochs, truth = lens_epochs(4, linear, n_epochs=7)
    epochs.good[2] = False

    fit = fit_starred(epochs, truth.position_px + 0.1, OPTIONS)

    assert np.flatnonzero(~fit.measured).tolist() == [2]
    assert np.isnan(fit.covariance[2]).all()
    kept = np.arange(7) != 2
    ratio = fit.flux[kept] / truth.flux[kept]
    pull = (ratio / ratio.mean(0) - 1) * (truth.flux / fit.flux_sigma)[kept]
    assert (pull**2).sum() < 10 + 5 * 4.5
    assert ratio.mean(0) == pytest.approx(np.ones(2), abs=0.12)


def test_points_alone(lens):
    epochs, truth, _ = lens

    fit = fit_starred(epochs, truth.position_px, replace(OPTIONS, extended_light="none"))

    assert len(fit.node_flux) == 0
    assert (fit.flux.sum(1) / truth.flux.sum(1)).mean() > 1.15  # they take the galaxy's light


def test_a_stored_fit_draws_the_model_again(lens, tmp_path):
    epochs, _, fit = lens
    write_fit(tmp_path / "fit.npz", fit, np.zeros_like(fit.flux))

    again, _ = read_fit(tmp_path / "fit.npz")
    points, extended, sky = model_images(again, epochs)

    model_e = (points + extended + sky[:, None, None]) / epochs.coeff[:, None, None]
    chi2 = np.where(fit.good, (epochs.data_e - model_e) ** 2 / fit.variance_e2, 0).sum((1, 2))
    assert chi2 / fit.good.sum((1, 2)) == pytest.approx(fit.chi2_reduced, rel=1e-6)
    assert extended[0].sum() == pytest.approx(fit.node_flux.sum(), rel=0.01)


def test_stages_are_told(lens):
    last = lens[2].log[-1]

    assert [entry["stage"] for entry in lens[2].log[-2:]] == ["starred", "starred"]
    assert last["change_sigma"] == lens[2].convergence
    assert last["chi2"] == pytest.approx(lens[2].chi2_reduced.mean(), rel=0.02)


def test_a_stretched_epoch_is_refused(lens_epochs):
    epochs, truth = lens_epochs(1)
    epochs.linear[3] *= 1.02

    with pytest.raises(ValueError, match="epoch 3 is stretched against the reference"):
        fit_starred(epochs, truth.position_px, OPTIONS)
