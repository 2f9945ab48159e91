"""Error of the PSF: draws from its posterior, with which any result can be computed again."""

from cosmouline.psf.model import moffat, star_parameters
from cosmouline.psf.moffat import MoffatFit, fit_moffat
from cosmouline.psf.residual_grid import GridFit, fit_grid
from cosmouline.psf.rounds import moffat_prior

import numpy as np

MOFFAT_STEPS = 3
# The error of a blend comes out the same with 25, to a tenth; with 8 it is half too large.
GRID_STEPS = 15


def psf_draws(data_e, fit, n_draws, seed, uv=None):
    """Draw PSFs from the posterior of a fit, and the fluxes of its stars with each of them.

    Parameters
    ----------
    data_e : ndarray of float, shape (n, side_px, side_px)
        The stamps given to `fit.fit_psf`.
    fit : PsfFit
        Its result.
    n_draws : int
        4 give the error of a flux to about 20 %.
    seed : int
    uv : array_like of float, shape (2,), optional
        Field coordinates at which the PSF is wanted, where it varies; default: the centre.

    Returns
    -------
    draws : ndarray of float, shape (n_draws, n_small, n_small)
        Narrow PSFs of sum 1.
    flux_e : ndarray of float, shape (n_draws, n_used)
        Fluxes of the used stars in each draw.

    Notes
    -----
    Perturb and refit (Papandreou & Yuille 2010, NIPS 23): noise of the recorded variance is added
    to the stamps and a white draw to the mean of the prior, then Moffat and grid are fitted from
    the old solution on. For any quantity q of the PSF, ``var(q) = mean((q_k - q(fit.psf))^2)``.
    Contains photon noise, number of stars, masks, and structure that the data cannot show; not a
    change over the field that the model lacks.
    """
    random = np.random.default_rng(seed)
    psf, up, used = fit.psf, fit.psf.upsampling, fit.is_used
    n_small = psf.side_px * up
    good, variance = fit.good[used], fit.variance_e2[used]
    weight = good / variance
    theta, star_uv = psf.moffat, None
    if psf.gradient is not None:
        theta, star_uv = np.concatenate([theta, psf.gradient.ravel()]), fit.uv[used]
    prior = moffat_prior(psf.moffat, psf.side_px, fit.options)
    start = MoffatFit(theta, fit.offset_px[used], fit.flux_e[used], np.inf)
    draws, flux_e = [], []
    for _ in range(n_draws):
        # the Moffat of stamps with more noise
        data = np.where(good, data_e[used], 0.0)
        data = data + np.sqrt(variance) * random.standard_normal(data.shape)
        found = fit_moffat(data, weight, start, up, star_uv, MOFFAT_STEPS)
        at_stars = np.atleast_2d(star_parameters(found.parameters, found.gradient, star_uv))
        # the grid with another mean of the prior: a prior mean m of g is a mean of zero of g - m,
        # with the image of m added to the Moffat
        mean = random.standard_normal(prior.n_white)
        images = moffat(at_stars, n_small, up) + prior.colour(mean)
        first = GridFit(fit.white - mean, None, found.offset_px, found.amplitude)
        grid = fit_grid(data, weight, images, prior, first, up, GRID_STEPS)
        here = star_parameters(found.parameters, found.gradient, uv)
        narrow = moffat(here, n_small, up) + prior.colour(mean) + grid.residual
        draws.append(narrow / narrow.sum())
        flux_e.append(grid.amplitude * (images + grid.residual).sum((1, 2)))
    return np.array(draws), np.array(flux_e)


def flux_scale(draw_flux, fit, fwhm_px, sky_variance):
    """Factor by which all star fluxes of a draw are off: fluxes of the lens are divided by it.

    Parameters
    ----------
    draw_flux : ndarray of float, shape (n_draws, n_used)
        Fluxes of the used stars from `psf_draws`.
    fit : PsfFit
    fwhm_px : float
        Seeing in pixels.
    sky_variance : float or ndarray
        Variance of the sky in electrons squared; the median of an array is taken.

    Returns
    -------
    ndarray of float, shape (n_draws,)

    Notes
    -----
    Mean of the ratios of drawn to fitted fluxes, weighted as photon and sky noise within a
    circle of radius one FWHM would have it.
    """
    # (S/N)^2 in a circle
    flux_e = fit.flux_e[fit.is_used]
    weight = flux_e**2 / (flux_e + np.pi * fwhm_px**2 * np.median(sky_variance))
    return (draw_flux / flux_e) @ (weight / weight.sum())
