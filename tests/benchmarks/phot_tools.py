"""Made-up star stamps for the benchmarks of the photometry: a PSF that no model of ours is."""

from dataclasses import dataclass

from cosmouline.stamps.stamps import stamp_side

import numpy as np

SUBPIXELS = 5  # per pixel and axis: the star is integrated over the pixels


@dataclass(frozen=True)
class TruePsf:
    """Elliptical Moffat with an off-centre lobe and a wide halo."""

    fwhm_px: float
    beta: float = 3.0
    lobe: float = 0.07
    lobe_angle: float = 2.0
    halo: float = 0.03

    def density(self, x, y):
        """Flux per square pixel at offsets (x, y) of a star of unit flux."""
        core = moffat(0.97 * x, y / 0.97, self.fwhm_px, self.beta)
        away = 0.35 * self.fwhm_px
        at = away * np.cos(self.lobe_angle), away * np.sin(self.lobe_angle)
        lobe = moffat(x - at[0], y - at[1], 0.8 * self.fwhm_px, self.beta)
        halo = moffat(x, y, 2.3 * self.fwhm_px, 2.5)
        return (1 - self.lobe - self.halo) * core + self.lobe * lobe + self.halo * halo

    def stamps(self, side_px, offset_px):
        """Stars of unit flux at offsets from the centres of stamps, shape (n, side, side)."""
        axis = (np.arange(side_px * SUBPIXELS) + 0.5) / SUBPIXELS - side_px / 2
        fine = [self.density(axis[None, :] - x, axis[:, None] - y) for x, y in offset_px]
        shape = len(fine), side_px, SUBPIXELS, side_px, SUBPIXELS
        return np.reshape(fine, shape).mean((2, 4))


def moffat(x, y, fwhm_px, beta):
    """Moffat of unit flux."""
    alpha = fwhm_px / (2 * np.sqrt(2 ** (1 / beta) - 1))
    return (beta - 1) / (np.pi * alpha**2) * (1 + (x * x + y * y) / alpha**2) ** -beta


@dataclass(frozen=True, eq=False)
class StarFrame:
    """The stars of one image: transparency, and stamps in electrons without sky."""

    fwhm_px: float
    coeff: float
    data_e: np.ndarray
    sky_variance_e2: np.ndarray
    offset_px: np.ndarray
    enclosed: np.ndarray

    @property
    def good(self):
        """All pixels are."""
        return np.ones(self.data_e.shape, bool)


def star_frame(random, star_flux_e, fwhm_px, sky_e=400.0):
    """Draw the stars once more, through another atmosphere."""
    n_stars, side_px = len(star_flux_e), stamp_side(fwhm_px)
    coeff = np.clip(random.normal(0.85, 0.15), 0.3, 1.1)
    psf = TruePsf(fwhm_px, random.uniform(2.6, 3.6), random.uniform(0.03, 0.09),
                  random.uniform(0, 2 * np.pi), random.uniform(0.02, 0.05))
    offset_px = random.uniform(-0.5, 0.5, (n_stars, 2))
    stars = psf.stamps(side_px, offset_px)
    model = coeff * star_flux_e[:, None, None] * stars
    data_e = model + np.sqrt(sky_e + model) * random.standard_normal(model.shape)
    return StarFrame(fwhm_px, coeff, data_e, np.full(model.shape, sky_e), offset_px,
                     stars.sum((1, 2)))


def star_fluxes_between(random, least, greatest, n_stars):
    """Fluxes of stars, as many in each magnitude."""
    return np.exp(random.uniform(np.log(least), np.log(greatest), n_stars))
