"""Sources drawn with widths that grow with their peaks, before and after the correction."""

from dataclasses import replace
from types import SimpleNamespace

from cosmouline.deconv import db_readout
from cosmouline.deconv.fit_lens import fit_lens
from cosmouline.deconv.options import FitOptions

import numpy as np
import pytest

SETTINGS = SimpleNamespace(psf_name="p", dec_name="d")
SKY_E = 20.0
FLUX = np.array([1.2e5, 8e3])
STARS_E = 8e3  # peak of the stars whose width the PSF has
PLACES = ((-9.0, 0.6), (8.0, -1.1))  # far apart: nothing but the width moves a flux
N_EPOCHS = 6


def drawn(draw, pictures, growth, noise=False, seed=1, flux=FLUX, places=PLACES):
    """Epochs of two sources; widths grow by `growth` at a peak of 30000 e-. Also their truth."""
    epochs, truth = draw(seed, N_EPOCHS, 40, flux, places, galaxy_flux=0.0, noise=False,
                         sky_sigma_e=SKY_E)
    rng, data = np.random.default_rng(seed), []
    for e, sigma in enumerate(truth.sigma_px):
        model = 0.0
        for flux, place in zip(truth.flux[e], places, strict=True):
            light = flux / epochs.coeff[e] * pictures["star_image"](40, (0.0, 0.0), sigma)
            wider = 1 + growth * (light.max() - STARS_E) / 3e4
            model = model + flux / epochs.coeff[e] * pictures["star_image"](
                40, place + truth.shift_px[e], sigma * wider)
        data.append(model + noise * rng.normal(size=model.shape) * np.sqrt(SKY_E**2 + model))
    return replace(epochs, data_e=np.array(data)), truth


def content_of(epochs):
    """An epoch file, and rows of its images without a slope."""
    names = [f"i{k}" for k in range(len(epochs))]
    return SimpleNamespace(epochs=epochs, names=names), [{"img_name": name} for name in names]


def with_slope(rows, growth, sigma=0.0):
    """Rows with what the stars show."""
    return [row | {"psf_peak_slope__p": growth / 3e4, "psf_peak_slope_sigma__p": sigma / 3e4,
                   "psf_peak_e__p": STARS_E} for row in rows]


@pytest.mark.parametrize("growth", [0.01, 0.03])
def test_bright_and_faint_sources_are_off_before_and_right_after(growth, draw, pictures):
    epochs, truth = drawn(draw, pictures, growth)
    fit = fit_lens(epochs, truth.position_px, FitOptions(extended_light="none",
                                                         frees_width=False))
    content, rows = content_of(epochs)

    found = db_readout.width_correction(fit, content, with_slope(rows, growth), SETTINGS)

    before = (fit.flux / truth.flux).mean(0) - 1
    after = (fit.flux * found.factor / truth.flux).mean(0) - 1
    # the faint one is narrower than the PSF by growth x 8000 / 30000, under the noise of the sky
    assert before[1] == pytest.approx(growth * 0.25, rel=0.4)
    assert np.abs(before).max() > 0.2 * growth
    assert np.abs(after).max() < 0.04 * growth
    # a slope that is known to the last digit: what blended light makes of it is left
    assert (found.sigma >= 0.299 * np.abs(found.factor - 1)).all()
    assert (found.sigma <= 1.001 * np.abs(found.factor - 1)).all()


def test_images_on_a_galaxy_are_off_by_more_and_right_within_what_is_said(draw, pictures):
    """3 % at 30000 e-; galaxy and residual light take part in it: 1 % becomes .4 %."""
    epochs, truth = drawn(draw, pictures, 0.03, flux=(6e4, 2e4), places=((-2.6, 0.6), (2.9, -1.1)))
    galaxy = [2e4 * pictures["sersic_image"](40, shift, sigma, 2.5, 2.0, np.eye(2)) / coeff
              for shift, sigma, coeff in zip(truth.shift_px, truth.sigma_px, epochs.coeff,
                                             strict=True)]
    epochs = replace(epochs, data_e=epochs.data_e + np.array(galaxy))
    fit = fit_lens(epochs, truth.position_px, FitOptions())
    content, rows = content_of(epochs)

    found = db_readout.width_correction(fit, content, with_slope(rows, 0.03), SETTINGS)

    before = (fit.flux / truth.flux).mean(0) - 1
    after = (fit.flux * found.factor / truth.flux).mean(0) - 1
    assert (before > 0.01).all()
    assert (np.abs(after) < 0.4 * before).all()
    assert (np.abs(after) < 1.5 * found.sigma.mean(0)).all()


def test_a_set_without_the_effect_is_left_alone(draw, pictures):
    epochs, truth = drawn(draw, pictures, 0.0)
    fit = fit_lens(epochs, truth.position_px, FitOptions(extended_light="none"))

    assert db_readout.width_correction(fit, *content_of(epochs), SETTINGS) is None


def test_images_of_one_camera_alone_are_corrected_with_the_error_of_the_slope(draw, pictures):
    epochs, truth = drawn(draw, pictures, 0.0)
    fit = fit_lens(epochs, truth.position_px, FitOptions(extended_light="none"))
    content, rows = content_of(epochs)
    rows = [*with_slope(rows[:2], 0.03, 0.006), *rows[2:]]

    found = db_readout.width_correction(fit, content, rows, SETTINGS)

    assert (found.factor[2:] == 1).all()
    assert (found.sigma[2:] == 0).all()
    np.testing.assert_allclose(found.sigma[:2],
                               np.hypot(0.2, 1.0) * np.abs(found.factor[:2] - 1))
    assert "stars are wider by 1.00 % for 10000 e- of their peak" in db_readout.corrected_line(
        found, rows, ["A", "B"], SETTINGS)
