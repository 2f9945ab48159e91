"""What single epochs have alone, injected into drawn lenses."""

from dataclasses import replace
from types import SimpleNamespace

from cosmouline.deconv import odd_epochs
from cosmouline.deconv.fit_lens import fit_lens
from cosmouline.deconv.options import FitOptions

import numpy as np
import pytest

PAIR = ((-2.6, 0.6), (2.9, -1.1))
POINTS = FitOptions(sky_sigma_factor=1.0, extended_light="none")
BESIDE = np.array([0.5, 5.5])  # from B, in pixels of the reference frame: 1.4 FWHM


def with_light(draw, pictures, seed, of_epochs, sharp=False):
    """Eight epochs, with a fifth of the light of B beside it in some of them."""
    epochs, truth = draw(seed=seed, n_epochs=8, flux=(30000, 20000), galaxy_flux=0)
    for e in of_epochs:
        place = truth.position_px[1] + BESIDE + truth.shift_px[e]
        if sharp:
            x, y = np.rint(place + 15.5).astype(int)
            epochs.data_e[e, y, x] += 4000
        else:
            epochs.data_e[e] += 4000 * pictures["star_image"](32, place, truth.sigma_px[e])
    return epochs, truth, fit_lens(epochs, PAIR, POINTS)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_transient_is_found_with_place_flux_and_epochs(draw, pictures, seed):
    epochs, truth, fit = with_light(draw, pictures, seed, (5, 6, 7))

    light = odd_epochs.odd_light(fit, epochs)

    assert light.epochs.tolist() == [5, 6, 7]
    assert np.hypot(*(light.place_px - truth.position_px[1] - BESIDE)) < 1.5  # whole pixels
    # a Gaussian in place of the PSF, which has a fifth of its light in wings
    assert light.flux == pytest.approx(4000, rel=0.4)
    # no light where the model may be off by as much as the source itself
    loose = replace(fit, options=replace(fit.options, final_model_error=1.0))
    assert odd_epochs.odd_light(loose, epochs) is None
    notes = odd_epochs.notes(fit, epochs, odd_epochs.what_is_odd(fit, epochs))
    assert [bool(text) for text in notes[:, 1]] == 5 * [False] + 3 * [True]
    assert "light next to it that other epochs lack" in notes[6, 1]


@pytest.mark.parametrize(("of_epochs", "sharp"), [
    ((), False), ((3,), False), ((3, 4), True), (range(8), False)])
def test_neither_noise_nor_cosmic_rays_nor_a_constant_star_are_transients(
        draw, pictures, of_epochs, sharp):
    epochs, _, fit = with_light(draw, pictures, 3, of_epochs, sharp)

    assert odd_epochs.odd_light(fit, epochs) is None


def test_the_share_of_a_core_that_is_masked(draw, pictures):
    """By hand, from the squared image that was drawn."""
    epochs, truth = draw(seed=4, n_epochs=3, flux=(30000, 20000), galaxy_flux=0)
    place = truth.position_px[1] + truth.shift_px[1]
    x, y = np.rint(place + 15.5).astype(int)
    epochs.good[1, y, x:x + 2] = False
    fit = fit_lens(epochs, PAIR, POINTS)

    lost = odd_epochs.core_lost(fit, epochs)

    power = pictures["star_image"](32, place, truth.sigma_px[1]) ** 2
    expected = power[y, x:x + 2].sum() / power.sum()
    assert lost[1, 1] == pytest.approx(expected, abs=0.02)  # positions are fitted
    assert np.delete(lost[:, 1], 1) == pytest.approx(0, abs=1e-6)
    assert expected > odd_epochs.CORE_LOST
    notes = odd_epochs.notes(fit, epochs, odd_epochs.what_is_odd(fit, epochs))
    assert f"{100 * lost[1, 1]:.0f} % of its core masked" in notes[1, 1]


def disturbed(draw, pictures, seed, away_px, flux):
    """Ten epochs; in epoch 4 light of the shape of the PSF near B."""
    epochs, truth = draw(seed=seed, n_epochs=10, flux=(30000, 20000), galaxy_flux=0)
    place = truth.position_px[1] + (away_px, 0.0) + truth.shift_px[4]
    epochs.data_e[4] += flux * pictures["star_image"](32, place, truth.sigma_px[4])
    return fit_lens(epochs, PAIR, POINTS), epochs


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_moves_across_a_source_in_one_epoch_is_told(draw, pictures, seed):
    """A third of the light of B, 1.5 px beside it: its flux takes most of it."""
    fit, epochs = disturbed(draw, pictures, seed, 1.5, 7000)

    found = odd_epochs.odd_sources(fit, epochs)

    assert [(one.epoch, one.source) for one in found] == [(4, 1)]
    # the centre of both is .26 of 1.5 px off; the shift of the epoch, of A and B, takes a part
    assert 0.2 < found[0].offset_px < 0.6
    notes = odd_epochs.notes(fit, epochs, odd_epochs.what_is_odd(fit, epochs))
    assert "px off its place: a cosmic ray, something that moves" in notes[4, 1]
    assert sum(bool(text) for text in notes.ravel()) == 1


@pytest.mark.parametrize("seed", range(1, 9))
def test_noise_alone_is_no_odd_source(draw, pictures, seed):
    assert not odd_epochs.odd_sources(*disturbed(draw, pictures, seed, 0, 0))


def test_each_condition_of_an_odd_source_decides(monkeypatch):
    """Twenty epochs of three sources, all alike but for what one of them shows, by hand.

    Of chi2 1.5, as chance may have it, and 5 px off its place by 100 of chi2: odd; not where it is
    less off than .04 FWHM, or by no more than all in that epoch, or with what another has.
    """
    shape = 20, 3
    chi2, offset_px, gain = np.ones(shape), np.zeros(shape), np.full(shape, 2.0)
    for e, far, most in ((4, 5.0, 100.0), (7, 0.01, 100.0), (9, 5.0, 2.0), (12, 5.0, 100.0)):
        chi2[e, 1], offset_px[e, 1], gain[e, 1] = 1.5, far, most
    chi2[12, 2] = 1.45  # by another as much: the PSF
    chi2[15, 0] = 30.0  # by its chi2 alone
    images = np.zeros((20, 8, 8))
    fit = SimpleNamespace(variance_e2=images + 1, flux=np.full(shape, 1000.0))
    epochs = SimpleNamespace(coeff=np.ones(20), data_e=images, fwhm_px=np.full(20, 4.0))
    for name, value in (("model_images", (images, images, np.zeros(20))),
                        ("measured_pixels", SimpleNamespace(index=slice(None), good=images == 0)),
                        ("source_chi2", (chi2, None, np.full(20, 4.0))),
                        ("stray_positions", (offset_px, gain))):
        monkeypatch.setattr(odd_epochs, name, lambda *_, value=value: value)

    found = odd_epochs.odd_sources(fit, epochs)

    assert [(one.epoch, one.source) for one in found] == [(4, 1), (15, 0)]
    assert found[0] == (4, 1, 1.5, 1.0, 5.0)
