"""Error of the PSF: draws from its posterior, with which any result can be computed again."""

from cosmouline import library
from cosmouline.psf.model import moffat_derivatives, star_parameters, with_field_slopes
from cosmouline.psf.residual_grid import GridFit, held_centre, normal_matrix
from cosmouline.psf.rounds import moffat_prior

import numpy as np

linalg = library("scipy.linalg")

SIZE_ROUNDS = 6  # of the size of the wings; it changes little after three
SMALLEST_SIZE2 = 1e-3


def psf_draws(fit, n_draws, seed, uv=None):
    """Draw PSFs from the posterior of a fit, and the fluxes of its stars with each of them.

    Parameters
    ----------
    fit : PsfFit
        Result of `fit.fit_psf`.
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
    to the stamps and a white draw to the mean of the prior, then Moffat and grid are fitted again.
    For errors as small as those of a PSF both fits are linear, so what the noise adds to the right
    sides of their normal equations is drawn, and these are solved: no draw depends on where a
    search ended. For any quantity q of the PSF, ``var(q) = mean((q_k - q(fit.psf))^2)``. Contains
    photon noise, number of stars, masks, and structure that the data cannot show; not a change
    over the field that the model lacks, nor a common shift of PSF and stars, which nothing shows.
    """
    psf, up, used = fit.psf, fit.psf.upsampling, fit.is_used
    prior = moffat_prior(psf.moffat, psf.side_px, fit.options)
    uv_stars = None if psf.gradient is None else fit.uv[used]

    def moffats(uv):
        """Return Moffats, shape (n, n_small, n_small), and their slopes at places of the field."""
        at = np.atleast_2d(star_parameters(psf.moffat, psf.gradient, uv))
        image, slopes = moffat_derivatives(at, psf.side_px * up, up, psf.field_log_fwhm)
        if psf.gradient is not None:
            u_v = np.zeros((1, 2)) if uv is None else np.atleast_2d(uv)
            slopes = with_field_slopes(slopes, u_v, psf.gradient.shape[1])
        return image, slopes

    # equations of white values, parameters of the Moffat, positions and amplitudes of the stars
    images, slopes = moffats(uv_stars)
    sums = (images + psf.residual).sum((1, 2))
    at = GridFit(fit.white, psf.residual, fit.offset_px[used], fit.flux_e[used] / sums)
    matrix = normal_matrix(fit.good[used] / fit.variance_e2[used], images, prior, at, up, slopes)
    matrix = held_centre(matrix, at.amplitude)
    n_white, n_slopes = prior.n_white, len(slopes)
    of_moffat = np.arange(n_white, len(matrix))
    of_grid = np.delete(np.arange(len(matrix)), of_moffat[:n_slopes])
    # right sides: noise, and white values; wings as large as the stars show, since the prior of
    # the fit allows for more than most cameras have
    drawn = matrix.copy()
    if len(prior.kept) > 1:
        wings = np.arange(prior.kept[0].sum(), n_white)
        drawn[wings, wings] += _size2(matrix[np.ix_(of_grid, of_grid)], fit.white, wings) - 1
    noise = np.random.default_rng(seed).standard_normal((n_draws, len(matrix))).T
    side = np.linalg.cholesky(drawn) @ noise

    # the Moffat of stamps with more noise, then the grid with it and with another mean of g
    common = _solved(matrix[np.ix_(of_moffat, of_moffat)], side[of_moffat])[:n_slopes]
    side = side[of_grid] - matrix[np.ix_(of_grid, of_moffat[:n_slopes])] @ common
    moved = _solved(matrix[np.ix_(of_grid, of_grid)], side).T
    white, common = moved[:, :n_white], common.T

    # the PSF where it is wanted, and the fluxes of the stars
    added = np.array([prior.colour(one) for one in white])
    image, slopes_here = moffats(uv)
    narrow = (image[0] + psf.residual + added
              + np.tensordot(common, slopes_here[:, 0], axes=1))
    more = added.sum((1, 2))[:, None] + common @ slopes.sum((2, 3))
    amplitude = moved[:, -used.sum() :]
    # to first order, as all of this: what a larger sum takes from the amplitude, or gives to it,
    # is several per cent of noise, and their product would make every flux of a draw smaller
    flux_e = (at.amplitude + amplitude) * sums + at.amplitude * more
    return narrow / narrow.sum((1, 2), keepdims=True), flux_e


def _solved(matrix, side):
    """Solve positive equations in units of norm 1: amplitudes and slopes differ by 10^9."""
    scale = 1 / np.sqrt(np.diag(matrix))[:, None]
    return scale * linalg.solve(matrix * scale * scale.T, scale * side, assume_a="pos")


def _size2(matrix, white, part):
    """Return the variance, at most 1, that the stars give to a part of the white values.

    `matrix` is that of white values, positions and amplitudes with a variance of 1. MacKay (1992,
    Neural Computation 4, 415), eq. 4.5: squares per well measured value.
    """
    size2, fitted = 1.0, np.zeros(len(matrix))
    fitted[: len(white)] = white
    side = matrix @ fitted
    for _ in range(SIZE_ROUNDS):
        changed = matrix.copy()
        changed[part, part] += 1 / size2 - 1
        covariance = np.linalg.inv(changed)
        values = (covariance @ side)[part]
        n_measured = len(part) - np.diag(covariance)[part].sum() / size2
        size2 = float(np.clip(values @ values / n_measured, SMALLEST_SIZE2, 1))
    return size2


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
