"""Pictures of a fit."""

from dataclasses import replace

from cosmouline.deconv.picture import bare_images, deconvolved_image, model_images

import numpy as np
import pytest


def test_models_leave_noise(lens):
    """Values of chi2 per pixel of six stamps of 1024: 1 +- .02; sky of 3 e- comes out."""
    epochs, _, fit = lens

    points, extended, sky = model_images(fit, epochs)

    unit = 1 / epochs.coeff[:, None, None]
    residual = epochs.data_e - (points + extended + sky[:, None, None]) * unit
    chi2 = (residual**2 / fit.variance_e2)[fit.good].mean()
    assert chi2 == pytest.approx(1, abs=5 * np.sqrt(2 / fit.good.sum()))
    assert sky == pytest.approx(fit.sky)
    assert points.sum((1, 2)) == pytest.approx(fit.flux.sum(1), rel=0.01)
    assert extended.sum((1, 2)) == pytest.approx(20000, rel=0.1)
    assert (sky * unit[:, 0, 0]).mean() == pytest.approx(3, abs=5 * 20 / np.sqrt(6 * 1024) + 1)


def test_models_without_the_field_are_those_of_a_fit_that_has_none(lens):
    epochs, _, fit = lens

    found = bare_images(fit, epochs)

    points, extended, sky = model_images(replace(fit, node_flux=0 * fit.node_flux), epochs)
    assert found == pytest.approx(points + extended + sky[:, None, None], rel=1e-12, abs=1e-9)
    assert abs(found - sum(model_images(fit, epochs)[:2])).max() > 1


def test_unmeasured_epochs_have_no_model(lens):
    epochs, _, fit = lens
    flux = fit.flux.copy()
    flux[2] = np.nan

    points, extended, sky = model_images(replace(fit, flux=flux), epochs)

    assert np.isnan(points[2]).all()
    assert np.isnan(extended[2]).all()
    assert np.isnan(sky).tolist() == [False, False, True, False, False, False]


def test_other_epochs_are_refused(lens):
    epochs, _, fit = lens

    with pytest.raises(ValueError, match="epochs must be those of the fit"):
        model_images(fit, epochs.take(np.arange(3)))


def test_scene_holds_the_fluxes_at_their_places(lens):
    _, _, fit = lens

    scene, background = deconvolved_image(fit, (30, 40), 3)

    points = scene - background
    assert scene.shape == (90, 120)
    assert points.sum() == pytest.approx(fit.flux.mean(0).sum(), rel=1e-3)
    assert background.min() >= 0
    assert background.sum() == pytest.approx(20000, rel=0.1)
    brightest = np.unravel_index(np.argmax(points), points.shape)
    x, y = (brightest[1] + 0.5) / 3 - 20, (brightest[0] + 0.5) / 3 - 15
    assert [x, y] == pytest.approx(fit.position_px[0], abs=0.5 / 3 + 1e-6)
    half = points[:, 60:].sum(), points[:, :60].sum()  # the second source is on the right
    assert half == pytest.approx(fit.flux.mean(0)[::-1], rel=0.01)


def test_the_background_is_the_galaxy_and_the_field(lens):
    """Nodes of 100 each, all inside the region: their sum more than the galaxy alone."""
    fit = lens[2]
    nodes = np.full(len(fit.node_flux), 100.0)

    bare, full = (deconvolved_image(replace(fit, node_flux=one), (80, 80), 2)
                  for one in (0 * nodes, nodes))

    for without, with_field in zip(bare, full, strict=True):
        assert (with_field - without).sum() == pytest.approx(nodes.sum(), rel=1e-6)
