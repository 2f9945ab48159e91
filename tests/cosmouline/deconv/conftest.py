"""Made-up stamps with known truth, drawn without any code of the fit.

The PSF is a sum of two Gaussians, integrated exactly over pixels with the error function; its
narrow form, which the fit takes, is the same sum with the variance of the Gaussian of FWHM 2
small pixels taken off, integrated over small pixels. The galaxy is a Sersic profile evaluated at
4 x 4 points in each of 4 x 4 parts of a pixel and folded with the PSF.
"""

from dataclasses import dataclass

from cosmouline.deconv.epochs import Epochs
from cosmouline.deconv.fit_lens import fit_lens
from cosmouline.deconv.gauss_newton import fit_all
from cosmouline.deconv.options import FitOptions
from cosmouline.deconv.pixels import first_pixels
from cosmouline.deconv.problem import make_lattice, make_prior, make_problem, start_state

import numpy as np
import pytest
from scipy.special import erf, gamma, gammaincinv

SHARES = (0.8, 0.2)  # of the light in the two Gaussians of the PSF
WIDTHS = (1.0, 2.0)  # their sigmas, relative
PARTS = 4  # of a pixel along each axis, where the galaxy is drawn
POINT_SIGMA = 2 / (2 * np.sqrt(2 * np.log(2)))  # small pixels


def gaussian_image(side, xy, sigma, pixel=1.0):
    """Exact integrals of a Gaussian of flux 1 over the pixels of a stamp."""
    edges = (np.arange(side + 1) - side / 2) * pixel
    x, y = (np.diff(erf((edges - centre) / (np.sqrt(2) * sigma))) / 2 for centre in xy)
    return np.outer(y, x)


def star_image(side, xy, sigma, extra=0.0):
    """Star of flux 1, or a Gaussian source of sigma `extra` in its place."""
    sigmas = [np.hypot(width * sigma, extra) for width in WIDTHS]
    return sum(
        share * gaussian_image(side, xy, s) for share, s in zip(SHARES, sigmas, strict=True)
    )


def narrow_psf(side, sigma, upsampling):
    """Narrow PSF of a stamp of `side` pixels and its padding of 16."""
    n_small = (side + 16) * upsampling
    sigmas = [np.sqrt((width * sigma) ** 2 - (POINT_SIGMA / upsampling) ** 2) for width in WIDTHS]
    return sum(
        share * gaussian_image(n_small, (0, 0), s, 1 / upsampling)
        for share, s in zip(SHARES, sigmas, strict=True)
    )


def sersic_image(side, xy, sigma, radius, index, inverse, centre=(0.0, 0.0)):
    """Sersic galaxy of flux 1, axis ratio .7 at 30 degrees, seen through a map and the PSF."""
    wide = side + 16
    n = wide * PARTS * PARTS
    axis = (np.arange(n) + 0.5) / PARTS**2 - wide / 2
    image_xy = np.stack(np.meshgrid(axis - xy[0], axis - xy[1]))
    x, y = np.tensordot(inverse, image_xy, axes=1) - np.reshape(centre, (2, 1, 1))
    c, s, q = np.cos(np.pi / 6), np.sin(np.pi / 6), 0.7
    r2 = ((c * x + s * y) ** 2 * q + (c * y - s * x) ** 2 / q) / radius**2
    b = gammaincinv(2 * index, 0.5)
    total = 2 * np.pi * index * np.exp(b) * b ** (-2 * index) * gamma(2 * index) * radius**2
    light = np.exp(-b * (r2 ** (1 / (2 * index)) - 1)) / total / PARTS**4
    light = light.reshape(wide * PARTS, PARTS, wide * PARTS, PARTS).sum((1, 3))
    kernel = star_image(wide * PARTS - 1, (0, 0), sigma * PARTS)
    # their convolution, its edges cut off (scipy.signal takes a second to import)
    shape, edge = 2 * (2 * len(light),), len(kernel) // 2
    seen = np.fft.irfft2(np.fft.rfft2(light, shape) * np.fft.rfft2(kernel, shape), shape)
    seen = seen[edge:, edge:][: len(light), : len(light)]
    return seen.reshape(wide, PARTS, wide, PARTS).sum((1, 3))[8:-8, 8:-8]


@dataclass(frozen=True)
class Truth:
    """What was drawn: fluxes (n_epochs, n_sources), positions, shifts, sigma of the PSFs."""

    flux: np.ndarray
    position_px: np.ndarray
    shift_px: np.ndarray
    sigma_px: np.ndarray


