"""Grid of residuals of the PSF, under a Gaussian-process prior, by maximum a posteriori."""

from dataclasses import dataclass

from cosmouline.psf_model import FWHM_PER_SIGMA, shift_operator

import numpy as np
from scipy.optimize import minimize

# L-BFGS: relative change of the cost that ends it; a gradient it never reaches; stored steps
SEARCH = {"ftol": 1e-7, "gtol": 1e-9, "maxcor": 12}
TINY = 1e-6  # keeps the scale of a star without signal finite


@dataclass(frozen=True, eq=False)
class GridFit:
    """Result of `fit_grid`.

    Parameters
    ----------
    white : ndarray of float, shape (n_small, n_small)
        The unknowns g of the prior, N(0, 1) each a priori.
    residual : ndarray of float, of the same shape
        What is added to the Moffat, ``level * (K g K^T)``.
    offset_px : ndarray of float, shape (n, 2)
    amplitude : ndarray of float, shape (n,)
    """

    white: np.ndarray
    residual: np.ndarray
    offset_px: np.ndarray
    amplitude: np.ndarray


@dataclass(frozen=True, eq=False)
class GridPrior:
    """Prior of the residuals: ``level * (K g K^T)``, g white noise.

    Parameters
    ----------
    level : ndarray of float, shape (n_small, n_small)
        Standard deviation of the residual at each small pixel.
    smoothing : ndarray of float, shape (n_small, n_small)
        The matrix K that correlates neighbours; the sum of the squares of each row is 1.
    """

    level: np.ndarray
    smoothing: np.ndarray

    def colour(self, white):
        """Return the residual that belongs to white values."""
        return self.level * (self.smoothing @ white @ self.smoothing.T)


def grid_prior(unit_moffat, fwhm_px, upsampling, tau, ell, power):
    """Prior of the deviations of the PSF from its Moffat.

    Parameters
    ----------
    unit_moffat : ndarray of float, shape (n_small, n_small)
        Moffat of unit peak.
    fwhm_px : float
        Its FWHM in pixels.
    upsampling : int
        Small pixels per pixel.
    tau, ell, power : float
        Deviations are about ``tau * moffat**power``, and correlated over a Gaussian of FWHM
        ``ell * fwhm_px`` (at least one small pixel).

    Returns
    -------
    GridPrior

    Notes
    -----
    A power below 1 leaves the wings, where a Moffat fitted to the core is worst, more freedom.
    """
    place = np.arange(unit_moffat.shape[-1])
    correlation_fwhm = max(ell * fwhm_px * upsampling, 1.0)
    sigma = correlation_fwhm / FWHM_PER_SIGMA / np.sqrt(2)  # K K^T is wider than K by sqrt(2)
    smoothing = np.exp(-0.5 * ((place[:, None] - place) / sigma) ** 2)
    smoothing /= np.sqrt((smoothing**2).sum(1, keepdims=True))
    return GridPrior(tau * unit_moffat**power, smoothing)


@dataclass(frozen=True, eq=False)
class _Problem:
    """What does not change during a fit; arrays of float32."""

    data: np.ndarray
    weight: np.ndarray
    moffat: np.ndarray
    prior: GridPrior
    upsampling: int
    scale: np.ndarray

    def split(self, unknowns):
        """Return white values, offsets (n, 2) and amplitudes (n,) from the scaled unknowns."""
        values = unknowns * self.scale
        n_small = self.moffat.shape[-1]
        n_white, n_stars = n_small**2, len(self.data)
        white = values[:n_white].reshape(n_small, n_small)
        offset_px = values[n_white : n_white + 2 * n_stars].reshape(2, n_stars).T
        return white, offset_px, values[n_white + 2 * n_stars :]


