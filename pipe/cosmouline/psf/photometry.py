"""PSF photometry of star stamps with a known PSF."""

from dataclasses import dataclass

from cosmouline.psf.model import shift_operator
from cosmouline.stamps.pixel_rejection import judge_pixels, shared_by_stars

import numpy as np

WEIGHTS = ("optimal", "uniform")

MAX_STEPS = 8  # Gauss-Newton steps per round
CLIP_ROUNDS = 3
CLIP_SIGMA = 5.0
PHOT_PSF_ERROR = 0.03  # relative error of the PSF when outliers are rejected
PHOT_SHIFT_ERROR_PX = 0.08
FILL_ERROR = 0.03  # relative error of the flux that the PSF had to fill in for masked pixels
LARGEST_MOVE_PX = 1.0  # in one step
POSITION_TOLERANCE_PX, FLUX_TOLERANCE = 1e-4, 1e-5
TINY = 1e-30

# Fraction of the PSF^2 weight that must lie on good pixels. Where stars are undersampled one pixel
# holds half of it, and a masked core cannot be recovered.
WELL_SAMPLED_FWHM_PX = 2.5
LEAST_PHOT_FRACTION, LEAST_PHOT_FRACTION_UNDERSAMPLED = 0.5, 0.8
LEAST_SNR = 3.0


@dataclass(frozen=True, eq=False)
class StarFluxes:
    """Fluxes and positions of the stars of one image.

    Parameters
    ----------
    flux_e, flux_sigma_e, x_px, y_px : ndarray of float, shape (n,)
        Flux in electrons, and offset from the centre of the stamp; NaN for a star without good
        pixels on it.
    sky_e : ndarray of float, shape (n,)
        Sky left in the stamps, electrons per pixel; 0 where it was not fitted.
    covariance : ndarray of float, shape (n, 3, 3) or (n, 4, 4)
        Of flux, x, y (and sky).
    chi2 : ndarray of float, shape (n,)
        Mean squared residual in units of the noise, good pixels; NaN likewise.
    good : ndarray of bool, shape (n, side_px, side_px)
        Pixels used.
    good_fraction : ndarray of float, shape (n,)
        Fraction of the sum of the squared PSF on good pixels.
    model : ndarray of float, shape (n, side_px, side_px)
        The stars, in electrons.
    """

    flux_e: np.ndarray
    flux_sigma_e: np.ndarray
    x_px: np.ndarray
    y_px: np.ndarray
    sky_e: np.ndarray
    covariance: np.ndarray
    chi2: np.ndarray
    good: np.ndarray
    good_fraction: np.ndarray
    model: np.ndarray


@dataclass(frozen=True, eq=False)
class _Solution:
    """Unknowns (n, 3 or 4) = flux, x, y (, sky), with the model and noise they give."""

    unknowns: np.ndarray
    psf: np.ndarray
    model: np.ndarray
    residual: np.ndarray
    variance: np.ndarray
    jacobian: np.ndarray
    weight: np.ndarray


