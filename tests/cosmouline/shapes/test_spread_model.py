"""The spread model of drawn stars and discs."""

from cosmouline.shapes.spread_model import classes, spread_model, templates

import numpy as np
import pytest


def test_the_star_is_a_gaussian_and_the_disc_is_wider():
    star, disc = templates(51, np.array([1.6]), np.array([[0.3, -0.2]]))
    assert star.sum() == pytest.approx(1)
    assert disc.sum() == pytest.approx(1)
    axis = np.arange(51) - 25
    x = (star[0].sum(0) * axis).sum()
    variance = [(one[0].sum(0) * (axis - x) ** 2).sum() for one in (star, disc)]
    assert x == pytest.approx(0.3, abs=1e-4)
    # theory: sigma^2 and a pixel's 1/12; an exponential of scale r adds 3 r^2
    assert variance[0] == pytest.approx(1.6**2 + 1 / 12, rel=1e-3)
    assert variance[1] - variance[0] == pytest.approx(3 * (1.6 * 2.3548 / 16) ** 2, rel=0.01)


def test_a_star_has_0_and_its_error_is_the_scatter():
    rng, n = np.random.default_rng(1), 300
    offset = rng.uniform(-0.5, 0.5, (n, 2))
    star, disc = templates(31, np.full(n, 1.6), offset)
    noise = rng.normal(0, 10, star.shape)
    spread, error = spread_model(3000 * star + noise, np.full(star.shape, 0.01),
                                 np.full(n, 1.6), offset)
    assert abs(spread.mean()) < 5 * error.mean() / np.sqrt(n)
    assert spread.std() == pytest.approx(error.mean(), rel=0.2)  # 300 draws: 4 %
    wide, _ = spread_model(3000 * disc, np.full(star.shape, 0.01), np.full(n, 1.6), offset)
    # by hand: g.g / p.g - g.p / p.p of the first one
    expected = ((disc[0] ** 2).sum() / (star[0] * disc[0]).sum()
                - (star[0] * disc[0]).sum() / (star[0] ** 2).sum())
    assert wide[0] == pytest.approx(expected, rel=1e-6)
    assert (wide > 0).all()


def test_masked_pixels_and_objects_without_psf():
    star, _ = templates(31, np.full(3, 1.6), np.zeros((3, 2)))
    weight = np.ones(star.shape)
    spoilt = star.copy()
    spoilt[1, 4, 4], weight[1, 4, 4] = 1e9, 0
    spread, _ = spread_model(spoilt, weight, np.array([1.6, 1.6, np.nan]), np.zeros((3, 2)))
    assert np.abs(spread[:2]).max() < 1e-10
    assert np.isnan(spread[2])


def test_classes_have_their_limits():
    found = classes(np.array([0.0, 0.002, 0.02, 0.005, -0.05, np.nan]), np.full(6, 0.0006),
                    5 / 3, 0.003, 0.01)
    assert found.tolist() == [0, 2, 1, 2, 2, 2]
