from cosmouline.deconv.result import Galaxy
from cosmouline.injection.scene import Scene, scene_light, seed_of, with_photons

import numpy as np
import pytest
from scipy.special import erf

SIDE, UP, SIGMA_PX = 32, 3, 2.0
SMALL = 2 / (2 * np.sqrt(2 * np.log(2))) / UP  # pixels: the Gaussian of FWHM 2 small pixels


def gaussian(side, xy, sigma, pixel=1.0):
    """Exact integrals of a Gaussian of flux 1 over the pixels, about the middle."""
    edges = (np.arange(side + 1) - side / 2) * pixel
    x, y = (np.diff(erf((edges - c) / (np.sqrt(2) * sigma))) / 2 for c in xy)
    return np.outer(y, x)


NARROW = gaussian((SIDE + 16) * UP, (0, 0), np.sqrt(SIGMA_PX**2 - SMALL**2), 1 / UP)


def scene(galaxy_flux=0.0, nodes=(), node_flux=(), width=0.0):
    return Scene(np.array([[3.0, 1.0], [-4.2, -2.5]]),
                 Galaxy(galaxy_flux, 2.0, 1.0, 0.0, 0.0, 0.5, -0.5),
                 np.reshape(nodes, (-1, 2)), np.array(node_flux, float), 1.2, 2, width, UP)


def test_point_sources_stand_where_map_and_origin_put_them():
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    points, extended = scene_light(scene(), np.array([1000.0, 300.0]), NARROW, turn,
                                   np.array([0.3, -0.2]), SIDE)
    # (x, y) of the frame = turn (x, y) + origin; the exact integral of the same Gaussian
    expected = (1000 * gaussian(SIDE, (-1.0 + 0.3, 3.0 - 0.2), SIGMA_PX)
                + 300 * gaussian(SIDE, (2.5 + 0.3, -4.2 - 0.2), SIGMA_PX))

    assert points == pytest.approx(expected, abs=2e-3 * expected.max())
    assert not extended.any()


def test_extended_light_has_its_flux_and_scale():
    _, light = scene_light(scene(500.0, [(0, 0)], [200.0]), np.zeros(2), NARROW, np.eye(2),
                           np.zeros(2), SIDE, 1.5)

    assert light.sum() == pytest.approx(1.5 * 700, rel=0.02)  # what leaves the stamp


def test_wider_images_have_the_same_flux_and_a_lower_peak():
    flux = np.array([1000.0, 0.0])
    plain, wide = (scene_light(scene(width=w), flux, NARROW, np.eye(2), np.zeros(2), SIDE)[0]
                   for w in (0.0, 0.02))

    assert wide.sum() == pytest.approx(plain.sum(), rel=1e-4)
    assert wide.max() / plain.max() == pytest.approx(1 / 1.02**2, rel=3e-3)


def test_photons_have_the_variance_of_the_light_and_negative_light_has_none():
    light = np.full((200, 200), 50.0)
    light[0] = -3.0
    drawn = with_photons(light, np.random.default_rng(1))

    assert (drawn[0] == -3).all()
    # 39800 values: the mean to 0.035, the variance to 0.7 %
    assert drawn[1:].mean() == pytest.approx(50, abs=5 * 0.036)
    assert drawn[1:].var() == pytest.approx(50, rel=5 * 0.0071)


def test_a_seed_is_of_image_and_site():
    assert seed_of("ab", "c") != seed_of("a", "bc")
    assert seed_of("ab", "c") == seed_of("ab", "c")
