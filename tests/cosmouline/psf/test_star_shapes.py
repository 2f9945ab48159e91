"""Widths and stretches of drawn stars against the PSF that they are measured with."""

from cosmouline.psf.model import TARGET_SIGMA_SMALL
from cosmouline.psf.photometry import star_fluxes
from cosmouline.psf.star_shapes import star_shapes

import numpy as np
import pytest
from scipy.special import erf

SIDE, UP, SIGMA_PX, SKY_E2 = 24, 2, 1.3, 100.0
FWHM_PX = 2.355 * SIGMA_PX


def gaussian(side_px, xy_px, sigma_x, sigma_y, pixel_px=1.0):
    """Exact integrals over pixels of a Gaussian of flux 1."""
    edges = (np.arange(side_px + 1) - side_px / 2) * pixel_px
    x, y = (np.diff(erf((edges - at) / (np.sqrt(2) * sigma))) / 2
            for at, sigma in zip(xy_px, (sigma_x, sigma_y), strict=True))
    return np.outer(y, x)


def narrow_psf():
    """Narrow Gaussian whose stars have the width of the test."""
    width = np.sqrt(SIGMA_PX**2 - (TARGET_SIGMA_SMALL / UP) ** 2)
    return gaussian(SIDE * UP, (0, 0), width, width, 1 / UP)


def measured(seed, stretch_x=1.0, stretch_y=1.0, flux_e=2e5, n=40, masked=False):
    """Shapes of stars stretched along the axes, at random places within their pixels."""
    random = np.random.default_rng(seed)
    offset_px = random.uniform(-0.5, 0.5, (n, 2))
    model = flux_e * np.array([gaussian(SIDE, xy, SIGMA_PX * stretch_x, SIGMA_PX * stretch_y)
                               for xy in offset_px])
    variance = np.full(model.shape, SKY_E2)
    data = model + np.sqrt(variance + model) * random.standard_normal(model.shape)
    good = np.ones(model.shape, bool)
    if masked:
        good[0] = False
        good[1:, :, SIDE // 2 + 1] = False
    stars = star_fluxes(data, variance, good, narrow_psf(), UP, offset_px)
    return star_shapes(data, variance, stars, narrow_psf(), UP, FWHM_PX)


@pytest.mark.parametrize(("stretch_x", "stretch_y"), [
    (1.0, 1.0), (1.01, 1.01), (0.97, 0.97), (1.02, 0.98)])
def test_width_and_stretch_are_those_of_the_stars_within_their_errors(stretch_x, stretch_y):
    """The pixel is part of the width: of variance s^2 + 1/12, s^2 alone is stretched."""
    found = measured(1, stretch_x, stretch_y)

    x, y = (np.sqrt(((SIGMA_PX * one) ** 2 + 1 / 12) / (SIGMA_PX**2 + 1 / 12)) - 1
            for one in (stretch_x, stretch_y))
    sigma = np.median(found.sigma) / np.sqrt(len(found.width))
    # one linear step: the square of the departure is left
    tolerance = 5 * sigma + 2 * max(abs(x), abs(y)) ** 2
    assert np.mean(found.width) == pytest.approx((x + y) / 2, abs=tolerance)
    assert np.mean(found.along) == pytest.approx((x - y) / 2, abs=tolerance)
    assert np.mean(found.diagonal) == pytest.approx(0, abs=tolerance)


@pytest.mark.parametrize("masked", [False, True])
def test_errors_are_the_scatter_of_the_stars(masked):
    found = measured(2, n=120, masked=masked)

    pull = (found.width / found.sigma)[1:]
    assert pull.std() == pytest.approx(1, abs=5 / np.sqrt(2 * 119))
    # photons alone: the width of a Gaussian of N electrons is known to 1 / (2 sqrt(N))
    assert (found.sigma[1:] > 0.5 / np.sqrt(2e5)).all()
    assert np.isnan(found.width[0]) == masked


def test_a_stretch_along_the_diagonal():
    """A star and its copies half a pixel off, up and right: an exact second moment xy."""
    random = np.random.default_rng(3)
    away, flux_e = 0.25, 1e6
    pair = [gaussian(SIDE, (s * away, s * away), SIGMA_PX, SIGMA_PX) for s in (-1, 1)]
    model = flux_e * np.array(pair).mean(0)[None].repeat(20, 0)
    variance = np.full(model.shape, SKY_E2)
    data = model + np.sqrt(variance + model) * random.standard_normal(model.shape)
    stars = star_fluxes(data, variance, np.ones(model.shape, bool), narrow_psf(), UP,
                        np.zeros((20, 2)))

    found = star_shapes(data, variance, stars, narrow_psf(), UP, FWHM_PX)

    # moments grow by away^2 in xx, yy and xy: half of it over the variance, to first order
    expected = away**2 / (2 * (SIGMA_PX**2 + 1 / 12))
    assert np.mean(found.diagonal) == pytest.approx(expected, rel=0.1)
    assert np.mean(found.width) == pytest.approx(expected, rel=0.1)
    assert abs(np.mean(found.along)) < 5 * found.sigma[0] / np.sqrt(20)
