"""Cosmics in the cores of stars, where they look like more star: found by what is left of them."""

from cosmouline.psf.photometry import star_fluxes, stars_and_slopes
from cosmouline.robust import mad_sigma
from cosmouline.stamps.pixel_rejection import model_error

import numpy as np

N_SIGMA = 5.0
CORE_FWHM = 1.0  # radius in which they are looked for; farther out the fit itself finds them
PSF_ERROR, SHIFT_ERROR_PX = 0.01, 0.02  # of the model, until the image shows that it is worse
MOST_PIXELS = 3  # masked in one core; a hit of more is seen by the fit
LEAST_LEFT = 0.02  # of the variance of a pixel in its residual; below, it cannot be judged


def fluxes_without_hits(
    data_e, sky_variance_e2, good, narrow, upsampling, offset_px, fwhm_px
):
    """Measure stars as `starphot.star_fluxes`, and mask cosmics in their cores.

    Parameters
    ----------
    data_e, sky_variance_e2, good, narrow, upsampling, offset_px
        See `starphot.star_fluxes`.
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
    image show. Fluxes of the other images, good to 0.5 %, would tell no more; what is left of weak
    hits is clipped in the coefficients (`norm.normalise`).
    """
    given = data_e, sky_variance_e2
    rest = narrow, upsampling, offset_px
    hit = np.zeros(np.shape(good), bool)
    stars = star_fluxes(*given, good, *rest)
    for _ in range(MOST_PIXELS):
        excess = _excess(*given, narrow, upsampling, stars, fwhm_px)
        new = _highest(excess, N_SIGMA * max(1.0, _usual(excess)))
        if not new.any():
            break
        hit |= new
        changed = new.any((1, 2))
        again = star_fluxes(*given, good & ~hit, *rest)
        stars = _replaced(stars, again, changed)
    return stars, hit


def _excess(data_e, sky_variance_e2, narrow, upsampling, stars, fwhm_px):
    """Return what each core pixel has too much, in sigmas; NaN elsewhere."""
    measured = np.isfinite(stars.flux_e)
    flux = np.where(measured, stars.flux_e, 0.0)[:, None, None]
    place = np.nan_to_num(np.stack([stars.x_px, stars.y_px], 1))
    psf, by_x, by_y = stars_and_slopes(narrow, upsampling, stars.good.shape[-1], place)
    model = flux * psf
    variance = np.where(stars.good, sky_variance_e2 + np.maximum(model, 0), 1.0)
    bright = np.maximum(flux, 1e-9)
    left = _left(np.stack([psf, by_x * bright, by_y * bright], 1), stars.good / variance)
    error2 = variance / left + (model_error(model, PSF_ERROR, SHIFT_ERROR_PX) / left) ** 2
    excess = np.where(stars.good, data_e - model, 0.0) / left / np.sqrt(error2)
    judged = stars.good & _cores(place, stars.good.shape[-1], CORE_FWHM * fwhm_px)
    return np.where(judged & measured[:, None, None], excess, np.nan)


def _left(jacobian, weight):
    """Return the share of every pixel that the fit leaves in its residual, 1 - leverage."""
    n_stars, n_unknowns, side_px, _ = jacobian.shape
    columns = jacobian.reshape(n_stars, n_unknowns, side_px**2)
    weight = weight.reshape(n_stars, 1, side_px**2)
    curvature = (columns * weight) @ columns.swapaxes(1, 2) + 1e-12 * np.eye(n_unknowns)
    leverage = ((np.linalg.inv(curvature) @ columns) * columns * weight).sum(1)
    return np.maximum(1 - leverage.reshape(jacobian[:, 0].shape), LEAST_LEFT)


def _cores(place, side_px, radius_px):
    """Return the pixels within a radius of the stars."""
    axis = np.arange(side_px) - (side_px - 1) / 2
    x, y = place.T[:, :, None, None]
    return np.hypot(axis[None, None, :] - x, axis[None, :, None] - y) < radius_px


def _usual(excess):
    """Return the scatter of the core pixels of all stars."""
    values = excess[np.isfinite(excess)]
    return mad_sigma(values) if values.size else 1.0


def _highest(excess, limit):
    """Mark the highest pixel of every core that has one above the limit."""
    flat = np.where(np.isfinite(excess), excess, -np.inf)
    flat = flat.reshape(len(excess), excess.shape[1] * excess.shape[2])
    marked = np.zeros(flat.shape, bool)
    rows = np.flatnonzero(flat.max(1, initial=-np.inf) > limit)
    marked[rows, flat[rows].argmax(1)] = True
    return marked.reshape(excess.shape)


def _replaced(stars, again, changed):
    """Return the stars, those that changed as they are now."""
    def pick(old, new):
        return np.where(changed.reshape((-1,) + (1,) * (old.ndim - 1)), new, old)

    fields = vars(stars)
    return type(stars)(**{name: pick(old, getattr(again, name)) for name, old in fields.items()})
