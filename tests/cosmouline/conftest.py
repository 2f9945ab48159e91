"""Made-up star stamps with a PSF that no model of the library can be exactly."""

from dataclasses import dataclass, replace
from types import SimpleNamespace

import cosmouline.stamps.stamps
from cosmouline.deconv.epochs import Epochs
from cosmouline.psf.model import TARGET_SIGMA_SMALL

import numpy as np
import pytest
from scipy.special import erf

SUBPIXELS = 5  # per pixel and axis: the star is integrated over the pixels


@dataclass(frozen=True)
class TruePsf:
    """Elliptical Moffat (share 1 - lobe - halo), an off-centre lobe, and a wide halo."""

    fwhm_px: float
    beta: float = 3.0
    axis_ratio: float = 0.95
    angle: float = 0.6
    lobe: float = 0.07
    lobe_angle: float = 2.0
    halo: float = 0.03

    def density(self, x, y):
        """Flux per square pixel at offsets (x, y) of a star of unit flux."""
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        stretch = np.sqrt(self.axis_ratio)
        u, v = (cos * x + sin * y) * stretch, (cos * y - sin * x) / stretch
        core = _moffat(u, v, self.fwhm_px, self.beta)
        away = 0.35 * self.fwhm_px
        lobe_x, lobe_y = x - away * np.cos(self.lobe_angle), y - away * np.sin(self.lobe_angle)
        lobe = _moffat(lobe_x, lobe_y, 0.8 * self.fwhm_px, self.beta)
        halo = _moffat(x, y, 2.3 * self.fwhm_px, 2.5)
        return (1 - self.lobe - self.halo) * core + self.lobe * lobe + self.halo * halo

    def stamp(self, side_px, x_px, y_px):
        """Star of unit flux at an offset from the centre of a stamp, in pixels."""
        axis = (np.arange(side_px * SUBPIXELS) + 0.5) / SUBPIXELS - side_px / 2
        density = self.density(axis[None, :] - x_px, axis[:, None] - y_px)
        return density.reshape(side_px, SUBPIXELS, side_px, SUBPIXELS).mean((1, 3))


def _moffat(x, y, fwhm_px, beta):
    """Moffat of unit flux."""
    alpha = fwhm_px / (2 * np.sqrt(2 ** (1 / beta) - 1))
    return (beta - 1) / (np.pi * alpha**2) * (1 + (x * x + y * y) / alpha**2) ** -beta


def _star_stamps(seed, fwhm_px, flux_e, n_stars=6, sky_e=400.0, side_px=None, gradient=0.0, **psf):
    """Stamps of stars with fluxes between two limits, at random sub-pixel offsets.

    `gradient` is the relative change of the FWHM from one edge of the field to the other.
    """
    random = np.random.default_rng(seed)
    truth = TruePsf(fwhm_px, **psf)
    side_px = side_px or cosmouline.stamps.stamps.stamp_side(fwhm_px)
    flux_e = np.exp(random.uniform(*np.log(flux_e), n_stars))
    offset_px = random.uniform(-0.5, 0.5, (n_stars, 2))
    uv = random.uniform(-1, 1, (n_stars, 2))
    own = [replace(truth, fwhm_px=fwhm_px * (1 + gradient * u / 2)) for u in uv[:, 0]]
    stars = [p.stamp(side_px, *xy) for p, xy in zip(own, offset_px, strict=True)]
    model = flux_e[:, None, None] * np.array(stars)
    noise = np.sqrt(sky_e + model) * random.standard_normal(model.shape)
    return SimpleNamespace(
        data=model + noise,
        sky_variance=np.full(model.shape, sky_e),
        good=np.ones(model.shape, bool),
        flux_e=flux_e,
        offset_px=offset_px,
        uv=uv,
        truth=truth,
        side_px=side_px,
        fwhm_px=fwhm_px,
    )


@pytest.fixture(scope="session")
def star_stamps():
    """Give the simulator of star stamps: its result has the data, and the truth."""
    return _star_stamps


def _gaussian(side_px, xy_px, sigma_px, pixel_px=1.0):
    """Exact integrals of a Gaussian of flux 1 over pixels, its place counted from the centre."""
    edges = (np.arange(side_px + 1) - side_px / 2) * pixel_px
    x, y = (np.diff(erf((edges - at) / (np.sqrt(2) * sigma_px))) / 2 for at in xy_px)
    return np.outer(y, x)


def _lens_epochs(seed, linear=((1, 0), (0, 1)), galaxy_flux=20000.0, n_epochs=6,
                 position_px=((-2.6, 0.6), (2.9, -1.1)), second_flux=0.0):
    """Epochs of two variable sources and a galaxy; PSFs and galaxy are Gaussians: exact.

    `linear` is the map of all epochs, or one each; `second_flux` is that of a galaxy at
    (1, 6.5). Gives the epochs, and the truth.
    """
    random = np.random.default_rng(seed)
    side_px, up, sky_e2 = 32, 2, 400.0
    position_px, galaxy_px = np.array(position_px), np.array([0.3, 0.5])
    phase = 2 * np.pi * (np.arange(n_epochs)[:, None] / n_epochs + np.arange(2) / 3)
    flux = np.array([30000.0, 12000.0]) * (1 + 0.1 * np.sin(phase))
    shift_px = random.uniform(-0.4, 0.4, (n_epochs, 2))
    sigma_px, coeff = random.uniform(1.3, 1.9, n_epochs), random.uniform(0.9, 1.2, n_epochs)
    linear = np.array(np.broadcast_to(linear, (n_epochs, 2, 2)), float)
    model, psf = [], []
    for e, width in enumerate(sigma_px):
        places = position_px @ linear[e].T + shift_px[e]
        light = sum(f * _gaussian(side_px, xy, width)
                    for f, xy in zip(flux[e], places, strict=True))
        for galaxy, xy in ((galaxy_flux, galaxy_px), (second_flux, (1.0, 6.5))):
            centre = linear[e] @ xy + shift_px[e]
            light = light + galaxy * _gaussian(side_px, centre, np.hypot(width, 2.0))
        model.append(light / coeff[e])
        narrow = np.sqrt(width**2 - (TARGET_SIGMA_SMALL / up) ** 2)
        psf.append(_gaussian((side_px + 16) * up, (0, 0), narrow, 1 / up))
    model = np.array(model)
    variance = np.full(model.shape, sky_e2)
    data = model + np.sqrt(variance + model) * random.standard_normal(model.shape)
    good = np.ones(model.shape, bool)
    epochs = Epochs(data, variance, good, ~good, coeff, np.array(psf), linear,
                    shift_px + random.normal(0, 0.1, (n_epochs, 2)), 2.355 * sigma_px)
    return epochs, SimpleNamespace(flux=flux, position_px=position_px, shift_px=shift_px,
                                   galaxy_px=galaxy_px, galaxy_flux=galaxy_flux,
                                   sigma_px=sigma_px)


@pytest.fixture(scope="session")
def lens_epochs():
    """Give the simulator of the epochs of a lens."""
    return _lens_epochs
