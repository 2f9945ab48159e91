"""Images made in Fourier space, against exact integrals over the pixels."""

from cosmouline.deconv import epoch_images
from cosmouline.psf.model import render

import numpy as np
import pytest

SIGMA = 1.4  # px, of the core of the PSF
XY = np.array([[-2.3, 1.7], [3.4, 0.2]])


def setting(pictures, side=24, upsampling=2):
    """Geometry and transfer of the made-up PSF."""
    geometry = epoch_images.Geometry(side, upsampling)
    psf = pictures["narrow_psf"](side, SIGMA, upsampling)
    return geometry, epoch_images.transfer_functions(psf[None], geometry)[0]


def slope(function, step=1e-4):
    """Central difference at 0."""
    return (function(step) - function(-step)) / (2 * step)


@pytest.mark.parametrize(("side", "upsampling"), [(24, 2), (24, 3), (40, 2), (56, 2), (25, 2)])
def test_points_are_the_exact_integrals_of_the_psf(pictures, side, upsampling):
    """The narrow PSF has no light beyond the frequencies of its grid, so nothing is lost."""
    geometry, transfer = setting(pictures, side, upsampling)

    points = epoch_images.point_images(transfer, XY, geometry)[0]

    for image, xy in zip(points, XY, strict=True):
        assert image == pytest.approx(pictures["star_image"](side, xy, SIGMA), abs=2e-7)


def test_points_are_the_stars_of_the_psf_model(pictures):
    """The other renderer samples its Gaussian, and folds what is left at the border."""
    geometry, transfer = setting(pictures)
    narrow = pictures["narrow_psf"](24, SIGMA, 2)

    points = epoch_images.point_images(transfer, XY, geometry)[0]

    stars = render(narrow, XY, 40, 2)[:, 8:-8, 8:-8]
    assert points == pytest.approx(stars, abs=1e-5)


def test_derivatives_of_points(pictures):
    geometry, transfer = setting(pictures)
    points = epoch_images.point_images(transfer, XY, geometry)

    for axis in (0, 1):
        step = np.eye(2)[axis]
        expected = slope(
            lambda t, step=step: epoch_images.point_images(transfer, XY + t * step, geometry)[0]
        )
        assert points[1 + axis] == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("turn_deg", [0, 30, 180])
def test_galaxy_is_that_drawn_on_fine_pixels(pictures, turn_deg):
    """18 Gaussians have the profile to some per cent, light integrated by the PSF to .3 %."""
    angle = np.radians(turn_deg)
    linear = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    e = -np.log(0.7) * np.array([np.cos(np.pi / 3), np.sin(np.pi / 3)])
    shape = np.array([np.log(2.5), np.log(2.0), *e])
    centre, shift = np.array([1.2, -0.7]), np.array([0.3, 0.1])
    geometry, transfer = setting(pictures, 32)

    spectra = epoch_images.galaxy_spectra(shape, linear, geometry)
    image = epoch_images.galaxy_images(transfer, spectra, linear @ centre + shift, geometry)[0]

    drawn = pictures["sersic_image"](32, shift, SIGMA, 2.5, 2.0, linear.T, centre)
    assert image == pytest.approx(drawn, abs=0.003 * drawn.max())
    assert image.sum() == pytest.approx(drawn.sum(), abs=0.003)


def test_derivatives_of_the_galaxy(pictures):
    geometry, transfer = setting(pictures)
    shape, xy = np.array([np.log(2.5), np.log(2.0), 0.1, -0.2]), np.array([0.4, -1.1])
    linear = np.array([[0.8, 0.6], [-0.6, 0.8]])

    def image(change):
        spectra = epoch_images.galaxy_spectra(shape + change[:4], linear, geometry)
        return epoch_images.galaxy_images(transfer, spectra, xy + change[4:], geometry)

    centre = image(np.zeros(6))

    for i, unit in enumerate(np.eye(6)):
        expected = slope(lambda t, unit=unit: image(t * unit)[0])
        assert centre[1 + i] == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("side", [24, 25])
def test_nodes_are_gaussians_seen_through_the_narrow_psf(pictures, side):
    geometry, transfer = setting(pictures, side)
    linear, shift = np.array([[0.0, -1.0], [1.0, 0.0]]), np.array([0.2, -0.4])
    band = epoch_images.base_band(transfer, geometry)
    waves = epoch_images.node_waves(XY, 1.5, linear, shift, geometry)

    nodes = epoch_images.node_images(band, waves, geometry)

    extra = np.sqrt(1.5**2 - (2 / (2 * np.sqrt(2 * np.log(2))) / 2) ** 2)  # no point Gaussian
    for node, xy in zip(nodes, XY @ linear.T + shift, strict=True):
        assert node == pytest.approx(pictures["star_image"](side, xy, SIGMA, extra), abs=1e-5)


def test_field_is_the_sum_of_its_nodes_with_derivatives(pictures):
    geometry, transfer = setting(pictures)
    band, flux = epoch_images.base_band(transfer, geometry), np.array([2.0, -0.7])

    def field(shift):
        waves = epoch_images.node_waves(XY, 1.5, np.eye(2), np.array(shift), geometry)
        return epoch_images.field_images(band, waves, flux, geometry)

    waves = epoch_images.node_waves(XY, 1.5, np.eye(2), np.zeros(2), geometry)
    nodes = epoch_images.node_images(band, waves, geometry)
    centre = field([0.0, 0.0])

    assert centre[0] == pytest.approx(np.tensordot(flux, nodes, axes=1), abs=1e-12)
    assert centre[1] == pytest.approx(slope(lambda t: field([t, 0.0])[0]), abs=1e-7)
    assert centre[2] == pytest.approx(slope(lambda t: field([0.0, t])[0]), abs=1e-7)


@pytest.mark.parametrize("side", [24, 25])
def test_products_with_nodes_are_those_of_their_images(pictures, side):
    geometry, transfer = setting(pictures, side)
    band = epoch_images.base_band(transfer, geometry)
    waves = epoch_images.node_waves(XY, 1.1, np.eye(2), np.array([0.3, 0.1]), geometry)
    stamps = np.random.default_rng(3).normal(size=(5, side, side))

    products = epoch_images.on_nodes(stamps, band, waves, geometry)

    nodes = epoch_images.node_images(band, waves, geometry)
    assert products == pytest.approx(np.tensordot(nodes, stamps, axes=((1, 2), (1, 2))), abs=1e-10)


@pytest.mark.parametrize("shape", ["gaussian", "moffat"])
def test_a_wider_psf_is_the_psf_of_a_larger_scale(shape):
    geometry = epoch_images.Geometry(32, 2)
    x = np.arange(64) - 31.5
    r2 = x[:, None] ** 2 + 1.3 * x**2

    def psf(width):
        r = r2 / (4.0 * (1 + width)) ** 2
        profile = np.exp(-r / 2) if shape == "gaussian" else (1 + r) ** -3.0
        return profile[None] / (1 + width) ** 2

    derivative = epoch_images.width_derivatives(psf(0.0), geometry)

    up, down = (epoch_images.transfer_functions(psf(w), geometry) for w in (1e-3, -1e-3))
    expected = (up - down) / 2e-3
    # the Moffat ends at the edge of its grid, where a wider one has lost more: 1 % of the light
    limit = 1e-4 if shape == "gaussian" else 0.02
    assert np.abs(derivative - expected).max() < limit * np.abs(expected).max()