def draw_epochs(
    seed,
    n_epochs=6,
    side=32,
    flux=(30000.0, 12000.0),
    position_px=((-2.6, 0.6), (2.9, -1.1)),
    galaxy_flux=20000.0,
    turns_deg=(0.0,),
    noise=True,
    upsampling=2,
    sky_sigma_e=20.0,
    shines=1.0,
    linear=None,
    relative_coeff=1.0,
    camera=None,
):
    """Epochs of variable sources, and their truth.

    `shines` multiplies the fluxes, `relative_coeff` the coefficients; `linear` goes before the
    turns. `galaxy_flux` may differ from epoch to epoch.
    """
    rng = np.random.default_rng(seed)
    position_px = np.array(position_px, float)
    phase = 2 * np.pi * (np.arange(n_epochs)[:, None] / n_epochs + np.arange(len(flux)) / 3)
    truth = Truth(
        np.array(flux) * (1 + 0.1 * np.sin(phase)) * shines,
        position_px,
        rng.uniform(-0.4, 0.4, (n_epochs, 2)),
        rng.uniform(1.3, 1.9, n_epochs),
    )
    coeff = rng.uniform(0.9, 1.2, n_epochs) * relative_coeff
    galaxy_flux = np.broadcast_to(galaxy_flux, n_epochs)
    angles = np.radians(np.resize(turns_deg, n_epochs))
    if linear is None:
        linear = np.array([[[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]] for t in angles])
    data, variance = [], np.full((n_epochs, side, side), sky_sigma_e**2)
    for e in range(n_epochs):
        places = position_px @ linear[e].T + truth.shift_px[e]
        model = sum(
            f * star_image(side, xy, truth.sigma_px[e])
            for f, xy in zip(truth.flux[e], places, strict=True)
        )
        if galaxy_flux[e]:
            inverse = np.linalg.inv(linear[e])
            model = model + galaxy_flux[e] * np.abs(np.linalg.det(inverse)) * sersic_image(
                side, truth.shift_px[e], truth.sigma_px[e], 2.5, 2.0, inverse
            )
        model = model / coeff[e]
        sigma = np.sqrt(variance[e] + model) * noise
        data.append(model + sigma * rng.standard_normal(model.shape) + 3.0 * noise)
    good = np.ones(variance.shape, bool)
    epochs = Epochs(
        data_e=np.array(data),
        sky_variance_e2=variance,
        good=good,
        cosmic=~good,
        coeff=coeff,
        psf=np.array([narrow_psf(side, s, upsampling) for s in truth.sigma_px]),
        linear=linear,
        shift_px=truth.shift_px + rng.normal(0, 0.1, (n_epochs, 2)),
        fwhm_px=truth.sigma_px * 2.4,
        camera=camera,
    )
    return epochs, truth


@pytest.fixture(scope="session")
def draw():
    """Give `draw_epochs`."""
    return draw_epochs


@pytest.fixture(scope="session")
def pictures():
    """Give the drawing functions: gaussian_image, star_image, narrow_psf, sersic_image."""
    return {f.__name__: f for f in (gaussian_image, star_image, narrow_psf, sersic_image)}


def begin(epochs, position_px, options):
    """Problem and state of a fit that begins at given positions."""
    pixels = first_pixels(epochs)
    lattice = make_lattice(position_px, epochs.fwhm_px, options)
    prior = make_prior(position_px, position_px, epochs.shift_px, epochs.fwhm_px, options)
    problem = make_problem(epochs, pixels.good, pixels.variance_e2, lattice, prior)
    return problem, start_state(prior, position_px, epochs.shift_px, lattice)


@pytest.fixture(scope="session")
def start():
    """Give `begin`."""
    return begin


@pytest.fixture(scope="session")
def fitted():
    """Four epochs of two sources and a galaxy on a coarse lattice: a `Fitted`."""
    epochs, truth = draw_epochs(seed=2, n_epochs=4, side=24)
    options = FitOptions(node_step_fwhm=0.5)
    problem, state = begin(epochs, truth.position_px, options)
    return fit_all(problem, state, options, lambda stage, **values: None)


@pytest.fixture(scope="session")
def lens():
    """Six epochs of two sources and a galaxy: (epochs, truth, fit)."""
    epochs, truth = draw_epochs(seed=1)
    options = FitOptions(sky_sigma_factor=1.0)
    return epochs, truth, fit_lens(epochs, truth.position_px + 0.1, options)
