"""Cosmic rays in the cores of stars, where they look like more star, by deletion residuals."""

from cosmouline.psf.photometry import star_fluxes, stars_and_slopes
from cosmouline.robust import mad_sigma
from cosmouline.stamps.pixel_rejection import model_error, shared_by_stars
from cosmouline.stamps.stamps import CORE_FWHM

import numpy as np

N_SIGMA = 5.0
PSF_ERROR, SHIFT_ERROR_PX = 0.01, 0.02  # of the model, until the image shows that it is worse
MOST_PIXELS = 3  # masked in one core; the fit itself finds larger cosmic rays
LEAST_LEFT = 0.02  # of the variance of a pixel in its residual; below, it cannot be tested


def fluxes_without_hits(data_e, sky_variance_e2, good, narrow, upsampling, offset_px, fwhm_px):
    """Measure stars as `photometry.star_fluxes`, and mask cosmic rays in their cores.

    Parameters
    ----------
    data_e, sky_variance_e2, good, narrow, upsampling, offset_px
        See `photometry.star_fluxes`.
    fwhm_px : float
        Seeing in pixels.

    Returns
    -------
    stars : StarFluxes
    hit : ndarray of bool, shape (n, side_px, side_px)
        The pixels that were masked.

    Notes
    -----
    A bright pixel in the core of an undersampled star drags flux and position along: little of
    it is left in the residual, and the tolerance for errors of the PSF covers that. So each pixel
    is compared with the star as the other pixels have it (deletion residual, Cook & Weisberg 1982,
    Residuals and Influence in Regression, section 2.2). The tolerance is `N_SIGMA` times the
    noise joined with an error of the PSF of 1 %, and as much more as the cores of all stars of the
    image show. Fluxes of the other images, good to 0.5 %, would add nothing; what is left of weak
    cosmic rays is clipped in the coefficients (`coefficient_fit.normalise`).
    """
    given, rest = (data_e, sky_variance_e2), (narrow, upsampling, offset_px)
    hit = np.zeros(np.shape(good), bool)
    stars = star_fluxes(*given, good, *rest, fwhm_px=fwhm_px)
    for _ in range(MOST_PIXELS):
        excess = _deletion_residuals(*given, narrow, upsampling, stars, fwhm_px)
        tested = np.isfinite(excess)
        # the scatter of all cores shows how much worse than assumed the PSF is
        scatter = max(1.0, mad_sigma(excess[tested])) if tested.any() else 1.0
        # mask the highest pixel of every core that has one above the limit
        flat = np.where(tested, excess, -np.inf).reshape(len(hit), np.prod(hit.shape[1:]))
        rows = np.flatnonzero(flat.max(1, initial=-np.inf) > N_SIGMA * scatter)
        new = np.zeros_like(hit)
        new[np.unravel_index(rows * flat.shape[1] + flat[rows].argmax(1), hit.shape)] = True
        # what several stars have at the same place is an error of the PSF
        new &= ~shared_by_stars(hit | new, np.stack([stars.x_px, stars.y_px], 1), fwhm_px)
        changed = new.any((1, 2))
        if not changed.any():
            break
        hit |= new
        # only the stars that lost a pixel take their new values
        again = star_fluxes(*given, good & ~hit, *rest, fwhm_px=fwhm_px)
        stars = type(stars)(**{
            name: np.where(changed.reshape((-1,) + (1,) * (old.ndim - 1)), getattr(again, name),
                           old) for name, old in vars(stars).items()})
    return stars, hit


def _deletion_residuals(data_e, sky_variance_e2, narrow, upsampling, stars, fwhm_px):
    """Return the excess of core pixels over the star of the others, in sigmas; NaN elsewhere."""
    n_stars, side_px = stars.good.shape[:2]
    measured = np.isfinite(stars.flux_e)
    flux = np.where(measured, stars.flux_e, 0.0)[:, None, None]
    offset_px = np.nan_to_num(np.stack([stars.x_px, stars.y_px], 1))
    psf, by_x, by_y = stars_and_slopes(narrow, upsampling, side_px, offset_px)
    model = flux * psf
    variance = np.where(stars.good, sky_variance_e2 + np.maximum(model, 0), 1.0)

    # what the fit of flux and position leaves of each pixel in its residual, 1 - leverage
    bright = np.maximum(flux, 1e-9)
    columns = np.stack([psf, by_x * bright, by_y * bright], 1).reshape(n_stars, 3, side_px**2)
    weight = (stars.good / variance).reshape(n_stars, 1, side_px**2)
    curvature = (columns * weight) @ columns.swapaxes(1, 2) + 1e-12 * np.eye(3)
    leverage = ((np.linalg.inv(curvature) @ columns) * columns * weight).sum(1)
    left = np.maximum(1 - leverage.reshape(psf.shape), LEAST_LEFT)

    error2 = variance / left + (model_error(model, PSF_ERROR, SHIFT_ERROR_PX) / left) ** 2
    excess = np.where(stars.good, data_e - model, 0.0) / left / np.sqrt(error2)
    axis = np.arange(side_px) - (side_px - 1) / 2
    x, y = offset_px.T[:, :, None, None]
    core = np.hypot(axis - x, axis[:, None] - y) < CORE_FWHM * fwhm_px
    return np.where(stars.good & core & measured[:, None, None], excess, np.nan)
