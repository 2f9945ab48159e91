"""Finding sources from their number."""

from dataclasses import replace

from cosmouline.deconv.find_sources import best_epochs, find_sources

import numpy as np
import pytest


@pytest.mark.parametrize("turns_deg", [(0.0,), (0.0, 180.0, 35.0)])
def test_images_of_a_lens_are_found(draw, turns_deg):
    epochs, truth = draw(seed=3, turns_deg=turns_deg)

    found = find_sources(epochs, 2)

    assert found == pytest.approx(truth.position_px, abs=0.5)


def test_without_a_number_those_that_stand_out_are_found(draw):
    epochs, truth = draw(seed=3)
    hidden, _ = draw(
        seed=3, flux=(30000.0, 3000.0), position_px=((0.0, 0.0), (4.0, 2.0)), galaxy_flux=0
    )

    assert find_sources(epochs, None) == pytest.approx(truth.position_px, abs=0.5)
    assert len(find_sources(hidden, None)) == 1


def test_a_hidden_image_is_found_in_the_residual(draw):
    """A tenth of the light at 1.2 FWHM is no peak of its own."""
    epochs, truth = draw(
        seed=3, flux=(30000.0, 3000.0), position_px=((0.0, 0.0), (4.0, 2.0)), galaxy_flux=0
    )

    found = find_sources(epochs, 2)

    assert np.hypot(*(found[0] - truth.position_px[0])) < 0.3
    assert np.hypot(*(found[1] - truth.position_px[1])) < 1.0


@pytest.mark.parametrize("seed", [3, 4])
def test_a_hidden_image_that_is_brighter_than_a_separate_one_comes_before_it(draw, seed):
    """9000 e- at .9 FWHM from the brightest are no peak; the 4000 e- farther away are."""
    epochs, truth = draw(seed=seed, flux=(30000.0, 9000.0, 4000.0), galaxy_flux=0, side=40,
                         position_px=((0.0, 0.0), (3.0, 1.5), (-8.0, 5.0)))

    assert len(find_sources(epochs, None)) == 2
    found = find_sources(epochs, 3)

    apart = np.hypot(*(found[:, None] - truth.position_px).T)
    assert apart.argmin(0).tolist() == [0, 1, 2]


def test_one_epoch_with_bad_pixels_and_cosmics(draw):
    epochs, truth = draw(seed=5, n_epochs=1, galaxy_flux=0)
    data, cosmic, good = epochs.data_e.copy(), epochs.cosmic.copy(), epochs.good.copy()
    data[0, 20, 16], cosmic[0, 20, 16] = 1e5, True
    data[0, 3:6, 8], good[0, 3:6, 8] = np.nan, False

    found = find_sources(replace(epochs, data_e=data, cosmic=cosmic, good=good), 2)

    assert found == pytest.approx(truth.position_px, abs=0.5)


def test_empty_stamps_and_wrong_numbers_are_refused(draw):
    epochs, _ = draw(
        seed=5, n_epochs=2, side=24, flux=(), position_px=np.zeros((0, 2)), galaxy_flux=0
    )

    with pytest.raises(ValueError, match="nothing stands out by 10 sigma"):
        find_sources(epochs, 2)
    with pytest.raises(ValueError, match="n_sources must be at least 1, not 0"):
        find_sources(epochs, 0)
    with pytest.raises(ValueError, match="no usable pixel in any epoch"):
        find_sources(replace(epochs, good=~epochs.good), 1)


@pytest.mark.parametrize(("n_epochs", "n_best"), [(3, 3), (12, 3), (13, 4), (2, 2)])
def test_a_quarter_of_the_epochs_and_three_are_looked_at_the_sharpest_first(
        draw, n_epochs, n_best):
    epochs, _ = draw(seed=6, n_epochs=n_epochs)
    blind = epochs.good.copy()
    blind[np.argmin(epochs.fwhm_px)] = False

    best = best_epochs(epochs)

    assert best.fwhm_px == pytest.approx(np.sort(epochs.fwhm_px)[:n_best])
    # an epoch without a pixel is not looked at
    expected = np.sort(epochs.fwhm_px)[1:3]
    assert best_epochs(replace(epochs, good=blind), 2).fwhm_px == pytest.approx(expected)
