"""Shifts that the stars predict: what they buy, and that their error is honest."""

from dataclasses import replace
from types import SimpleNamespace

from cosmouline.deconv import registration
from cosmouline.deconv.fit_lens import fit_lens
from cosmouline.deconv.options import FitOptions
from cosmouline.deconv.registration import FLOOR_PX, shift_errors

import numpy as np
import pytest

OPTIONS = FitOptions(sky_sigma_factor=1.0, extended_light="none")
QUAD = np.array([(-1.6, 0.5), (1.7, -0.8), (0.3, 2.0), (-0.6, -1.9)])


def predicted(draw, seed, scatter_px):
    """A close quad whose places are predicted to .02 px, and scatter about that."""
    epochs, truth = draw(seed, n_epochs=8, flux=(20000, 14000, 10000, 5000), position_px=QUAD,
                         galaxy_flux=0)
    rng = np.random.default_rng(seed)
    away = rng.normal(0, np.hypot(0.02, scatter_px), (8, 2))
    shift = truth.shift_px + np.array([0.3, -0.2]) + away
    return replace(epochs, shift_px=shift), truth


@pytest.mark.parametrize(("scatter_px", "gain"), [(0.0, 0.85), (0.08, 1.0)])
def test_known_shifts_buy_part_of_the_random_error(draw, scatter_px, gain):
    """Measured: errors .70-.82 of those with free shifts; .87-.93 where the lens scatters."""
    epochs, truth = predicted(draw, 41, scatter_px)
    known = replace(epochs, shift_sigma_px=np.full(8, 0.02))

    free, fit = (fit_lens(one, QUAD, OPTIONS) for one in (epochs, known))

    assert free.shift_scatter_px is None
    # 14 deviations tell a scatter to 19 %; those of the fit itself are some .02 px
    assert fit.shift_scatter_px == pytest.approx(scatter_px, abs=0.04)
    assert np.all((fit.flux_sigma / free.flux_sigma).mean(0) < gain)
    away = fit.flux - truth.flux
    pull = (away - away.mean(0)) / fit.flux_sigma * np.sqrt(8 / 7)
    assert np.sqrt(np.mean(pull**2)) == pytest.approx(1, abs=5 * 0.13)  # 28 deviations
    error = np.hypot(fit.flux_systematic, fit.flux_sigma.mean(0) / np.sqrt(8))
    assert np.abs(away.mean(0) / error).max() < 4


def test_errors_of_shifts_are_never_wider_than_the_wide_one():
    errors = shift_errors(np.array([0.02, np.nan, 5.0]), 0.03, 1.0)

    assert errors == pytest.approx([np.sqrt(0.02**2 + 0.03**2 + FLOOR_PX**2), 1.0, 1.0])
    assert shift_errors(np.array([0.02, np.nan]), None, 1.0) == pytest.approx([1.0, 1.0])


@pytest.fixture
def deviating(monkeypatch):
    """Register five epochs, turned by 90 deg, that lie +-a and an offset from what stars predict.

    Their shifts are fitted to .03 px under a prior of 1 px, and predicted to .04 px but in one.
    """
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    sigma_px = np.array([0.04, 0.04, np.nan, 0.04, 0.04])
    covariance = np.zeros((5, 4, 4))
    covariance[:, -2:, -2:] = np.eye(2) / (1 / 0.03**2 + 1)
    monkeypatch.setattr(registration, "eliminate",
                        lambda *_: SimpleNamespace(local_covariance=covariance))
    monkeypatch.setattr(registration, "replace", lambda one, **new: SimpleNamespace(
        **(vars(one) | new)))

    def register(a, n_known=4):
        away = np.array([0.5, -0.2]) + a * np.array([[1, 1], [-1, 1], [90, 90], [1, -1], [-1, -1]])
        predicted = np.arange(10.0).reshape(5, 2)
        prior = SimpleNamespace(shift_px=predicted, shift_sd=np.ones(5))
        problem = SimpleNamespace(linear=np.array([turn] * 5), prior=prior)
        state = SimpleNamespace(shared=np.arange(12.0), position_px=np.zeros((2, 2)),
                                shift_px=predicted + away @ turn.T)
        sigma = np.where(np.cumsum(np.isfinite(sigma_px)) <= n_known, sigma_px, np.nan)
        return state, registration.register(problem, state, None, sigma)

    return register


@pytest.mark.parametrize("a", [0.1, 0.05, 0.04])
def test_the_scatter_about_the_stars_is_what_chi2_lacks(deviating, a):
    """8 a^2 / (.03^2 + .04^2 + s^2) = 6 degrees of freedom."""
    state, (problem, moved, scatter_px) = deviating(a)

    expected = np.sqrt(max(8 * a**2 / 6 - 0.0025, 0.0))
    assert scatter_px == pytest.approx(expected)
    error = np.sqrt(0.04**2 + expected**2 + 0.01**2)
    assert problem.prior.shift_sd == pytest.approx([error, error, 1.0, error, error])
    # the offset goes into the positions of galaxy and sources, x of all sources before y
    assert moved.shared - state.shared == pytest.approx(
        [0, 0, 0, 0, 0.5, -0.2, 0, 0, 0.5, 0.5, -0.2, -0.2])
    assert state.shift_px - moved.shift_px == pytest.approx(np.array([[0.2, 0.5]] * 5))


def test_three_known_shifts_tell_no_scatter(deviating):
    state, (_, moved, scatter_px) = deviating(0.1, n_known=3)

    assert scatter_px is None
    assert moved is state
