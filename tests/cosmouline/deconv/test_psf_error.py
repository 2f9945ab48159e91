"""Error that wrong PSFs leave in the fluxes."""

from dataclasses import replace

from cosmouline.deconv.fit_lens import fit_lens
from cosmouline.deconv.options import FitOptions
from cosmouline.deconv.psf_error import (
    added_psf_error,
    psf_error,
    psf_systematic,
    width_response,
)

import numpy as np
import pytest


def test_true_psfs_have_no_error_and_a_wrong_scale_is_one(lens):
    """Stars that gain 2 % under a draw lower the fluxes of the lens by 2 %."""
    epochs, _, fit = lens
    draws = np.array([epochs.psf, epochs.psf])
    scale = np.ones((2, 6))
    scale[1] = 1.02

    error = psf_error(fit, epochs, draws, scale)

    own = (1 - 1 / 1.02) ** 2 / 2
    random = np.einsum("ekk->ek", fit.covariance) / fit.flux**2
    # 2 draws of its own, and 4 of all epochs, which go with the random variance
    expected = (2 * own + 4 * own * random * (1 / random).mean(0)) / 6
    assert error == pytest.approx(np.sqrt(expected), rel=0.02)


def test_an_added_epoch_is_solved_alone_and_the_others_stay(lens, pictures):
    """As if all were solved again: steadied by the same squares, but for those steadied before."""
    epochs, truth, fit = lens
    wide = np.array([[pictures["narrow_psf"](32, s, 2) for s in width * truth.sigma_px]
                     for width in (0.99, 1.02)])
    ones = np.ones((2, 6))
    whole = psf_error(fit, epochs, wide, ones)
    known = whole.copy()
    known[2] = np.nan
    wide[:, [0, 1, 3, 4, 5]] = np.nan  # not looked at

    found = added_psf_error(fit, epochs, wide, ones, known)

    others = [0, 1, 3, 4, 5]
    assert (found[others] == whole[others]).all()
    assert found[2] == pytest.approx(whole[2], rel=0.25)
    assert (added_psf_error(fit, epochs, wide, ones, whole) == whole).all()


def test_a_broader_psf_raises_the_fluxes_and_its_shift_does_not(lens, pictures):
    """PSFs 3 % wider give 1-7 % more light; moved by half a pixel they are aligned again."""
    epochs, truth, fit = lens
    moved = np.roll(epochs.psf, 1, axis=2)[None]  # by one small pixel
    wide = np.array([[pictures["narrow_psf"](32, 1.03 * s, 2) for s in truth.sigma_px]])
    ones = np.ones((1, 6))

    shifted, widened = (psf_error(fit, epochs, draws, ones) for draws in (moved, wide))

    assert shifted.max() < 5e-3
    assert np.all((widened > 0.005) & (widened < 0.08))


def test_a_common_scale_is_an_error_of_the_constant_part(lens):
    """Stars that gain 2 % in all epochs under one of two draws: 2 % / sqrt(2) of all fluxes."""
    epochs, _, fit = lens
    scale = np.ones((2, 6))
    scale[1] = 1.02

    covariance = psf_systematic(fit, epochs, np.array([epochs.psf, epochs.psf]), scale)

    mean = np.average(fit.flux, axis=0)
    expected = (1 - 1 / 1.02) ** 2 / 2 * np.outer(mean, mean)
    assert covariance == pytest.approx(expected, rel=0.02)


def test_an_error_of_one_psf_is_diluted_by_the_other_epochs(lens, pictures):
    """The same wrong width in one epoch of six and in all: a sixth, the weights being like."""
    epochs, truth, fit = lens
    wide = np.array([pictures["narrow_psf"](32, 1.03 * s, 2) for s in truth.sigma_px])
    once = epochs.psf.copy()
    once[2] = wide[2]
    ones = np.ones((1, 6))

    all_epochs, one_epoch = (
        np.sqrt(np.diag(psf_systematic(fit, epochs, psf[None], ones))) for psf in (wide, once)
    )

    assert np.all(all_epochs > 0.004 * fit.flux.mean(0))
    assert np.all((one_epoch / all_epochs > 1 / 18) & (one_epoch / all_epochs < 1 / 2))


def test_a_fit_of_another_engine_has_no_such_error(lens):
    epochs, _, fit = lens
    unknown = replace(fit, field_amplitude=np.full(7, np.nan))

    assert np.isnan(psf_systematic(unknown, epochs, epochs.psf[None], np.ones((1, 6)))).all()


def test_unmeasured_epochs_have_no_error(lens):
    epochs, _, fit = lens
    flux = fit.flux.copy()
    flux[4] = np.nan

    error = psf_error(replace(fit, flux=flux), epochs, epochs.psf[None], np.ones((1, 6)))

    assert np.isnan(error).all(1).tolist() == [False, False, False, False, True, False]


def test_wrong_shapes_are_named(lens):
    epochs, _, fit = lens

    with pytest.raises(ValueError, match=r"draws must have the shape \(n_draws, 6, 96, 96\)"):
        psf_error(fit, epochs, epochs.psf, np.ones((1, 6)))
    with pytest.raises(ValueError, match=r"draw_scale must have the shape \(1, 6\)"):
        psf_error(fit, epochs, epochs.psf[None], np.ones(6))


@pytest.mark.parametrize("function", [psf_error, psf_systematic])
@pytest.mark.parametrize(("draws", "shape"), [
    # other pixels, another number of epochs, no draw at all
    (np.ones((2, 6, 96, 90)), "2, 6, 96, 90"), (np.ones((2, 5, 96, 96)), "2, 5, 96, 96"),
    (np.ones((0, 6, 96, 96)), "0, 6, 96, 96")])
def test_draws_of_another_shape_are_refused(lens, function, draws, shape):
    epochs, _, fit = lens

    with pytest.raises(ValueError, match=rf"shape \(n_draws, 6, 96, 96\), not \({shape}\)"):
        function(fit, epochs, draws, np.ones(draws.shape[:2]))


def test_the_response_to_images_of_unlike_width_is_that_of_complete_fits(draw, pictures):
    """A wider by 1 %, B narrower by 1 %, as seen on pixels, whose own variance is 1/12 px^2."""
    epochs, truth = draw(5, noise=False)
    width, data = np.array([0.01, -0.01]), epochs.data_e.copy()
    for e, sigma in enumerate(truth.sigma_px):
        for k, place in enumerate(truth.position_px):
            wider = np.sqrt((1 + width[k]) ** 2 * (sigma**2 + 1 / 12) - 1 / 12)
            seen, mean = (pictures["star_image"](32, place + truth.shift_px[e], one)
                          for one in (wider, sigma))
            data[e] += truth.flux[e, k] / epochs.coeff[e] * (seen - mean)
    options = FitOptions(frees_width=False)
    plain, unlike = (fit_lens(one, truth.position_px, options)
                     for one in (epochs, replace(epochs, data_e=data)))
    slow = (unlike.flux / plain.flux - 1).mean(0)

    found = width_response(plain, epochs, width) / plain.flux.mean(0)

    assert np.abs(slow).min() > 0.005  # 1 % of the light of an isolated source under the sky
    assert found == pytest.approx(slow, rel=0.2)
