"""Adaptive moments with an elliptical weight: Gaussians by theory, GalSim where it is there."""

from cosmouline.sources.ccds.elliptical_moments import cut_around, elliptical_moments

import numpy as np
import pytest


def gaussian(side, centre, moments, flux=1.0):
    axis = np.arange(side) - (side - 1) / 2
    dx, dy = axis[None, :] - centre[0], axis[:, None] - centre[1]
    inverse = np.linalg.inv(moments)
    return flux / (2 * np.pi * np.sqrt(np.linalg.det(moments))) * np.exp(-0.5 * (
        inverse[0, 0] * dx**2 + 2 * inverse[0, 1] * dx * dy + inverse[1, 1] * dy**2))


def test_a_gaussian_has_its_own_moments():
    moments = np.array([[5.0, 1.2], [1.2, 3.0]])
    found = elliptical_moments(gaussian(41, (0.3, -0.4), moments, 70.0)[None])
    expected = (0.3, -0.4, 2 / 8, 2.4 / 8, np.linalg.det(moments) ** 0.25, 70.0)
    # the sampling of a sigma of 1.6 px and the edge of the stamp change nothing below 1e-6
    assert np.allclose([one[0] for one in found], expected, atol=1e-5)


def test_what_cannot_be_measured_is_nan():
    stamps = np.stack([np.zeros((21, 21)), -gaussian(21, (0, 0), 3 * np.eye(2)),
                       gaussian(21, (9, 9), 2 * np.eye(2)), gaussian(21, (0, 0), 2 * np.eye(2))])
    found = elliptical_moments(stamps)
    assert np.isnan(found.e1).tolist() == [True, True, True, False]


def test_bad_pixels_count_as_dark():
    stamp = gaussian(31, (0, 0), 4 * np.eye(2))
    spoilt, good = stamp.copy(), np.ones(stamp.shape, dtype=bool)
    spoilt[3, 3], good[3, 3] = np.nan, False
    found = elliptical_moments(np.stack([stamp, spoilt]), np.stack([good | True, good]))
    assert found.sigma_px[1] == pytest.approx(found.sigma_px[0], rel=1e-6)


def test_stamps_beyond_the_edge_are_filled():
    image = np.arange(20.0).reshape(4, 5)
    stamps = cut_around(image, np.array([2.2, -40.0, 4.0, np.nan]), np.array([1.4, 1, 3, 1]), 3,
                        -1.0)
    assert np.array_equal(stamps[0], image[0:3, 1:4])
    assert (stamps[1] == -1).all()
    assert stamps[2].tolist() == [[13, 14, -1], [18, 19, -1], [-1, -1, -1]]
    assert (stamps[3] == -1).all()
    outside = cut_around(image, np.array([40.0, 1.0, 40.0]), np.array([1.0, 40.0, 40.0]), 3, -1.0)
    assert (outside == -1).all()


def test_against_galsim():
    galsim = pytest.importorskip("galsim")
    rng = np.random.default_rng(1)
    psf = galsim.Moffat(beta=3.5, fwhm=0.7)
    stamps = np.array([galsim.Convolve(galsim.Exponential(half_light_radius=size).shear(
        g1=g1, g2=g2), psf).drawImage(nx=51, ny=51, scale=0.187, dtype=float).array
        for size, g1, g2 in rng.uniform((0.2, -0.3, -0.3), (0.7, 0.3, 0.3), (10, 3))])
    found = elliptical_moments(stamps)
    for k, stamp in enumerate(stamps):
        hsm = galsim.hsm.FindAdaptiveMom(galsim.Image(stamp.copy()))
        assert found.e1[k] == pytest.approx(hsm.observed_e1, abs=1e-5)
        assert found.e2[k] == pytest.approx(hsm.observed_e2, abs=1e-5)
        assert found.sigma_px[k] == pytest.approx(hsm.moments_sigma, rel=1e-5)
        assert found.flux[k] == pytest.approx(hsm.moments_amp, rel=1e-5)
