"""The Sersic profile as Gaussians, against integrals of the profile itself."""

from cosmouline.deconv import sersic

import numpy as np
import pytest
from scipy.integrate import quad

SHAPE = np.array([np.log(3.0), np.log(2.3), 0.12, -0.2])


def slope(function, at, step=1e-5):
    """Central difference."""
    return (function(at + step) - function(at - step)) / (2 * step)


@pytest.mark.parametrize("index", [0.5, 1.0, 2.5, 4.0])
def test_half_of_the_flux_of_the_profile_is_within_the_effective_radius(index):
    def ring(r):
        return 2 * np.pi * r * sersic.profile(r, index)

    half = quad(ring, 0, 1, limit=200)[0]
    total = half + quad(ring, 1, np.inf, limit=200)[0]

    assert total == pytest.approx(1, abs=1e-6)
    assert half == pytest.approx(0.5, abs=1e-6)


def test_table_holds_the_flux():
    total = sersic.gaussian_table().sum(1)

    steep = sersic.INDICES > 5
    assert total[1:][~steep[1:]] == pytest.approx(1, abs=0.01)
    assert total[0] == pytest.approx(1.04, abs=0.01)  # n = .5: one Gaussian, between two of ours
    assert np.all((total[steep] > 0.965) & (total[steep] < 1))
    assert sersic.gaussian_table().min() >= 0


@pytest.mark.parametrize("index", [1.0, 1.62, 3.9, 5.1])
def test_gaussians_follow_the_profile(index):
    """Within .6 % from a tenth to 2.5 effective radii: the error of 18 Gaussians."""
    radius = np.geomspace(0.1, 2.5, 60)[:, None]
    flux, _ = sersic.fluxes(np.log(index))

    gaussians = np.exp(-0.5 * (radius / sersic.SIGMAS) ** 2) / (2 * np.pi * sersic.SIGMAS**2)

    assert gaussians @ flux == pytest.approx(sersic.profile(radius[:, 0], index), rel=0.006)


@pytest.mark.parametrize("index", [0.7, 2.1, 3.33, 6.6])
def test_slope_of_the_fluxes(index):
    flux_slope = sersic.fluxes(np.log(index))[1]

    expected = slope(lambda ln_n: sersic.fluxes(ln_n)[0], np.log(index))

    assert flux_slope == pytest.approx(expected, abs=1e-7)


def test_outside_of_the_table_its_ends_hold():
    assert sersic.fluxes(np.log(0.3))[0] == pytest.approx(sersic.gaussian_table()[0])
    assert sersic.fluxes(np.log(9.0))[0] == pytest.approx(sersic.gaussian_table()[-1], abs=1e-3)


def test_shape_matrix_turns_and_flattens_at_the_same_area():
    e = 0.35
    matrix, _ = sersic.shape_matrix(np.array([e * np.cos(1.0), e * np.sin(1.0)]))

    value, vector = np.linalg.eigh(matrix)

    assert np.linalg.det(matrix) == pytest.approx(1)
    assert np.sqrt(value[0] / value[1]) == pytest.approx(np.exp(-e))
    assert abs(vector[:, 1] @ [np.cos(0.5), np.sin(0.5)]) == pytest.approx(1)


@pytest.mark.parametrize("e1_e2", [(0.0, 0.0), (0.2, -0.1)])
def test_slopes_of_the_shape_matrix(e1_e2):
    at = np.array(e1_e2)
    _, slopes = sersic.shape_matrix(at)

    for i, unit in enumerate(np.eye(2)):
        expected = slope(lambda t, unit=unit: sersic.shape_matrix(at + t * unit)[0], 0.0)
        assert slopes[i] == pytest.approx(expected, abs=1e-6)


def test_transform_of_a_disk_is_known():
    """Exponential disk of scale h: (1 + (2 pi k h)^2)^-1.5; 18 Gaussians have it to .5 %."""
    radius = 3.0
    k = np.linspace(0, 0.4, 30)

    value = sersic.transform(np.array([np.log(radius), 0, 0, 0]), np.eye(2), k, 0 * k)[0]

    scale = radius / 1.67834699
    assert value == pytest.approx((1 + (2 * np.pi * k * scale) ** 2) ** -1.5, abs=0.005)


def test_transform_through_a_map_is_that_of_the_turned_galaxy():
    angle = 0.4
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    kx, ky = np.random.default_rng(1).uniform(-0.2, 0.2, (2, 40))
    turned = SHAPE.copy()
    double = np.array(
        [[np.cos(2 * angle), -np.sin(2 * angle)], [np.sin(2 * angle), np.cos(2 * angle)]]
    )
    turned[2:] = double @ SHAPE[2:]

    through = sersic.transform(SHAPE, turn, kx, ky)[0]

    assert through == pytest.approx(sersic.transform(turned, np.eye(2), kx, ky)[0], rel=1e-9)


def test_derivatives_of_the_transform():
    kx, ky = np.random.default_rng(2).uniform(-0.3, 0.3, (2, 40))
    linear = np.array([[0.9, 0.2], [-0.1, 1.1]])
    values = sersic.transform(SHAPE, linear, kx, ky)

    for i, unit in enumerate(np.eye(4)):
        expected = slope(
            lambda t, unit=unit: sersic.transform(SHAPE + t * unit, linear, kx, ky)[0], 0.0
        )
        assert values[1 + i] == pytest.approx(expected, abs=1e-7)


def test_blurred_brightness_of_a_gaussian_galaxy():
    """Index .5 is a Gaussian of sigma re / 1.17741, which the table has to 4 %."""
    shape = np.array([np.log(2.0), np.log(0.5), 0.0, 0.0])
    offset = np.array([[0.0, 0.0], [1.5, -2.0], [4.0, 1.0]])
    variance = (2.0 / 1.17741) ** 2 + 1.3**2

    light = sersic.surface_brightness(shape, offset, 1.3)

    expected = np.exp(-0.5 * (offset**2).sum(1) / variance) / (2 * np.pi * variance)
    assert light == pytest.approx(expected, rel=0.04)


def test_brightness_sums_to_the_flux():
    axis = np.arange(-60, 61) * 0.5
    offset = np.stack(np.meshgrid(axis, axis), -1)

    light = sersic.surface_brightness(np.array([np.log(2.0), 0.0, 0.3, 0.1]), offset, 0.8)

    assert light.sum() * 0.25 == pytest.approx(1, abs=0.005)


def test_interpolated_sums_are_those_of_the_gaussians():
    """The slow obvious way, over nine decades of the exponent, and at 0."""
    exponent = -np.append(np.geomspace(1e-5, 1e4, 997), 0.0)
    flux, slope = sersic.fluxes(np.log(3.3))
    gaussians = np.exp(np.multiply.outer(exponent, sersic.SIGMAS**2))
    slow = np.stack([gaussians @ one for one in (flux, slope, flux * sersic.SIGMAS**2)])

    found = sersic.sums_of_gaussians(np.log(3.3), exponent)

    np.testing.assert_allclose(found[:2], slow[:2], atol=5e-9)
    np.testing.assert_allclose(found[2], slow[2], atol=5e-9 * slow[2].max())
    assert sersic.sums_of_gaussians(np.log(3.3), np.zeros((2, 1)))[0] == pytest.approx(flux.sum())
