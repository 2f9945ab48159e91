"""Galaxies: total flux, half light, and pixels by a slow sum."""

from cosmouline.skymaker.pointspread import PointSpread, add_point
from cosmouline.skymaker.sersic import add_galaxy, density, radius_px

import numpy as np
import pytest

ROUND = PointSpread(4.0, 3.5)


def galaxy(psf, shape, x_px=100.2, y_px=99.7, size=(201, 203)):
    """Image of a galaxy of unit flux."""
    image = np.zeros(size)
    add_galaxy(image, x_px, y_px, 1.0, psf, shape)
    return image


@pytest.mark.parametrize("n_sersic", [0.5, 1.0, 2.5, 4.0])
def test_profile_holds_half_of_its_light_in_the_half_light_radius(n_sersic):
    edges = np.linspace(0, 1, 20001) ** 3 * 5.0  # crowded at the cusp
    radii, widths = 0.5 * (edges[1:] + edges[:-1]), np.diff(edges)

    inside = np.sum(2 * np.pi * radii * density(radii, 0.0, 5.0, n_sersic, 1.0, 0.0) * widths)

    assert inside == pytest.approx(0.5, abs=1e-5)


def test_gaussian_is_the_sersic_of_index_one_half():
    sigma = 3.0

    light = density(np.array([0.0, 4.0]), 0.0, sigma * np.sqrt(2 * np.log(2)), 0.5, 1.0, 0.0)

    expected = np.exp(-0.5 * np.array([0.0, 4.0]) ** 2 / sigma**2) / (2 * np.pi * sigma**2)
    np.testing.assert_allclose(light, expected)


def test_radius_leaves_out_what_is_asked_for():
    assert radius_px(5.0, 2.0, 1.0, lost=0.5) == pytest.approx(5.0)
    assert radius_px(5.0, 2.0, 0.64, lost=0.5) == pytest.approx(5.0 / 0.8)


@pytest.mark.parametrize("r_eff_px", [0.1, 2.5])
@pytest.mark.parametrize(("n_sersic", "lost"), [(1.0, 1e-3), (4.0, 4e-3)])
def test_total_flux(r_eff_px, n_sersic, lost):
    # at most 0.2 % of the galaxy and 0.2 % of its PSF lie beyond the square
    image = galaxy(ROUND, (r_eff_px, n_sersic, 0.8, 0.5), 170.2, 169.7, (341, 341))

    assert 1 - lost < image.sum() < 1 + 1e-4


def test_light_centre_is_the_position():
    image = galaxy(ROUND, (2.0, 1.0, 0.7, 0.5))[60:141, 60:141]
    y, x = np.indices(image.shape) + 60

    assert (x * image).sum() / image.sum() == pytest.approx(100.2, abs=2e-3)
    assert (y * image).sum() / image.sum() == pytest.approx(99.7, abs=2e-3)


def test_major_axis_points_along_its_angle():
    image = galaxy(ROUND, (4.0, 1.0, 0.5, np.radians(30.0)), 100.0, 100.0)[50:151, 50:151]
    y, x = np.indices(image.shape) - 50

    xx, yy, xy = ((term * image).sum() for term in (x * x, y * y, x * y))

    assert np.degrees(0.5 * np.arctan2(2 * xy, xx - yy)) == pytest.approx(30.0, abs=0.1)


@pytest.mark.parametrize("fwhm_px", [2.0, 4.0])
def test_pixels_of_a_cusp_by_a_slow_sum(fwhm_px):
    from scipy.signal import fftconvolve  # takes a second

    psf, shape, n_cells, n_sub = PointSpread(fwhm_px, 3.5, 0.05, 0.03), (3.5, 4.0, 0.8, 0.5), 9, 10
    cells = (np.arange(41 * n_cells) - 41 * n_cells // 2) / n_cells
    subs = ((np.arange(n_sub) + 0.5) / n_sub - 0.5) / n_cells
    fine = (cells[:, None] + subs).ravel()
    light = density(fine[None, :] - 0.2, fine[:, None] + 0.3, *shape)
    light = light.reshape(cells.size, n_sub, cells.size, n_sub).mean(axis=(1, 3))

    slow = fftconvolve(light, psf.density(cells[None, :], cells[:, None]), mode="same")
    slow = slow.reshape(41, n_cells, 41, n_cells).sum(axis=(1, 3)) / n_cells**4

    image = galaxy(psf, shape, 20.2, 19.7, (41, 41))
    # what N_CELLS promises for the sharper one
    np.testing.assert_allclose(image[10:31, 10:31], slow[10:31, 10:31], atol=1e-3 * slow.max())


def test_tiny_galaxy_is_a_point_source():
    from_stars = np.zeros((201, 203))
    add_point(from_stars, 100.2, 99.7, 1.0, ROUND)

    image = galaxy(ROUND, (0.02, 1.0, 1.0, 0.0))

    # its cell counts as filled: the image is narrower by the variance 1 / 108 of 3 px2, 0.3 %
    np.testing.assert_allclose(image, from_stars, atol=5e-3 * from_stars.max())


def test_galaxy_at_the_edge_is_cut_and_outside_it_is_nothing():
    shape = (2.0, 1.0, 0.7, 0.5)

    whole = galaxy(ROUND, shape, 100.2, 99.7)

    np.testing.assert_allclose(galaxy(ROUND, shape, 10.2, 9.7), np.pad(whole[90:, 90:], (0, 90)))
    assert galaxy(ROUND, shape, -300.0, 50.0).sum() == 0
