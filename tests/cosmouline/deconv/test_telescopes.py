"""Two telescopes in one model: .21 and .30 arcsec per pixel; mirrored, and turned by 90 deg."""

from cosmouline.deconv.find_sources import find_sources
from cosmouline.deconv.fit_lens import fit_lens
from cosmouline.deconv.options import FitOptions
from cosmouline.deconv.picture import deconvolved_image, model_images

import numpy as np
import pytest

OPTIONS = FitOptions(sky_sigma_factor=1.0, node_step_fwhm=0.6)
SCALE = 0.21 / 0.30  # pixels of the second per pixel of the first, which is the reference
MAPS = np.array(2 * [np.eye(2)] + 2 * [SCALE * np.diag([-1, 1])]
                + [np.array([[0, -SCALE], [SCALE, 0]])])
PLACES = np.array([(-4.0, 0.9), (4.4, -1.7)])


@pytest.fixture(scope="module")
def two(draw):
    """Five epochs; a second camera of a third of the light per exposure."""
    coeff = np.where(np.arange(5) < 2, 1.0, 3.0)
    epochs, truth = draw(seed=51, n_epochs=5, position_px=PLACES, linear=MAPS, galaxy_flux=30000,
                         flux=(60000, 24000), relative_coeff=coeff, sky_sigma_e=12.0)
    return epochs, truth, fit_lens(epochs, PLACES + 0.1, OPTIONS)


def test_fluxes_are_on_one_scale(two):
    """Mean deviation of each telescope within the errors, and of one against the other."""
    _, truth, fit = two
    away = fit.flux - truth.flux

    pull = (away - away.mean(0)) / fit.flux_sigma
    assert np.sqrt((pull**2).mean() * 5 / 4) == pytest.approx(1, abs=5 * 0.25)  # 8 free deviations
    constant = np.hypot(fit.flux_systematic, fit.flux_sigma.mean(0) / np.sqrt(5))
    assert np.abs(away.mean(0) / constant).max() < 4
    error = np.sqrt((fit.flux_sigma[:2] ** 2).mean(0) / 2 + (fit.flux_sigma[2:] ** 2).mean(0) / 3)
    assert np.abs((away[:2].mean(0) - away[2:].mean(0)) / error).max() < 4
    assert fit.ended == "converged"
    assert fit.chi2_reduced == pytest.approx(1, abs=5 * np.sqrt(2 / 1024))


def test_the_lattice_is_in_pixels_of_the_reference(two):
    epochs, _, fit = two

    seeing = np.percentile(epochs.fwhm_px / np.where(np.arange(5) < 2, 1, SCALE), 25)
    assert fit.field_fwhm_px == pytest.approx(seeing)
    assert epochs.fwhm_reference_px[:2] == pytest.approx(epochs.fwhm_px[:2])


def test_pictures_have_the_sources_where_they_were_drawn(two):
    epochs, truth, fit = two

    points, extended, sky = model_images(fit, epochs)
    model = (points + extended + sky[:, None, None]) / epochs.coeff[:, None, None]
    residual = (epochs.data_e - model) / np.sqrt(fit.variance_e2)
    assert np.sqrt(np.mean(residual[fit.good] ** 2)) == pytest.approx(1, abs=0.03)
    for e in (0, 2, 4):
        row, column = np.unravel_index(np.argmax(points[e]), points[e].shape)
        place = PLACES[0] @ MAPS[e].T + truth.shift_px[e] + 15.5
        assert (column, row) == pytest.approx(tuple(place), abs=1.0)
    _, background = deconvolved_image(fit, (32, 32), 4)
    assert background.sum() == pytest.approx(30000, rel=0.1)


def test_the_sources_are_found_on_both(two):
    epochs, _, _ = two

    found = find_sources(epochs.take([1, 3, 4]), 2)

    assert found == pytest.approx(PLACES, abs=0.5)
