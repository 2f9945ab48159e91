"""Noise and masks of stamps, before there is a model and from one."""

from dataclasses import replace

from cosmouline.deconv.options import FitOptions
from cosmouline.deconv.pixels import drop_unmeasured, first_pixels, reject_outliers
from cosmouline.deconv.sweep import sweep_epochs

import numpy as np
import pytest

OPTIONS = FitOptions(extended_light="none")


def test_first_noise_is_that_of_sky_and_objects(draw):
    """Within 35 % of the truth everywhere: the smoothing lowers the peak by about a fifth."""
    noisy, _ = draw(seed=1, n_epochs=2)
    clean, _ = draw(seed=1, n_epochs=2, noise=False)

    variance = first_pixels(noisy).variance_e2

    truth = clean.sky_variance_e2 + clean.data_e
    bright = clean.data_e > clean.sky_variance_e2
    assert bright.sum() > 20
    assert variance[bright] == pytest.approx(truth[bright], rel=0.35)
    assert variance.min() >= 400.0


def test_suspected_cosmics_are_left_out_at_first(draw):
    epochs, _ = draw(seed=1, n_epochs=2, side=24, galaxy_flux=0)
    data, cosmic = epochs.data_e.copy(), epochs.cosmic.copy()
    data[0, 5, 6], cosmic[0, 5, 6] = 1e6, True

    pixels = first_pixels(replace(epochs, data_e=data, cosmic=cosmic))

    assert not pixels.good[0, 5, 6]
    assert pixels.variance_e2[0, 5, 6] < 1000


def test_no_usable_pixel_is_an_error(draw):
    epochs, _ = draw(seed=1, n_epochs=2, side=24, galaxy_flux=0)

    with pytest.raises(ValueError, match="no usable pixel in any epoch"):
        first_pixels(replace(epochs, good=~epochs.good))


def test_judged_masks_and_noise_come_from_the_model(draw, start):
    """A cosmic of 20 sigma goes, a suspected one that is none comes back, a bad pixel does not."""
    epochs, truth = draw(seed=2, n_epochs=2, galaxy_flux=0)
    data, cosmic, good = epochs.data_e.copy(), epochs.cosmic.copy(), epochs.good.copy()
    data[0, 4, 5] += 20 * 20.0
    cosmic[1, 16, 13] = True
    good[1, 10, 10] = False
    epochs = replace(epochs, data_e=data, cosmic=cosmic, good=good)
    problem, state = start(epochs, truth.position_px, OPTIONS)
    state = replace(state, shift_px=truth.shift_px)
    pixels = first_pixels(epochs)

    judged = reject_outliers(pixels, sweep_epochs(problem, state), problem.scale, 0.03, OPTIONS)

    assert np.argwhere(~judged.good).tolist() == [[0, 4, 5], [1, 10, 10]]
    clean, _ = draw(seed=2, n_epochs=2, galaxy_flux=0, noise=False)
    expected = clean.sky_variance_e2 + clean.data_e
    assert judged.variance_e2 == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize(("relative", "shift_px"), [(0.03, 0.08), (0.0, 0.0)])
def test_cores_are_spared_by_the_error_of_the_model(draw, start, relative, shift_px):
    """A source of 1e6 e- drawn .1 px beside its model: 50 sigma, but no cosmic."""
    epochs, truth = draw(seed=2, n_epochs=1, flux=(1e6,), position_px=((0.0, 0.0),), galaxy_flux=0)
    options = replace(OPTIONS, model_error_shift_px=shift_px)
    problem, state = start(epochs, truth.position_px, options)
    state = replace(state, shift_px=truth.shift_px + 0.1)

    judged = reject_outliers(
        first_pixels(epochs), sweep_epochs(problem, state), problem.scale, relative, options
    )

    assert judged.good.all() == (relative > 0)


def test_an_epoch_that_misses_a_source_is_dropped(draw, start):
    """The second source is at x = 18.9: without the columns beyond 16 a few per cent are left."""
    epochs, truth = draw(seed=2, n_epochs=3, galaxy_flux=0)
    good = epochs.good.copy()
    good[1, :, 16:] = False
    epochs = replace(epochs, good=good)
    problem, state = start(epochs, truth.position_px, OPTIONS)

    pixels, kept, moved = drop_unmeasured(first_pixels(epochs), problem, state)

    assert pixels.index.tolist() == [0, 2]
    assert len(kept.data) == len(moved.shift_px) == len(pixels.epochs) == 2


def test_no_measured_epoch_is_an_error(draw, start):
    epochs, truth = draw(seed=2, n_epochs=2, galaxy_flux=0)
    good = epochs.good.copy()
    good[:, :, 16:] = False
    epochs = replace(epochs, good=good)
    problem, state = start(epochs, truth.position_px, OPTIONS)

    with pytest.raises(ValueError, match="no epoch has 10% of the light of each source"):
        drop_unmeasured(first_pixels(epochs), problem, state)
