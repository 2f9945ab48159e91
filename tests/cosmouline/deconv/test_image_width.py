"""Width of the images of a lens against that of the stars: planted ones are found."""

from dataclasses import replace

from cosmouline.deconv import fit_lens as module
from cosmouline.deconv.fit_lens import fit_lens
from cosmouline.deconv.options import FitOptions
from cosmouline.deconv.problem import WIDTH
from cosmouline.deconv.result import LensFit

import numpy as np
import pytest

OPTIONS = FitOptions(sky_sigma_factor=1.0)


def of_width(draw, pictures, width, seed=1, **choices):
    """Epochs whose PSFs are those of stars that the images are wider than by `width`."""
    epochs, truth = draw(seed=seed, **choices)
    side = epochs.data_e.shape[-1]
    psf = [pictures["narrow_psf"](side, sigma / (1 + width), 2) for sigma in truth.sigma_px]
    return replace(epochs, psf=np.array(psf)), truth


@pytest.mark.parametrize("seed", [1, 2])
def test_narrow_images_get_their_width_and_keep_their_flux(draw, pictures, seed):
    epochs, truth = of_width(draw, pictures, -0.03, seed, n_epochs=10)

    held, fit = (fit_lens(epochs, truth.position_px, replace(OPTIONS, frees_width=frees))
                 for frees in (False, True))

    bias, biased = ((np.mean(one.flux / truth.flux, axis=0) - 1) for one in (fit, held))
    error = fit.flux_systematic / truth.flux.mean(0)
    sigma = fit.found_width["sigma"]
    assert fit.image_width == pytest.approx(-0.03, abs=4 * sigma)  # at rest: its random error
    assert sigma < 0.01
    # held, the PSF is too wide: the matched filter takes more light, 2 w for a Gaussian
    assert (biased > 0.03).all()
    assert (np.abs(bias) < 3 * error + 0.003).all()
    assert np.abs(bias).mean() < biased.mean() / 3


@pytest.mark.long
def test_wide_images_are_held_and_their_change_is_a_systematic_error(draw, pictures):
    epochs, truth = of_width(draw, pictures, 0.03)
    right, _ = draw(seed=1)

    fit, plain = (fit_lens(one, truth.position_px, OPTIONS) for one in (epochs, right))

    found = fit.found_width
    assert fit.image_width == 0.0
    assert found["width"] == pytest.approx(0.03, abs=4 * found["sigma"])
    assert found["width"] > 3 * found["sigma"]
    bias = np.mean(fit.flux / truth.flux, axis=0) - 1
    error = fit.flux_systematic / truth.flux.mean(0)
    assert (bias < -0.02).all()
    assert (np.abs(bias) < 2 * error).all()
    assert (fit.flux_systematic > 2 * plain.flux_systematic).all()
    # with the right PSF nothing is found, and nothing is in the log but the numbers
    found = plain.found_width
    assert abs(found["width"]) < 3 * found["sigma"]
    assert plain.image_width == 0.0


def test_a_wide_star_gets_its_width_where_no_light_is_fitted(draw, pictures):
    epochs, truth = of_width(draw, pictures, 0.03, flux=(30000.0,), position_px=((0.2, -0.3),),
                             galaxy_flux=0)
    points = replace(OPTIONS, extended_light="none")

    held, fit = (fit_lens(epochs, truth.position_px, replace(points, frees_width=frees))
                 for frees in (False, True))

    # under the noise of the sky a PSF too narrow by w misses w of a Gaussian, less if bright;
    # sky of 20 e- and some 25 pixels: an error of .7 % in an epoch, of .3 % in the mean of six
    bias, biased = (np.mean(one.flux / truth.flux) - 1 for one in (fit, held))
    assert fit.image_width == pytest.approx(0.03, abs=4 * fit.found_width["sigma"])
    assert -0.03 < biased < -0.01
    assert abs(bias) < 0.009


