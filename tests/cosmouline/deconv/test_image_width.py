"""Width of the images of a lens against that of the stars: planted ones are found."""

from dataclasses import replace

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


def found_width(fit):
    """Last measurement of the width."""
    return [one for one in fit.log if one["stage"] == "image width"][-1]


@pytest.mark.parametrize("seed", [1, 2])
def test_narrow_images_get_their_width_and_keep_their_flux(draw, pictures, seed):
    epochs, truth = of_width(draw, pictures, -0.03, seed, n_epochs=10)

    held, fit = (fit_lens(epochs, truth.position_px, replace(OPTIONS, frees_width=frees))
                 for frees in (False, True))

    bias, biased = ((np.mean(one.flux / truth.flux, axis=0) - 1) for one in (fit, held))
    error = fit.flux_systematic / truth.flux.mean(0)
    sigma = found_width(fit)["sigma"]
    assert fit.image_width == pytest.approx(-0.03, abs=4 * sigma)  # at rest: its random error
    assert sigma < 0.01
    # held, the PSF is too wide: the matched filter takes more light, 2 w for a Gaussian
    assert (biased > 0.03).all()
    assert (np.abs(bias) < 3 * error + 0.003).all()
    assert np.abs(bias).mean() < biased.mean() / 3


def test_wide_images_are_held_and_their_change_is_a_systematic_error(draw, pictures):
    epochs, truth = of_width(draw, pictures, 0.03)
    right, _ = draw(seed=1)

    fit, plain = (fit_lens(one, truth.position_px, OPTIONS) for one in (epochs, right))

    found = found_width(fit)
    assert fit.image_width == 0.0
    assert found["width"] == pytest.approx(0.03, abs=4 * found["sigma"])
    assert found["width"] > 3 * found["sigma"]
    bias = np.mean(fit.flux / truth.flux, axis=0) - 1
    error = fit.flux_systematic / truth.flux.mean(0)
    assert (bias < -0.02).all()
    assert (np.abs(bias) < 2 * error).all()
    assert (fit.flux_systematic > 2 * plain.flux_systematic).all()
    # with the right PSF nothing is found, and nothing is in the log but the numbers
    found = found_width(plain)
    assert abs(found["width"]) < 3 * found["sigma"]
    assert plain.image_width == 0.0


def test_more_epochs_go_on_with_the_width(draw, pictures):
    epochs, truth = of_width(draw, pictures, -0.03, n_epochs=8)
    first = fit_lens(epochs.take(np.arange(6)), truth.position_px, OPTIONS)
    arrays, header = first.to_arrays()

    fit = fit_lens(epochs, truth.position_px, OPTIONS,
                   warm=LensFit.from_arrays(arrays, header))

    sigma = found_width(fit)["sigma"]
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
