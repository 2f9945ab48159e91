"""New epochs under a held scene, against a fit of all epochs from scratch."""

from dataclasses import replace

from cosmouline.deconv.fit_lens import fit_lens
from cosmouline.deconv.held import add_epochs as module
from cosmouline.deconv.held.add_epochs import add_epochs
from cosmouline.deconv.options import FitOptions
from cosmouline.deconv.point_sources import Sources

import numpy as np
import pytest

OPTIONS = FitOptions(sky_sigma_factor=1.0)
N_OLD, N = 10, 12


@pytest.fixture(scope="module", params=[41, 42, 43])
def case(request, draw):
    """Ten epochs and two more, of one camera or of two: epochs, start, fit of the ten."""
    camera = np.arange(N) % 2 if request.param == 43 else None
    epochs, truth = draw(seed=request.param, n_epochs=N, camera=camera)
    start = truth.position_px + 0.1
    return epochs, start, fit_lens(epochs.take(np.arange(N_OLD)), start, OPTIONS)


@pytest.fixture(scope="module")
def scratch(case):
    epochs, start, _ = case
    return fit_lens(epochs, start, OPTIONS)


@pytest.fixture
def any_step(monkeypatch):
    """Of ten epochs the scene may move by more than .3."""
    monkeypatch.setattr(module, "MOST_MOVED", 2.0)


def in_sigmas(fit, other):
    return np.abs(fit.flux - other.flux) / other.flux_sigma


def places(fit, epochs):
    """Places of the sources on the stamps: a shift of all positions is one of the epochs."""
    return fit.position_px @ epochs.linear.swapaxes(1, 2) + fit.shift_px[:, None]


def test_points_and_errors_are_those_of_a_fit_of_all(case, scratch, any_step):
    """Fluxes to .05 of their errors; errors, random and systematic, to 5 %."""
    epochs, start, old = case

    held = add_epochs(epochs, start, old)

    assert in_sigmas(held, scratch).max() < 0.05
    assert in_sigmas(old, scratch.take(np.arange(N_OLD))).max() > 0.05  # the scene has moved
    assert held.flux_sigma == pytest.approx(scratch.flux_sigma, rel=0.05)
    assert held.flux_systematic == pytest.approx(scratch.flux_systematic, rel=0.05)
    assert held.chi2_reduced == pytest.approx(scratch.chi2_reduced, rel=1e-2)
    assert places(held, epochs) == pytest.approx(places(scratch, epochs), abs=0.005)
    assert held.found_width["width"] == pytest.approx(
        scratch.found_width["width"], abs=0.1 * scratch.found_width["sigma"])
    assert held.image_width == 0
    assert (held.good == scratch.good).all()
    assert (held.n_held, old.n_held) == (2, 0)


def test_one_night_after_the_other_is_both_at_once(case, any_step):
    """The equations stay at the scene of the last complete fit: no error adds up."""
    epochs, start, old = case
    both = add_epochs(epochs, start, old)

    first = add_epochs(epochs.take(np.arange(N - 1)), start, old)
    second = add_epochs(epochs, start, first)

    assert in_sigmas(second, both).max() < 0.005  # the mean flux of the sources differs
    assert second.n_held == 2
    for name in ("gram", "node_sums", "products", "shared"):
        assert getattr(second.equations, name) == pytest.approx(
            getattr(both.equations, name), rel=1e-9)


def test_changed_coefficients_of_old_epochs_are_followed(case, any_step):
    """By .2 %, each its own way: fluxes as of a complete fit that goes on with them."""
    epochs, start, old = case
    factor = 1 + 0.002 * np.cos(np.arange(N))
    changed = replace(epochs, coeff=epochs.coeff * factor)

    held, kept = (add_epochs(one, start, old) for one in (changed, epochs))

    warm = fit_lens(changed, start, OPTIONS, warm=old)
    assert in_sigmas(held, warm).max() < 0.05
    assert in_sigmas(kept, warm).max() > 0.1


def test_a_scene_that_moves_far_is_fitted_again(case, monkeypatch):
    epochs, start, old = case
    log = []
    monkeypatch.setattr(module, "MOST_MOVED", 2.0)
    add_epochs(epochs, start, old, log.append)
    moved = next(one["moved_sigma"] for one in log if one["stage"] == "held scene")

    monkeypatch.setattr(module, "MOST_MOVED", 0.99 * moved)

    assert add_epochs(epochs, start, old) is None


def test_what_needs_a_fit_of_all_has_none(case, any_step):
    """A coefficient that changed by 1 %; new epochs without a pixel."""
    epochs, start, old = case
    coeff, good = epochs.coeff.copy(), epochs.good.copy()
    coeff[3] *= 1.01
    good[N_OLD:] = False

    assert add_epochs(replace(epochs, coeff=coeff), start, old) is None
    assert add_epochs(replace(epochs, good=good), start, old) is None


def test_without_a_new_epoch_nothing_moves(case, any_step):
    epochs, start, old = case

    held = add_epochs(epochs.take(np.arange(N_OLD)), start, old)

    assert in_sigmas(held, old).max() < 0.05
    assert held.flux_systematic == pytest.approx(old.flux_systematic, rel=0.01)
    assert held.n_held == 0


def test_images_narrower_than_the_stars_ask_for_a_fit_of_all(case, any_step, monkeypatch):
    epochs, start, old = case
    monkeypatch.setattr(module, "wants_own_width", lambda *_: True)

    assert add_epochs(epochs, start, old) is None


def test_point_sources_alone(draw):
    """No node, no galaxy."""
    epochs, truth = draw(seed=44, n_epochs=8, galaxy_flux=0)
    points = replace(OPTIONS, extended_light="none")
    old = fit_lens(epochs.take(np.arange(6)), truth.position_px, points)

    held = add_epochs(epochs, truth.position_px, old)

    assert in_sigmas(held, fit_lens(epochs, truth.position_px, points)).max() < 0.05


def test_a_neighbour_a_source_that_comes_and_goes_and_an_epoch_that_is_masked(draw, any_step):
    """Of twelve epochs, turned: a neighbour, B dark in three, one old and one new one masked."""
    places = np.array([(-2.6, 0.6), (2.9, -1.1), (-1.0, 8.0)])
    shines = np.ones((N, 3))
    shines[[1, 4, 10], 1] = 0
    epochs, _ = draw(seed=45, n_epochs=N, flux=(30000.0, 12000.0, 8000.0), position_px=places,
                     shines=shines, turns_deg=(0.0, 90.0, 33.0))
    good = epochs.good.copy()
    good[[3, 11]] = False
    epochs = replace(epochs, good=good)
    sources = Sources(places + 0.05, n_images=2, present=shines > 0)
    old = fit_lens(epochs.take(np.arange(N_OLD)), sources.take(np.arange(N_OLD)), OPTIONS)

    held = add_epochs(epochs, sources, old)

    scratch = fit_lens(epochs, sources, OPTIONS)
    assert np.array_equal(np.isnan(held.flux), np.isnan(scratch.flux))
    assert not held.measured[[3, 11]].any()
    assert np.nanmax(in_sigmas(held, scratch)) < 0.05
    assert held.flux_systematic == pytest.approx(scratch.flux_systematic, rel=0.05)
    again = add_epochs(epochs, sources, held.take(np.arange(N)))
    assert np.nanmax(in_sigmas(again, held)) < 0.005