def fit_grid(data, weight, moffat, prior, start, upsampling, max_steps):
    """Fit the grid of residuals, and position and amplitude of every star.

    Parameters
    ----------
    data : ndarray of float, shape (n, side_px, side_px)
        Stamps without sky; finite everywhere.
    weight : ndarray of float, of the same shape
        Inverse variance; 0 where a pixel is not used.
    moffat : ndarray of float, shape (1 or n, n_small, n_small)
        The fixed part of the PSF, of unit peak.
    prior : GridPrior
        In the same unit.
    start : GridFit
        Where to start: `white`, `offset_px` and `amplitude` are used. The amplitudes are positive.
    upsampling : int
        Small pixels per pixel.
    max_steps : int
        Largest number of L-BFGS steps.

    Returns
    -------
    GridFit

    Notes
    -----
    Minimises ``chi2 / 2 + |g|^2 / 2`` over g, offsets and amplitudes, in single precision, with
    every unknown scaled by the inverse root of its curvature. Unlike with an l1 penalty on
    starlets (STARRED), no strength has to be chosen: where the stars say little the residual
    stays at zero, where they say much it is free.
    """
    unit = start.amplitude.mean()  # single precision wants amplitudes of about 1
    level, smoothing = _single(unit * prior.level, prior.smoothing)
    data, weight, moffat = _single(data, weight, unit * moffat)
    scaled_prior = GridPrior(level, smoothing)
    amplitude = start.amplitude / unit
    scale = _scales(data, weight, scaled_prior, start.offset_px, amplitude, upsampling)
    problem = _Problem(data, weight, moffat, scaled_prior, upsampling, scale)
    first = np.concatenate([start.white.ravel(), *start.offset_px.T, amplitude]) / scale
    options = {"maxiter": max_steps, "maxfun": 2 * max_steps, **SEARCH}
    found = minimize(_cost, first, args=(problem,), jac=True, method="L-BFGS-B", options=options)
    white, offset_px, amplitude = problem.split(found.x)
    return GridFit(white, prior.colour(white), offset_px, unit * amplitude)


def _scales(data, weight, prior, offset_px, amplitude, upsampling):
    """Return the scale of every unknown: about one over the root of its curvature."""
    side_px = data.shape[-1]
    rows = shift_operator(offset_px[:, 1], side_px, upsampling)
    cols = shift_operator(offset_px[:, 0], side_px, upsampling)
    per_star = (rows**2).swapaxes(1, 2) @ weight @ cols**2
    curvature = upsampling**4 * np.einsum("i,ipq->pq", amplitude**2, per_star)
    smoothing2 = prior.smoothing**2
    # twice the diagonal: neighbours are correlated, and a step too long costs a search
    white = 1 / np.sqrt(1 + 2 * smoothing2.T @ (prior.level**2 * curvature) @ smoothing2)
    own = 1 / np.sqrt((weight * data * data).sum((1, 2), dtype=float) + TINY)
    return np.concatenate([white.ravel(), 2 * own, 2 * own, amplitude * own])


def _cost(unknowns, problem):
    """Return the cost and its gradient by the scaled unknowns."""
    white, offset_px, amplitude = problem.split(unknowns)
    side_px, up, prior = problem.data.shape[-1], problem.upsampling, problem.prior
    white, amplitude = _single(white, amplitude[:, None, None])
    rows, rows_slope = _single(*shift_operator(offset_px[:, 1], side_px, up, derivative=True))
    cols, cols_slope = _single(*shift_operator(offset_px[:, 0], side_px, up, derivative=True))
    narrow = up**2 * (problem.moffat + prior.colour(white))
    half = narrow @ cols.swapaxes(1, 2)
    star = rows @ half
    residual = problem.data - amplitude * star
    pull = problem.weight * residual
    scaled = amplitude * pull
    back = rows.swapaxes(1, 2) @ scaled
    by_narrow = -(up**2) * np.tensordot(back, cols, ([0, 2], [0, 1]))
    by_white = prior.smoothing.T @ (prior.level * by_narrow) @ prior.smoothing + white
    by_x = -(back * (narrow @ cols_slope.swapaxes(1, 2))).sum((1, 2))
    by_y = -(scaled * (rows_slope @ half)).sum((1, 2))
    by_amplitude = -(pull * star).sum((1, 2))
    gradient = np.concatenate([by_white.ravel(), by_x, by_y, by_amplitude]).astype(float)
    cost = (pull * residual).sum(dtype=float) + (white * white).sum(dtype=float)
    return 0.5 * float(cost), gradient * problem.scale


def _single(*arrays):
    """Return the arrays in single precision."""
    return [np.asarray(array, dtype=np.float32) for array in arrays]
