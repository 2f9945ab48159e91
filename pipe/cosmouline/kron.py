"""Kron's photometry: apertures as large as each star looks, COSMOULINE's FLUX_AUTO."""

from cosmouline.badpix import mend_pixels
from cosmouline.moments import FWHM_PER_SIGMA
from cosmouline.sep_tools import usable_pixels

import numpy as np
import sep

FIRST_RADIUS_FWHM = 3.0  # within it the first moment of the light is measured
KRON_FACTOR = 3.5  # of COSMOULINE's SExtractor settings
LEAST_RADIUS_FWHM = 1.5  # COSMOULINE: 10 px whatever the seeing


def kron_fluxes(image_e, sky_level_e, sky_sigma_e, x_px, y_px, fwhm_px, bad=None):
    """Measure stars in round apertures of 3.5 times the first moment of their light.

    Parameters
    ----------
    image_e : ndarray of float, shape (ny, nx)
        Frame in electrons, sky included. NaN pixels are bad.
    sky_level_e : ndarray of float, shape (ny, nx)
    sky_sigma_e : ndarray of float, shape (n,)
        Standard deviation of the sky pixels at each star.
    x_px, y_px : ndarray of float, shape (n,)
    fwhm_px : float
        Seeing of the frame.
    bad : ndarray of bool, shape (ny, nx), optional

    Returns
    -------
    flux_e, sigma_e, radius_px : ndarray of float, shape (n,)
        NaN for a star whose aperture leaves the frame or holds a pixel that cannot be mended.

    Notes
    -----
    Kron 1980, ApJS 43, 305; sep's ``kron_radius`` with the circle of a star of this seeing. The
    aperture grows with the wings and with neighbours: fluxes of images of different seeing are
    comparable, but less than those by the PSF.
    """
    image_e, bad = usable_pixels(image_e, bad)
    flat_e = np.ascontiguousarray(image_e - sky_level_e, dtype=np.float32)
    flat_e = flat_e if bad is None else mend_pixels(flat_e, bad)
    ny, nx = flat_e.shape
    sigma_px = fwhm_px / FWHM_PER_SIGMA
    inside = (x_px > 0) & (y_px > 0) & (x_px < nx - 1) & (y_px < ny - 1)
    radius_px, flux_e = np.full((2, len(x_px)), np.nan)
    x, y = x_px[inside], y_px[inside]
    moment, _ = sep.kron_radius(flat_e, x, y, sigma_px, sigma_px, 0.0,
                                FIRST_RADIUS_FWHM * FWHM_PER_SIGMA)
    radius_px[inside] = np.maximum(KRON_FACTOR * moment * sigma_px, LEAST_RADIUS_FWHM * fwhm_px)
    whole = inside & (x_px >= radius_px) & (y_px >= radius_px)
    whole &= (x_px <= nx - 1 - radius_px) & (y_px <= ny - 1 - radius_px)
    if whole.any():
        flux_e[whole] = sep.sum_circle(flat_e, x_px[whole], y_px[whole], radius_px[whole],
                                       subpix=0)[0]
    sigma_e = np.sqrt(np.pi * radius_px**2 * sky_sigma_e**2 + np.maximum(flux_e, 0))
    known = np.isfinite(flux_e)
    return flux_e, np.where(known, sigma_e, np.nan), np.where(known, radius_px, np.nan)
