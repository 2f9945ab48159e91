"""Compare PSF and aperture fluxes of made-up stars that are narrow against the pixels.

Run as: python tests/benchmarks/undersampled_stars.py [images per line, default 20]

Ten stars of 1e5 to 1e6 e- at random places on their pixels. Columns: median over the stars of the
scatter of normalised fluxes from image to image, in per cent, by the PSF and in apertures of
several radii (in FWHM), placed where the PSF fit found the stars; the errors that the PSF quotes.
"""

import sys

from cosmouline.photometry.aperture import aperture_fluxes
from cosmouline.photometry.coefficient_fit import normalise
from cosmouline.psf.fit import PsfOptions, fit_psf
from cosmouline.psf.photometry import star_fluxes

import numpy as np
from phot_tools import star_fluxes_between, star_frame

RADII_FWHM = (1.0, 1.25, 1.5, 2.0)
LINES = ((1.7, 3), (2.0, 2), (2.5, 2), (3.5, 2))  # FWHM in pixels, upsampling
N_STARS = 10


def in_apertures(frame, stars, radii_px):
    """Return fluxes and errors, shape (n_stars, n_radii), each star on its own stamp."""
    middle = (frame.data_e.shape[-1] - 1) / 2
    found = [aperture_fluxes(data, 0.0, np.sqrt(frame.sky_variance_e2[0, 0, 0]), [middle + x],
                             [middle + y], radii_px)
             for data, x, y in zip(frame.data_e, stars.x_px, stars.y_px, strict=True)]
    return np.array([f.flux_e[0] for f in found]), np.array([f.sigma_e[0] for f in found])


def scatter(flux, sigma):
    """Return the median over the stars of the scatter of normalised fluxes, in per cent."""
    found = normalise(flux, sigma)
    residual = np.where(found.used, found.residual, np.nan)
    return 100 * np.median(np.nanstd(residual, axis=0)) * np.sqrt(N_STARS / (N_STARS - 1))


def line(fwhm_px, upsampling, n_images):
    """Print one line."""
    random = np.random.default_rng(int(10 * fwhm_px))
    star_flux_e = star_fluxes_between(random, 1e5, 1e6, N_STARS)
    fluxes, sigmas = [], []
    for _ in range(n_images):
        frame = star_frame(random, star_flux_e, fwhm_px * random.uniform(0.95, 1.05))
        given = frame.data_e, frame.sky_variance_e2, frame.good
        fit = fit_psf(*given, frame.fwhm_px, PsfOptions(upsampling=upsampling))
        stars = star_fluxes(*given, fit.psf.narrow(), upsampling, frame.offset_px)
        radii_px = np.array(RADII_FWHM) * frame.fwhm_px
        flux, sigma = in_apertures(frame, stars, radii_px)
        fluxes.append(np.column_stack([stars.flux_e, flux]))
        sigmas.append(np.column_stack([stars.flux_sigma_e, sigma]))
    fluxes, sigmas = np.array(fluxes), np.array(sigmas)
    found = [scatter(fluxes[..., k], sigmas[..., k]) for k in range(fluxes.shape[-1])]
    quoted = 100 * np.median(sigmas[..., 0] / fluxes[..., 0])
    apertures = " ".join(f"{r}: {v:.3f}" for r, v in zip(RADII_FWHM, found[1:], strict=True))
    print(f"FWHM {fwhm_px} px: PSF (upsampling {upsampling}) {found[0]:.3f}, quoted {quoted:.3f};"
          f" apertures {apertures}", flush=True)


if __name__ == "__main__":
    for fwhm, up in LINES:
        line(fwhm, up, int(sys.argv[1]) if len(sys.argv) > 1 else 20)
