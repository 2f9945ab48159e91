"""Forced fluxes of drawn fields against what was drawn."""

from cosmouline.psf.model import Psf
from cosmouline.psf.photometry import stars_and_slopes
from cosmouline.psf.stacks.forced import aperture_fluxes_at, psf_fluxes_at

import numpy as np
import pytest

SIDE, UP = 24, 2
PSF = Psf(np.array([np.log(2.6), 0.05, 0.02, np.log(3.0)]), None, np.zeros((SIDE * UP,) * 2), UP,
          SIDE)


def field(xy, flux, noise=1.0, seed=1, shape=(140, 150)):
    image = np.random.default_rng(seed).normal(0, noise, shape) if noise else np.zeros(shape)
    corner = np.rint(np.array(xy) - (SIDE - 1) / 2).astype(int)
    stars = stars_and_slopes(PSF.narrow(), UP, SIDE, np.array(xy) - corner - (SIDE - 1) / 2)[0]
    padded = np.pad(image, SIDE)
    for (x, y), star, f in zip(corner + SIDE, stars, flux, strict=True):
        padded[y:y + SIDE, x:x + SIDE] += f * star
    return padded[SIDE:-SIDE, SIDE:-SIDE].astype(np.float32)


def measure(image, xy, bad=None, variance=1.0, **options):
    ones = np.ones_like(image)
    bad = np.zeros(image.shape, bool) if bad is None else bad
    return psf_fluxes_at(image, variance * ones, ones, bad, np.array(xy, float), PSF, **options)


def test_fluxes_of_blends_are_exact_without_noise():
    xy, flux = [(40.2, 50.7), (43.1, 52.0), (90.0, 100.0), (1.0, 70.0)], [500.0, 200.0, 80.0, 60.0]

    found = measure(field(xy, flux, noise=0), xy)

    assert found.flux == pytest.approx(flux, rel=1e-4)
    assert found.chi2[:3] == pytest.approx(np.zeros(3), abs=1e-6)
    assert found.model == pytest.approx(field(xy, flux, noise=0), abs=1e-3)
    alone = measure(field(xy, flux, noise=0), xy, alone=True)
    assert alone.flux[1] > 1.5 * flux[1]  # the light of its neighbour is in it
    assert alone.flux[2] == pytest.approx(flux[2], rel=1e-4)


def test_errors_are_those_of_the_noise():
    """400 places in 4 draws, two of them blended: the pull is 1 +- 0.035."""
    pulls = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        x, y = np.meshgrid(np.arange(12, 300, 30.0), np.arange(12, 300, 30.0))
        xy = np.column_stack([x.ravel(), y.ravel()]) + rng.uniform(-1, 1, (100, 2))
        xy[1] = xy[0] + (3.0, 0.0)
        flux = rng.uniform(20, 60, 100)
        found = measure(field(xy, flux, 1.5, seed, (300, 300)), xy, variance=2.25)
        pulls.append((found.flux - flux) / found.sigma)
        assert found.sigma[1] > 1.02 * found.sigma[50]  # a blend is known less well
    pulls = np.concatenate(pulls)
    assert pulls.std() == pytest.approx(1.0, abs=4 * 0.035)
    assert abs(pulls.mean()) < 4 / np.sqrt(pulls.size)


def test_a_source_whose_core_is_bad_or_off_the_frame_is_not_measured():
    xy = [(40.0, 50.0), (90.0, 100.0), (300.0, 20.0)]
    bad = np.zeros((140, 150), bool)
    bad[47:54, 37:44] = True
    with np.errstate(invalid="ignore"):
        found = measure(field(xy[:2], [100, 100]), xy[:2], bad)
    assert np.isnan(found.flux[0])
    assert np.isfinite(found.flux[1])
    nothing = measure(np.zeros((140, 150), np.float32), np.zeros((0, 2)))
    assert nothing.flux.size == 0


def test_apertures_sum_what_lies_in_them():
    image = np.full((60, 60), 2.0, np.float32)
    bad = np.zeros(image.shape, bool)
    bad[30, 41] = True
    xy = np.array([(15.03, 15.05), (40.0, 30.0), (2.0, 40.0), (30.0, 45.0)])

    flux, sigma = aperture_fluxes_at(image, np.full_like(image, 4.0), bad, xy, [3.0, 5.0])

    # the slow obvious version: the subpixels, five along each axis, whose centres lie inside
    place = (np.arange(60)[:, None] + [-0.4, -0.2, 0.0, 0.2, 0.4]).ravel()
    away = np.hypot(place - 15.03, place[:, None] - 15.05)
    inside = np.array([(away < radius).sum() / 25 for radius in (3, 5)])
    assert flux[0] == pytest.approx(2 * inside, rel=1e-6)
    assert sigma[0] == pytest.approx(2 * np.sqrt(inside), rel=1e-6)
    assert np.isnan(flux[1]).all()  # a bad pixel inside
    assert np.isnan(flux[2]).all()  # beyond the edge
    assert np.isfinite(flux[3]).all()
