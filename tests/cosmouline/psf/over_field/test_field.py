"""The PSF over a CCD, from drawn stars."""

from cosmouline.errors import ImageRejected
from cosmouline.psf.over_field.field import (
    best_model,
    fit_field,
    polynomials,
    shifted,
    slopes,
    stretches,
)
from cosmouline.skymaker.mosaic import stamp
from cosmouline.sources.ccds.elliptical_moments import elliptical_moments

import numpy as np
import pytest

JACOBIAN, SHAPE = 0.187 * np.diag([-1.0, 1.0]), (800, 800)


def psf_at(x, y, varies):
    u, v = 2 * x / 800 - 1, 2 * y / 800 - 1
    return (0.65 * (1 + varies * (0.02 * u + 0.015 * v)), 0.02 + varies * 0.02 * u,
            -0.01 + varies * 0.015 * v)


def stars(n, varies, noise, seed):
    """Give stamps (41 px) and places of stars of 17 to 20.5 mag."""
    rng = np.random.default_rng(seed)
    places = rng.uniform(30, 770, (n, 2))
    flux = 10 ** (0.4 * (30 - rng.uniform(17, 20.5, n)))
    images = np.array([one * stamp(64, at - np.rint(at), JACOBIAN, [psf_at(*at, varies)])[
        12:53, 12:53] for one, at in zip(flux, places, strict=True)])
    return images + noise * rng.normal(0, 1, images.shape) * np.sqrt(
        np.maximum(images, 0) + 100), places


def residuals(fit, varies):
    """Give e1, e2 and relative size of the model minus the truth on a grid."""
    x, y = (grid.ravel() for grid in np.meshgrid(*[np.linspace(60, 740, 4)] * 2))
    truth = elliptical_moments(np.array([stamp(64, (0, 0), JACOBIAN, [psf_at(*at, varies)])[
        12:53, 12:53] for at in zip(x, y, strict=True)]))
    found = elliptical_moments(fit.psf.at(x, y))
    return found.e1 - truth.e1, found.e2 - truth.e2, found.sigma_px / truth.sigma_px - 1


def test_a_psf_that_varies_is_found_all_over_the_field():
    images, places = stars(45, 1.0, 1.0, 1)
    good = np.ones(images.shape, dtype=bool)
    good[:, 3, :] = False  # a bad row in every stamp
    images[:, 3, :] = 1e6
    fit = fit_field(images, 100.0, good, places, 1.0, SHAPE)
    e1, e2, size = residuals(fit, 1.0)

    assert fit.model[0] >= 1
    # PSFEx on stars like these: .0044 in e1, .0024 in e2 (twice its g), .0044 in size
    assert np.sqrt(np.mean(e1**2 + e2**2)) < 0.008
    assert np.sqrt(np.mean(size**2)) < 0.006
    assert abs(size.mean()) < 0.004
    assert np.median(fit.chi2[fit.is_used]) == pytest.approx(0.95, abs=0.15)


def test_the_numbers_of_a_fit_are_what_they_were(recorded):
    """That they are right is shown by the other tests: see tests/recorded.py."""
    images, places = stars(40, 1.0, 1.0, 5)
    good = np.ones(images.shape, bool)
    good[3, 10:14, 22], good[5, :, :6] = False, False
    fit = fit_field(images, 100.0, good, places, 1.0, SHAPE)

    recorded("psf/over_field", {name: value for name, value in vars(fit).items()}, (("", 2e-3),))


def test_without_noise_nothing_is_left():
    images, places = stars(40, 0.0, 1e-3, 2)
    fit = fit_field(images, 1e-4, np.ones(images.shape, bool), places, 1e6, SHAPE)
    for values in residuals(fit, 0.0):
        assert np.abs(values).max() < 1e-3


def test_a_constant_psf_stays_constant_and_a_galaxy_is_left_out():
    images, places = stars(30, 0.0, 1.0, 3)
    images[4] = 1e5 * stamp(64, (0, 0), JACOBIAN, [psf_at(400, 400, 0)], (0.6, np.eye(2)))[
        12:53, 12:53]
    fit = fit_field(images, 100.0, np.ones(images.shape, bool), places, 1.0, SHAPE)
    assert not fit.is_used[4]
    assert fit.is_used.sum() > 25
    assert np.ptp(residuals(fit, 0.0)[2]) < 0.02
    with pytest.raises(ImageRejected, match="2 of 2 stars can be measured"):
        fit_field(images[:2], 100.0, np.ones((2, 41, 41), bool), places[:2], 1.0, SHAPE)


def test_no_degree_above_the_one_that_is_allowed():
    images, places = stars(45, 1.0, 1.0, 4)
    fit = fit_field(images, 100.0, np.ones(images.shape, bool), places, 1.0, SHAPE, max_degree=0)
    assert fit.model == (0, 0)
    assert np.isnan(fit.cross_chi2[1:]).all()


def test_a_richer_model_must_be_better_on_stars_left_out():
    assert best_model((1.0, 0.9995, 1.2)) == 0
    assert best_model((1.1, 1.0, 0.99, np.nan)) == 2


def test_shifts_and_slopes_are_those_of_a_gaussian():
    axis = np.arange(41) - 20.0

    def gaussian(x, y):
        return np.exp(-((axis[None, :] - x) ** 2 + (axis[:, None] - y) ** 2) / 2 / 1.7**2)

    moved = shifted(gaussian(0, 0)[None], np.array([[0.4, -1.3]]))[0]
    assert np.allclose(moved, gaussian(0.4, -1.3), atol=1e-6)
    dx, dy = slopes(gaussian(0, 0))
    assert np.allclose(dx, -axis[None, :] / 1.7**2 * gaussian(0, 0), atol=1e-6)
    assert np.allclose(dy, -axis[:, None] / 1.7**2 * gaussian(0, 0), atol=1e-6)


def test_stretches_change_the_moments_they_are_named_after():
    image = stamp(64, (0, 0), JACOBIAN, [(0.65, 0.0, 0.0)])[12:53, 12:53]
    before = elliptical_moments(image[None])
    after = elliptical_moments(image + 0.01 * stretches(image))
    # a stretch by 1 %: in size, of x over y (e changes by twice that), along the diagonal
    assert after.sigma_px[0] / before.sigma_px[0] == pytest.approx(1.01, abs=0.002)
    assert after.e1[1] == pytest.approx(0.02, abs=0.003)
    assert after.e2[2] == pytest.approx(0.02, abs=0.003)
    assert np.abs(after.e1[[0, 2]]).max() < 1e-3


def test_the_terms_of_a_polynomial():
    assert polynomials([[2.0, 3.0]], 2).tolist() == [[1, 2, 3, 4, 6, 9]]