def star_fluxes(data_e, sky_variance_e2, good, narrow, upsampling, offset_px, fit_sky=False,
                weights="optimal", clip_sigma=CLIP_SIGMA, psf_error=PHOT_PSF_ERROR,
                fwhm_px=None):
    """Measure flux and position of one star per stamp, all at once; return `StarFluxes`.

    Parameters
    ----------
    data_e : ndarray of float, shape (n, side_px, side_px)
        Stamps in electrons, without sky. NaN only where `good` is False.
    sky_variance_e2 : ndarray of float, of the same shape
        Variance of sky and read noise, without the noise of the stars.
    good : ndarray of bool, of the same shape
        Pixels that may be used. A bad one has no weight, nothing else.
    narrow : ndarray of float, shape (n_small, n_small) or (n, n_small, n_small)
        Narrow PSF of sum 1, ``n_small = side_px * upsampling`` (`model.pad_narrow`).
    upsampling : int
        Small pixels per pixel.
    offset_px : array_like of float, shape (n, 2)
        Expected offsets (x, y) from the centres of the stamps, right to about a pixel.
    fit_sky : bool
        Fit a constant sky in every stamp.
    weights : str
        "optimal" (noise of sky and star), or "uniform" (noise of the sky for all stars: an error
        of the PSF then changes all fluxes of an image alike); errors hold for both.
    clip_sigma : float
        Residual in sigmas of noise and model error that masks a pixel.
    psf_error : float
        Relative error of the PSF there.
    fwhm_px : float, optional
        Seeing in pixels: outliers that several stars share within 1.5 FWHM stay in the fit, as
        errors of the PSF. The stars must be of one image.

    Raises
    ------
    ValueError
        If `weights` is unknown.

    Notes
    -----
    Gauss-Newton with the noise of the model, in rounds after each of which outliers are rejected.
    The error from the covariance is joined with 3 % of the flux that the PSF filled in for masked
    pixels.
    """
    if weights not in WEIGHTS:
        raise ValueError(f"weights must be one of {', '.join(WEIGHTS)}: {weights!r}")
    allowed = np.asarray(good, dtype=bool) & np.isfinite(data_e) & np.isfinite(sky_variance_e2)
    data = np.where(allowed, data_e, 0.0).astype(float)
    sky_variance = np.where(allowed, sky_variance_e2, 1.0).astype(float)
    narrow = np.asarray(narrow, dtype=float)
    is_optimal = weights == "optimal"

    # start: the expected positions, and the linear fluxes there; no sky
    unknowns = np.zeros((len(data), 4 if fit_sky else 3))
    unknowns[:, 1:3] = np.nan_to_num(np.asarray(offset_px, dtype=float).reshape(-1, 2))
    psf = stars_and_slopes(narrow, upsampling, data.shape[-1], unknowns[:, 1:3])[0]
    weight = allowed / sky_variance
    top = (weight * psf * data).sum((1, 2))
    unknowns[:, 0] = top / ((weight * psf * psf).sum((1, 2)) + TINY)

    # fits by Gauss-Newton with the pixels that agree with the last one
    good = allowed
    for k in range(CLIP_ROUNDS):
        found = _gauss_newton(data, sky_variance, narrow, upsampling, good, unknowns, is_optimal)
        agreeing = judge_pixels(found.residual, found.variance, found.model, allowed, psf_error,
                                PHOT_SHIFT_ERROR_PX, clip_sigma)
        if fwhm_px is not None:
            agreeing |= shared_by_stars(allowed & ~agreeing, found.unknowns[:, 1:3], fwhm_px)
        if k == CLIP_ROUNDS - 1 or (agreeing == good).all():
            break
        good, unknowns = agreeing, found.unknowns

    # covariance of the unknowns; with uniform weights the noise of the star is put in afterwards
    covariance = np.linalg.inv(_curvature(found))
    if not is_optimal:
        weighted = found.jacobian * found.weight
        variance = found.variance.reshape(found.weight.shape)
        covariance = covariance @ ((weighted * variance) @ weighted.swapaxes(1, 2)) @ covariance

    flux, x_px, y_px, *sky = found.unknowns.T
    squared, n_good = found.psf**2, good.sum((1, 2))
    good_fraction = (good * squared).sum((1, 2)) / (squared.sum((1, 2)) + TINY)
    filled = FILL_ERROR * (1 - good_fraction) * np.abs(flux)
    flux_sigma = np.sqrt(covariance[:, 0, 0] + filled**2)
    chi2 = (good * found.residual**2 / found.variance).sum((1, 2)) / np.maximum(n_good, 1)
    # what was not measured becomes NaN
    measured = (good_fraction > 0) & (n_good > found.unknowns.shape[1])
    flux, flux_sigma, x_px, y_px, chi2, sky_e = (np.where(measured, values, np.nan) for values in (
        flux, flux_sigma, x_px, y_px, chi2, sky[0] if sky else 0.0))
    return StarFluxes(flux, flux_sigma, x_px, y_px, sky_e,
                      np.where(measured[:, None, None], covariance, np.nan), chi2, good,
                      good_fraction, found.model)


