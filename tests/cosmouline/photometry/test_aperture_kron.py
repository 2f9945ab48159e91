from cosmouline.photometry.aperture import kron_fluxes

import numpy as np
import pytest

SIGMA_PX = 3.0
FWHM_PX = 2.3548 * SIGMA_PX


def star(flux_e, x_px, y_px, shape=(160, 160)):
    y, x = np.indices(shape)
    r2 = (x - x_px) ** 2 + (y - y_px) ** 2
    return flux_e / (2 * np.pi * SIGMA_PX**2) * np.exp(-r2 / (2 * SIGMA_PX**2)) + 100.0


def test_the_radius_of_a_gaussian_star_is_that_of_its_first_moment():
    """The mean radius of a Gaussian of light is sigma sqrt(pi / 2) (Kron 1980)."""
    flux, sigma, radius = kron_fluxes(star(1e5, 80.2, 79.7), 100.0, np.array([5.0]),
                                      np.array([80.2]), np.array([79.7]), FWHM_PX)

    expected_px = 3.5 * SIGMA_PX * np.sqrt(np.pi / 2)
    assert radius[0] == pytest.approx(expected_px, rel=0.02)  # pixels are summed as points
    assert flux[0] == pytest.approx(1e5, rel=1e-3)
    assert sigma[0] == pytest.approx(np.sqrt(np.pi * radius[0] ** 2 * 25 + flux[0]))


def test_a_star_at_the_edge_has_no_flux():
    flux, sigma, radius = kron_fluxes(star(1e5, 5.0, 80.0), 100.0, np.full(2, 5.0),
                                      np.array([5.0, -9.0]), np.full(2, 80.0), FWHM_PX)

    assert np.isnan([flux, sigma, radius]).all()


def test_a_star_in_the_noise_keeps_a_least_aperture():
    """One hot pixel has no extent: its aperture is 1.5 FWHM nevertheless."""
    frame = np.full((160, 160), 100.0)
    frame[80, 80] += 1e4

    flux, _, radius = kron_fluxes(frame, 100.0, np.array([5.0]), np.array([80.0]),
                                  np.array([80.0]), FWHM_PX)

    assert radius[0] == pytest.approx(1.5 * FWHM_PX)
    assert flux[0] == pytest.approx(1e4, rel=1e-5)