@pytest.mark.long
def test_each_camera_has_the_width_of_its_images(draw, pictures):
    """1 and 5 % narrower than the stars in two cameras of five epochs."""
    epochs, truth = draw(seed=4, n_epochs=10)
    side, widths = epochs.data_e.shape[-1], np.repeat([-0.01, -0.05], 5)
    psf = [pictures["narrow_psf"](side, sigma / (1 + width), 2)
           for sigma, width in zip(truth.sigma_px, widths, strict=True)]
    epochs = replace(epochs, psf=np.array(psf), camera=np.repeat([0, 3], 5))

    fit, blind = (fit_lens(one, truth.position_px, OPTIONS)
                  for one in (epochs, replace(epochs, camera=None)))

    # the error of a camera is that of all, of half of the epochs; and what the two share
    found = fit.image_width + fit.camera_width
    assert found == pytest.approx(widths, abs=4 * 2 * fit.found_width["sigma"])
    assert (blind.camera_width == 0).all()
    step, missed = ((np.subtract(*(one.flux / truth.flux).reshape(2, 5, -1).mean(1)))
                    for one in (fit, blind))
    error = np.sqrt(2 / 5) * (fit.flux_sigma / truth.flux).mean(0)
    assert (np.abs(step) < 4 * error).all()
    assert np.abs(missed).mean() > 0.02  # 2 w of a Gaussian
    # what a camera does not know of its width is in the random errors
    assert fit.flux_sigma.mean() > blind.flux_sigma.mean()


@pytest.mark.long
def test_more_epochs_go_on_with_the_width(draw, pictures):
    epochs, truth = of_width(draw, pictures, -0.03, n_epochs=8)
    first = fit_lens(epochs.take(np.arange(6)), truth.position_px, OPTIONS)
    arrays, header = first.to_arrays()

    fit = fit_lens(epochs, truth.position_px, OPTIONS,
                   warm=LensFit.from_arrays(arrays, header))

    sigma = fit.found_width["sigma"]
    assert fit.prior_sd[WIDTH] == OPTIONS.image_width_sd
    assert fit.image_width == pytest.approx(first.image_width, abs=2 * sigma)
    assert fit.image_width != first.image_width


def test_a_fit_from_before_widths_were_fitted_is_read(lens):
    arrays, header = lens[2].to_arrays()
    old = {name: np.delete(array, WIDTH) if name in ("prior_mean", "prior_sd") else array
           for name, array in arrays.items()}
    header = {name: value for name, value in header.items() if name != "image_width"}
    header["options"] = {name: value for name, value in header["options"].items()
                         if "width" not in name}

    fit = LensFit.from_arrays(old, header)

    assert fit.image_width == 0.0
    assert np.array_equal(fit.prior_mean, lens[2].prior_mean)
    assert np.array_equal(fit.prior_sd, lens[2].prior_sd)


def test_a_field_of_negative_light_makes_the_fit_begin_with_a_free_width(lens, monkeypatch):
    """Sums of the field of -6 and -1 sigma, widths of -3 +- .4 and +.1 +- .4 %."""
    asked = []

    def once(epochs, start, options, progress, warm):
        asked.append((options.width_is_free, warm))
        found = free if options.width_is_free else held
        return replace(lens[2], log=[found | {"stage": "image width"}, {"stage": "other"}])

    monkeypatch.setattr(module, "_fit_once", once)
    held = {"field_sigma": -6.0, "width": -0.001, "sigma": 0.004}
    for free, is_kept in (({"field_sigma": -1.0, "width": -0.03, "sigma": 0.004}, True),
                          ({"field_sigma": -1.0, "width": 0.001, "sigma": 0.004}, False),
                          ({"field_sigma": -7.0, "width": -0.03, "sigma": 0.004}, False)):
        assert (fit_lens(*lens[:2], OPTIONS).found_width["width"] == free["width"]) == is_kept

    assert asked == 3 * [(False, None), (True, None)]
    fit_lens(*lens[:2], OPTIONS, warm=lens[2])
    fit_lens(*lens[:2], replace(OPTIONS, frees_width=False))
    held["field_sigma"] = -2.9
    fit_lens(*lens[:2], OPTIONS)
    assert asked[6:] == [(False, lens[2]), (False, None), (False, None)]


@pytest.mark.long
def test_a_width_that_is_free_from_the_start_is_that_of_the_images(draw, pictures):
    epochs, truth = of_width(draw, pictures, -0.03, n_epochs=10)

    fit, later = (fit_lens(epochs, truth.position_px, replace(OPTIONS, width_is_free=is_free))
                  for is_free in (True, False))

    assert fit.prior_sd[WIDTH] == OPTIONS.image_width_sd
    assert fit.image_width == pytest.approx(later.image_width, abs=fit.found_width["sigma"])
    assert fit.flux == pytest.approx(later.flux, abs=3 * later.flux_systematic.max())
