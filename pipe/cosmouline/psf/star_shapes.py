"""Width and shape of each star against the PSF of its image: a witness of that PSF."""

from typing import NamedTuple

from cosmouline.psf.photometry import stars_and_slopes

import numpy as np

RADIUS_FWHM = 2.5  # of the pixels that count: farther out a neighbour has more say than the star


class StarShapes(NamedTuple):
    """Departures of n stars from the PSF at their places.

    Parameters
    ----------
    width, along, diagonal : ndarray of float, shape (n,)
        Relative width less 1; stretch along x less that along y, and along the diagonal, both over
        2. NaN for a star without a flux.
    sigma : ndarray of float, shape (n,)
        Error of the width, from the noise of its pixels; those of the others are alike.
    """

    width: np.ndarray
    along: np.ndarray
    diagonal: np.ndarray
    sigma: np.ndarray


def star_shapes(data_e, sky_variance_e2, stars, narrow, upsampling, fwhm_px):
    """Measure how much wider than its PSF each star is, and how it is stretched.

    Parameters
    ----------
    data_e, sky_variance_e2 : ndarray of float, shape (n, side_px, side_px)
        Stamps without sky, and the variance of sky and read noise, in electrons.
    stars : StarFluxes
        Of these stamps with this PSF; its `good` pixels count.
    narrow, upsampling
        The PSF, as in `photometry.star_fluxes`.
    fwhm_px : float
        Seeing in pixels.

    Returns
    -------
    StarShapes

    Notes
    -----
    One linear step with flux, place, sky, width and both stretches free. A star S(x) that is wider
    by w is S(x / (1 + w)) / (1 + w)^2, to first order S - w (2 S + x . grad S): the pixel is part
    of the width, so the numbers are those of stars as they are seen.
    """
    n_stars, side_px = stars.good.shape[:2]
    measured = np.isfinite(stars.flux_e)
    offset_px = np.nan_to_num(np.stack([stars.x_px, stars.y_px], 1))
    psf, by_x, by_y = stars_and_slopes(narrow, upsampling, side_px, offset_px)
    axis = np.arange(side_px) - (side_px - 1) / 2
    x = np.broadcast_to(axis - offset_px[:, 0, None, None], psf.shape)
    y = np.broadcast_to(axis[:, None] - offset_px[:, 1, None, None], psf.shape)

    # derivatives to flux, place, sky, width and stretches of a star of its flux
    flux_e = np.where(measured, np.maximum(stars.flux_e, 1e-9), 1e-9)[:, None, None]
    columns = np.stack([
        psf, flux_e * by_x, flux_e * by_y, np.ones_like(psf),
        flux_e * (x * by_x + y * by_y - 2 * psf), flux_e * (x * by_x - y * by_y),
        flux_e * (y * by_x + x * by_y)], 1).reshape(n_stars, 7, side_px**2)
    model = flux_e * psf
    used = stars.good & (np.hypot(x, y) < RADIUS_FWHM * fwhm_px)
    weight = (used / (sky_variance_e2 + np.maximum(model, 0))).reshape(n_stars, 1, side_px**2)
    residual = np.where(used, data_e - model - stars.sky_e[:, None, None], 0.0)

    curvature = (columns * weight) @ columns.swapaxes(1, 2)
    # unknowns of very different size: of unit diagonal the equations are well-conditioned
    scale = 1 / np.sqrt(np.maximum(np.einsum("nkk->nk", curvature), 1e-30))
    curvature = curvature * scale[:, :, None] * scale[:, None] + 1e-9 * np.eye(7)
    right = scale[:, :, None] * ((columns * weight) @ residual.reshape(n_stars, side_px**2, 1))
    inverse = np.linalg.inv(curvature)
    step = scale * (inverse @ right)[..., 0]
    sigma = scale[:, 4] * np.sqrt(np.maximum(inverse[:, 4, 4], 0))
    known = measured & used.any((1, 2))
    return StarShapes(*(np.where(known, values, np.nan) for values in (
        step[:, 4], step[:, 5], step[:, 6], sigma)))