def is_reliable(stars, fwhm_px):
    """Stars whose flux may serve: enough of the PSF on good pixels, and a significant flux.

    Parameters
    ----------
    stars : StarFluxes
    fwhm_px : float
        Seeing in pixels.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    measured = np.isfinite(stars.flux_e) & has_core(stars, fwhm_px)
    return measured & (stars.flux_e > LEAST_SNR * stars.flux_sigma_e)


def has_core(stars, fwhm_px):
    """Stars with enough of the PSF on good pixels; arguments as `is_reliable`."""
    well_sampled = fwhm_px > WELL_SAMPLED_FWHM_PX
    return stars.good_fraction > (LEAST_PHOT_FRACTION if well_sampled
                                  else LEAST_PHOT_FRACTION_UNDERSAMPLED)


def stars_and_slopes(narrow, upsampling, side_px, offset_px):
    """Stars of unit flux on the pixels of stamps, and their derivatives by x and y.

    Parameters
    ----------
    narrow, upsampling
        As in `star_fluxes`.
    side_px : int
    offset_px : ndarray of float, shape (n, 2)
        (x, y) from the centres of the stamps.

    Returns
    -------
    stars, by_x, by_y : ndarray of float, shape (n, side_px, side_px)
    """
    rows, rows_slope = shift_operator(offset_px[:, 1], side_px, upsampling, derivative=True)
    cols, cols_slope = shift_operator(offset_px[:, 0], side_px, upsampling, derivative=True)
    half, area = narrow @ cols.swapaxes(1, 2), upsampling**2
    by_x = rows @ (narrow @ cols_slope.swapaxes(1, 2))
    return area * (rows @ half), area * by_x, area * (rows_slope @ half)


def _gauss_newton(data, sky_variance, narrow, upsampling, good, unknowns, is_optimal):
    """Return the solution at which flux and position of every star stand still."""
    n_stars, side_px, _ = data.shape

    def linearised():
        """Return model, noise, derivatives and weights at the unknowns."""
        psf, by_x, by_y = stars_and_slopes(narrow, upsampling, side_px, unknowns[:, 1:3])
        flux = unknowns[:, 0, None, None]
        least = np.maximum(flux, 1e-9)  # a star without flux has no position: finite equations
        columns = [psf, by_x * least, by_y * least]
        model = flux * psf
        residual = data - model
        if unknowns.shape[1] == 4:
            columns.append(np.ones_like(psf))
            residual = residual - unknowns[:, 3, None, None]
        jacobian = np.stack(columns, 1).reshape(n_stars, len(columns), side_px**2)
        variance = sky_variance + np.maximum(flux, 0) * np.maximum(psf, 0)
        weight = good / (variance if is_optimal else sky_variance)
        return _Solution(unknowns, psf, model, residual, variance, jacobian,
                         weight.reshape(n_stars, 1, side_px**2))

    for _ in range(MAX_STEPS):
        found = linearised()
        side = (found.jacobian * found.weight) @ found.residual.reshape(n_stars, side_px**2, 1)
        step = np.linalg.solve(_curvature(found), side)[..., 0]
        # positions stay near the centres
        move = np.clip(step[:, 1:3], -LARGEST_MOVE_PX, LARGEST_MOVE_PX)
        at_px = np.clip(unknowns[:, 1:3] + move, -side_px / 3, side_px / 3)
        unknowns = unknowns + step
        unknowns[:, 1:3] = at_px
        is_still = (np.abs(step[:, 1:3]) < POSITION_TOLERANCE_PX).all()
        if is_still and (np.abs(step[:, 0])
                         < FLUX_TOLERANCE * np.abs(unknowns[:, 0]) + 1e-9).all():
            break
    return linearised()


def _curvature(found):
    """Return the matrices of the normal equations, shape (n, k, k)."""
    weighted = found.jacobian * found.weight
    return weighted @ found.jacobian.swapaxes(1, 2) + 1e-12 * np.eye(found.unknowns.shape[1])
