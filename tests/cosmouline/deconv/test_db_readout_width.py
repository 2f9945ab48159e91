"""Sources drawn with widths that grow with their peaks, before and after the correction."""

from dataclasses import replace
from types import SimpleNamespace

from cosmouline.deconv import db_readout
from cosmouline.deconv.fit_lens import fit_lens
from cosmouline.deconv.options import FitOptions
from cosmouline.deconv.psf_error import width_response
from cosmouline.errors import UserError

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


def test_images_redder_than_their_mean_are_corrected_by_the_response_of_the_fit(
        draw, pictures, monkeypatch):
    epochs, truth = draw(7)
    fit = fit_lens(epochs, truth.position_px, FitOptions())
    content, rows = content_of(epochs)
    # A has 30000 e- in both bands, B 12000 and 12000 / 1.2 in the second
    other = replace(fit, flux=fit.flux / [1.0, 1.2])
    monkeypatch.setattr(db_readout.db_products, "joint_fit", lambda settings: (
        (fit if settings.band == "r" else other), None))
    settings = SimpleNamespace(**vars(SETTINGS), sets=[{"band": "r"}, {"band": "g"}])
    sloped = [row | {"psf_colour_slope__p": -0.02, "psf_colour_slope_sigma__p": 0.004}
              for row in rows]

    colour = db_readout.colours_of_images(settings)
    found = db_readout.colour_correction(fit, content, sloped, settings, colour)

    flux, apart = fit.flux.mean(0), -2.5 * np.log10(1.2)
    assert colour[1] - colour[0] == pytest.approx(apart)
    assert colour @ flux == pytest.approx(0, abs=1e-6 * flux.sum())
    response = width_response(fit, epochs, -0.02 * colour) / flux
    assert found.factor == pytest.approx(np.tile(1 - response, (N_EPOCHS, 1)))
    # a fifth of it is not known by the slope, 30 % by what the stars' own PSF takes of it
    assert found.sigma == pytest.approx(np.hypot(0.2, 0.3) * np.abs(found.factor - 1))
    assert db_readout.colour_correction(fit, content, rows, settings, colour) is None
    assert db_readout.colour_correction(fit, content, sloped, settings, None) is None
    line = db_readout.corrected_line(found, sloped, ["A", "B"], settings)
    assert "stars are wider by -2.00 % for 1 mag of their colour" in line


def test_colours_need_two_bands_with_a_fit(draw, monkeypatch):
    def missing(settings):
        raise UserError("there is no fit.npz")

    epochs, truth = draw(7)
    fit = fit_lens(epochs, truth.position_px, FitOptions())
    one_band = SimpleNamespace(sets=[{"band": "r"}])
    monkeypatch.setattr(db_readout.db_products, "joint_fit", lambda settings: (fit, None))
    assert db_readout.colours_of_images(one_band) is None
    monkeypatch.setattr(db_readout.db_products, "joint_fit", missing)
    assert db_readout.colours_of_images(SimpleNamespace(sets=[{"band": "r"}, {"band": "g"}])
                                        ) is None


def test_corrections_are_joined():
    one = db_readout.WidthCorrection(np.array([[1.02]]), np.array([[0.003]]))
    other = db_readout.WidthCorrection(np.array([[0.99]]), np.array([[0.004]]))

    both = db_readout.joined([one, None, other])

    assert both.factor == pytest.approx(1.02 * 0.99)
    assert both.sigma == pytest.approx(0.005)
    assert db_readout.joined([None, None]) is None
