"""Error that wrong PSFs leave in the fluxes."""

from dataclasses import replace

from cosmouline.deconv import psf_error

import numpy as np
import pytest


def test_true_psfs_have_no_error_and_a_wrong_scale_is_one(lens):
    """Stars that gain 2 % under a draw lower the fluxes of the lens by 2 %."""
    epochs, _, fit = lens
    draws = np.array([epochs.psf, epochs.psf])
    scale = np.ones((2, 6))
    scale[1] = 1.02

    error = psf_error(fit, epochs, draws, scale)

    assert error == pytest.approx((1 - 1 / 1.02) / np.sqrt(2), abs=2e-4)


def test_a_broader_psf_raises_the_fluxes_and_its_shift_does_not(lens, pictures):
    """PSFs 3 % wider give 1-7 % more light; moved by half a pixel they are aligned again."""
    epochs, truth, fit = lens
    moved = np.roll(epochs.psf, 1, axis=2)[None]  # by one small pixel
    wide = np.array([[pictures["narrow_psf"](32, 1.03 * s, 2) for s in truth.sigma_px]])
    ones = np.ones((1, 6))

    shifted, widened = (psf_error(fit, epochs, draws, ones) for draws in (moved, wide))

    assert shifted.max() < 5e-3
    assert np.all((widened > 0.005) & (widened < 0.08))


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
