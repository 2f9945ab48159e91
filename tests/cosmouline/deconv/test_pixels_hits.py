"""Hits on the cores of sources, injected into drawn epochs."""

from cosmouline.deconv import pixels
from cosmouline.deconv.fit_lens import fit_lens
from cosmouline.deconv.options import FitOptions

import numpy as np
import pytest

PAIR = ((-2.6, 0.6), (2.9, -1.1))
POINTS = FitOptions(sky_sigma_factor=1.0, extended_light="none")
HIT_E = 1350.0  # 15 sigma; clipping tolerates more on the core of B: 3 % and a shift of .08 px


def drawn(draw, seed, epoch=2, hits=(), factor=1.0):
    """Epochs of two sources of 3e5 and 2e5 e-, with electrons added to pixels of B in one epoch.

    B is brighter by `factor` in that epoch.
    """
    shines = np.ones((6, 2))
    shines[epoch, 1] = factor
    epochs, truth = draw(seed=seed, flux=(3e5, 2e5), galaxy_flux=0, shines=shines)
    x, y = np.rint(truth.position_px[1] + truth.shift_px[epoch] + 15.5).astype(int)
    for step, electrons in enumerate(hits):
        epochs.data_e[epoch, y, x + step] += electrons
    return epochs, truth, [[epoch, y, x + step] for step in range(len(hits))]


def pulls(epochs, truth):
    fit = fit_lens(epochs, PAIR, POINTS)
    sigma = np.sqrt(np.einsum("ekk->ek", fit.covariance_total))
    return (fit.flux - truth.flux) / sigma, fit


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_hit_on_a_core_does_not_change_the_flux(draw, seed, monkeypatch):
    epochs, truth, where = drawn(draw, seed, hits=3 * [HIT_E])

    pull, fit = pulls(epochs, truth)
    assert np.abs(pull).max() < 5
    assert not any(fit.good[tuple(one)] for one in where)

    # left in, it changes the flux
    monkeypatch.setattr(pixels, "HIT_SIGMA", np.inf)
    pull, fit = pulls(epochs, truth)
    assert pull[2, 1] > 5
    assert fit.good.all()


def test_what_is_next_to_a_hit_goes_with_it(draw):
    """Alone, 350 e- or three sigma would stay."""
    epochs, truth, where = drawn(draw, 4, hits=[HIT_E, 350.0])
    alone = drawn(draw, 4, hits=[0.0, 350.0])[0]

    masked = np.argwhere(~pulls(epochs, truth)[1].good).tolist()

    assert [one for one in where if one not in masked] == []
    assert pulls(alone, truth)[1].good[tuple(where[1])]


@pytest.mark.parametrize("seed", [5, 6, 7, 8])
def test_neither_a_source_that_brightens_nor_a_good_core_is_masked(draw, seed):
    epochs, truth, _ = drawn(draw, seed, factor=1.5)

    pull, fit = pulls(epochs, truth)

    assert np.abs(pull).max() < 5
    assert fit.good.all()
