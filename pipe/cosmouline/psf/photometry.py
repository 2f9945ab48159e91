"""PSF photometry of star stamps with a known PSF."""

from dataclasses import dataclass

from cosmouline.psf.model import shift_operator
from cosmouline.stamps.pixel_rejection import judge_pixels

import numpy as np

WEIGHTS = ("optimal", "uniform")

MAX_STEPS = 8  # Gauss-Newton steps per round
CLIP_ROUNDS = 3
CLIP_SIGMA = 5.0
PSF_ERROR = 0.03  # relative error of the PSF when pixels are judged
SHIFT_ERROR_PX = 0.08
FILL_ERROR = 0.03  # relative error of the flux that the PSF had to fill in for masked pixels
LARGEST_MOVE_PX = 1.0  # in one step
POSITION_TOLERANCE_PX, FLUX_TOLERANCE = 1e-4, 1e-5
TINY = 1e-30

# Share of the PSF^2 weight that must lie on good pixels. Where stars are undersampled one pixel
# holds half of it, and a masked core cannot be recovered.
WELL_SAMPLED_FWHM_PX = 2.5
LEAST_GOOD_FRACTION, LEAST_GOOD_FRACTION_UNDERSAMPLED = 0.5, 0.8
LEAST_SNR = 3.0


@dataclass(frozen=True, eq=False)
class StarFluxes:
    """Fluxes and positions of the stars of one image.

    Parameters
    ----------
    flux_e, flux_sigma_e : ndarray of float, shape (n,)
        In electrons; NaN for a star without good pixels on it.
    x_px, y_px : ndarray of float, shape (n,)
        Offsets from the centres of the stamps; NaN likewise.
    sky_e : ndarray of float, shape (n,)
        Sky left in the stamps, electrons per pixel; 0 where it was not fitted.
    covariance : ndarray of float, shape (n, 3, 3) or (n, 4, 4)
        Of flux, x, y (and sky).
    chi2 : ndarray of float, shape (n,)
        Mean squared residual in units of the noise, good pixels; NaN likewise.
    good : ndarray of bool, shape (n, side_px, side_px)
        Pixels used.
    good_fraction : ndarray of float, shape (n,)
        Share of the sum of the squared PSF on good pixels.
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
class _Task:
    """What does not change during the fit."""

    data: np.ndarray
    sky_variance: np.ndarray
    narrow: np.ndarray
    upsampling: int
    fit_sky: bool
    weights: str

    @property
    def side_px(self):
        return self.data.shape[-1]


@dataclass(frozen=True, eq=False)
class _Solution:
    """Unknowns (n, 3 or 4) = flux, x, y (, sky), with the model and noise they give."""

    unknowns: np.ndarray
    psf: np.ndarray
    variance: np.ndarray
    jacobian: np.ndarray
    weight: np.ndarray


def star_fluxes(
    data_e,
    sky_variance_e2,
    good,
    narrow,
    upsampling,
    offset_px,
    fit_sky=False,
    weights="optimal",
    clip_sigma=CLIP_SIGMA,
    psf_error=PSF_ERROR,
):
    """Measure flux and position of one star per stamp, all stamps at once.

    Parameters
    ----------
    data_e : ndarray of float, shape (n, side_px, side_px)
        Stamps in electrons, without sky. NaN only where `good` is False.
    sky_variance_e2 : ndarray of float, of the same shape
        Variance of sky and read noise, without the noise of the stars.
    good : ndarray of bool, of the same shape
        Pixels that may be used. A bad one has no weight, nothing else.
    narrow : ndarray of float, shape (n_small, n_small) or (n, n_small, n_small)
        Narrow PSF of sum 1, ``n_small = side_px * upsampling`` (`psf_model.pad_narrow`).
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
        Relative error of the PSF in that judgement.

    Returns
    -------
    StarFluxes

    Raises
    ------
    ValueError
        If `weights` is unknown.

    Notes
    -----
    Gauss-Newton with the noise of the model, in rounds after each of which the pixels are judged.
    To the error from the covariance is joined 3 % of the flux that the PSF filled in for masked
    pixels.
    """
    if weights not in WEIGHTS:
        raise ValueError(f"weights must be one of {', '.join(WEIGHTS)}: {weights!r}")
    allowed = np.asarray(good, dtype=bool) & np.isfinite(data_e) & np.isfinite(sky_variance_e2)
    data = np.where(allowed, data_e, 0.0).astype(float)
    sky_variance = np.where(allowed, sky_variance_e2, 1.0).astype(float)
    narrow = np.asarray(narrow, dtype=float)
    task = _Task(data, sky_variance, narrow, upsampling, fit_sky, weights)
    unknowns = _first_unknowns(task, allowed, offset_px)
    good = allowed
    for k in range(CLIP_ROUNDS):
        solution = _converge(task, good, unknowns)
        model, residual = _model_and_residual(task, solution)
        judged = judge_pixels(
            residual, solution.variance, model, allowed, psf_error, SHIFT_ERROR_PX, clip_sigma
        )
        if k == CLIP_ROUNDS - 1 or (judged == good).all():
            break
        good, unknowns = judged, solution.unknowns
    return _result(task, good, solution)


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
    well_sampled = fwhm_px > WELL_SAMPLED_FWHM_PX
    least = LEAST_GOOD_FRACTION if well_sampled else LEAST_GOOD_FRACTION_UNDERSAMPLED
    measured = np.isfinite(stars.flux_e) & (stars.good_fraction > least)
    return measured & (stars.flux_e > LEAST_SNR * stars.flux_sigma_e)


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


def _first_unknowns(task, good, offset_px):
    """Return the expected positions, and the linear fluxes there; no sky."""
    offset_px = np.asarray(offset_px, dtype=float).reshape(-1, 2)
    unknowns = np.zeros((len(task.data), 4 if task.fit_sky else 3))
    unknowns[:, 1:3] = np.nan_to_num(offset_px)
    psf = stars_and_slopes(task.narrow, task.upsampling, task.side_px, unknowns[:, 1:3])[0]
    weight = good / task.sky_variance
    top = (weight * psf * task.data).sum((1, 2))
    unknowns[:, 0] = top / ((weight * psf * psf).sum((1, 2)) + TINY)
    return unknowns


def _converge(task, good, unknowns):
    """Step until flux and position of every star stand still."""
    for _ in range(MAX_STEPS):
        solution = _linearise(task, good, unknowns)
        step = _step(task, solution)
        unknowns = _moved(unknowns, step, task.side_px)
        still = np.abs(step[:, 1:3]) < POSITION_TOLERANCE_PX
        flux = np.abs(unknowns[:, 0])
        if still.all() and (np.abs(step[:, 0]) < FLUX_TOLERANCE * flux + 1e-9).all():
            break
    return _linearise(task, good, unknowns)


def _linearise(task, good, unknowns):
    """Return model, noise, derivatives and weights at given unknowns."""
    n_stars, n_unknowns = unknowns.shape
    place = unknowns[:, 1:3]
    psf, by_x, by_y = stars_and_slopes(task.narrow, task.upsampling, task.side_px, place)
    flux = unknowns[:, 0, None, None]
    least = np.maximum(flux, 1e-9)  # a star without flux has no position, but finite equations
    columns = [psf, by_x * least, by_y * least] + [np.ones_like(psf)] * task.fit_sky
    n_pixels = task.side_px**2
    jacobian = np.stack(columns, 1).reshape(n_stars, n_unknowns, n_pixels)
    variance = task.sky_variance + np.maximum(flux, 0) * np.maximum(psf, 0)
    weight = good / (variance if task.weights == "optimal" else task.sky_variance)
    return _Solution(unknowns, psf, variance, jacobian, weight.reshape(n_stars, 1, n_pixels))


def _curvature(solution):
    """Return the matrices of the normal equations, shape (n, k, k)."""
    weighted = solution.jacobian * solution.weight
    n_unknowns = solution.unknowns.shape[1]
    return weighted @ solution.jacobian.swapaxes(1, 2) + 1e-12 * np.eye(n_unknowns)


def _step(task, solution):
    """Return the Gauss-Newton step of every star."""
    residual = _model_and_residual(task, solution)[1].reshape(*solution.weight.shape[::2], 1)
    side = (solution.jacobian * solution.weight) @ residual
    return np.linalg.solve(_curvature(solution), side)[..., 0]


def _moved(unknowns, step, side_px):
    """Return the unknowns after a step; positions stay near the centres."""
    moved = unknowns + step
    move = np.clip(step[:, 1:3], -LARGEST_MOVE_PX, LARGEST_MOVE_PX)
    moved[:, 1:3] = np.clip(unknowns[:, 1:3] + move, -side_px / 3, side_px / 3)
    return moved


def _model_and_residual(task, solution):
    """Return the stars in electrons, and what is left of the data without them and the sky."""
    model = solution.unknowns[:, 0, None, None] * solution.psf
    residual = task.data - model
    if task.fit_sky:
        residual = residual - solution.unknowns[:, 3, None, None]
    return model, residual


def _covariance(solution, weights):
    """Return the covariance of the unknowns, exact for uniform weights too."""
    inverse = np.linalg.inv(_curvature(solution))
    if weights == "optimal":
        return inverse
    weighted = solution.jacobian * solution.weight
    variance = solution.variance.reshape(solution.weight.shape)
    return inverse @ ((weighted * variance) @ weighted.swapaxes(1, 2)) @ inverse


def _result(task, good, solution):
    """Collect the result; what was not measured becomes NaN."""
    flux, x_px, y_px, *sky = solution.unknowns.T
    model, residual = _model_and_residual(task, solution)
    squared = solution.psf**2
    good_fraction = (good * squared).sum((1, 2)) / (squared.sum((1, 2)) + TINY)
    measured = (good_fraction > 0) & (good.sum((1, 2)) > solution.unknowns.shape[1])
    covariance = _covariance(solution, task.weights)
    filled = FILL_ERROR * (1 - good_fraction) * np.abs(flux)
    chi2 = (good * residual**2 / solution.variance).sum((1, 2))
    chi2 = chi2 / np.maximum(good.sum((1, 2)), 1)
    flux_sigma = np.sqrt(covariance[:, 0, 0] + filled**2)
    numbers = [np.where(measured, v, np.nan) for v in (flux, flux_sigma, x_px, y_px, chi2)]
    return StarFluxes(
        *numbers[:4],
        np.where(measured, sky[0] if sky else 0.0, np.nan),
        np.where(measured[:, None, None], covariance, np.nan),
        numbers[4],
        good,
        good_fraction,
        model,
    )
