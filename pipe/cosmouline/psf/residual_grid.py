"""Grid of residuals of the PSF, under a Gaussian-process prior, by maximum a posteriori."""

from dataclasses import dataclass

from cosmouline.psf.model import FWHM_PER_SIGMA, shift_operator

import numpy as np
from scipy.optimize import minimize

# L-BFGS: relative change of the cost that ends it; a gradient it never reaches; stored steps
SEARCH = {"ftol": 1e-7, "gtol": 1e-9, "maxcor": 12}
NODE_MARGIN = 2.0  # sigmas beyond the edge up to which there are nodes
TINY = 1e-6  # keeps the scale of a star without signal finite


@dataclass(frozen=True, eq=False)
class GridFit:
    """Result of `fit_grid`.

    Parameters
    ----------
    white : ndarray of float, shape (n_white,)
        The unknowns g of the prior, N(0, 1) each a priori.
    residual : ndarray of float, shape (n_small, n_small)
        What is added to the Moffat, `GridPrior.colour` of them.
    offset_px : ndarray of float, shape (n, 2)
    amplitude : ndarray of float, shape (n,)
    """

    white: np.ndarray
    residual: np.ndarray
    offset_px: np.ndarray
    amplitude: np.ndarray


@dataclass(frozen=True, eq=False)
class GridPrior:
    """Prior of the residuals: the sum of ``level * (K g K^T)`` over its parts, g white noise.

    Parameters
    ----------
    levels : tuple of ndarray of float, shape (n_small, n_small)
        Standard deviation of each part at each small pixel.
    smoothings : tuple of ndarray of float, shape (n_small, n_nodes)
        The matrix K of each part, which spreads the values at its nodes over the small pixels;
        the sum of the squares of each row is 1.
    """

    levels: tuple
    smoothings: tuple

    @property
    def n_white(self):
        """Number of white unknowns, of all parts."""
        return sum(smoothing.shape[1] ** 2 for smoothing in self.smoothings)

    def colour(self, white):
        """Return the residual that belongs to white values."""
        sides = [smoothing.shape[1] for smoothing in self.smoothings]
        parts = np.split(white, np.cumsum(np.square(sides))[:-1])
        return sum(level * (smoothing @ values.reshape(side, side) @ smoothing.T)
                   for level, smoothing, values, side
                   in zip(self.levels, self.smoothings, parts, sides, strict=True))

    def back(self, by_residual, power=1):
        """Return the gradient by the white values from that by the residual, or its squares."""
        return np.concatenate([
            (smoothing.T**power @ (level**power * by_residual) @ smoothing**power).ravel()
            for level, smoothing in zip(self.levels, self.smoothings, strict=True)])

    def scaled(self, unit):
        """Return the prior of residuals `unit` times as large, in single precision."""
        return GridPrior(tuple(_single(*(unit * level for level in self.levels))),
                         tuple(_single(*self.smoothings)))


def grid_prior(unit_moffat, fwhm_px, upsampling, parts):
    """Prior of the deviations of the PSF from its Moffat.

    Parameters
    ----------
    unit_moffat : ndarray of float, shape (n_small, n_small)
        Moffat of unit peak.
    fwhm_px : float
        Its FWHM in pixels.
    upsampling : int
        Small pixels per pixel.
    parts : sequence of (tau, ell, power)
        The deviations are the sum of parts of about ``tau * moffat**power``, correlated over a
        Gaussian of FWHM ``ell * fwhm_px`` (at least one small pixel). No part of tau = 0.

    Returns
    -------
    GridPrior

    Notes
    -----
    A power below 1 leaves the wings, where a Moffat fitted to the core is worst, more freedom.
    The white values live on nodes one sigma of their Gaussian apart, which gives its correlation
    to 1e-3 with far fewer unknowns than small pixels.
    """
    parts = [part for part in parts if part[0] > 0]
    levels = tuple(tau * unit_moffat**power for tau, _, power in parts)
    n_small, smoothings = unit_moffat.shape[-1], []
    for _, ell, _ in parts:
        # K K^T is wider than K by the root of 2; nodes reach beyond the edge
        sigma = max(ell * fwhm_px * upsampling, 1.0) / FWHM_PER_SIGMA / np.sqrt(2)
        step = max(sigma, 1.0)
        n_half = int(np.ceil((n_small / 2 + NODE_MARGIN * sigma) / step))
        nodes = (n_small - 1) / 2 + step * np.arange(-n_half, n_half + 1)
        smoothing = np.exp(-0.5 * ((np.arange(n_small)[:, None] - nodes) / sigma) ** 2)
        smoothings.append(smoothing / np.sqrt((smoothing**2).sum(1, keepdims=True)))
    return GridPrior(levels, tuple(smoothings))


@dataclass(frozen=True, eq=False)
class _Problem:
    """Constants of a fit; arrays of float32."""

    data: np.ndarray
    weight: np.ndarray
    moffat: np.ndarray
    prior: GridPrior
    upsampling: int
    scale: np.ndarray

    def split(self, unknowns):
        """Return white values, offsets (n, 2) and amplitudes (n,) from the scaled unknowns."""
        values = unknowns * self.scale
        n_white, n_stars = self.prior.n_white, len(self.data)
        white = values[:n_white]
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
    starlets (STARRED), no strength has to be chosen: where the stars show little the residual
    stays at zero, where they show much it is free.
    """
    unit = start.amplitude.mean()  # single precision wants amplitudes of about 1
    data, weight, moffat = _single(data, weight, unit * moffat)
    scaled_prior = prior.scaled(unit)
    amplitude = start.amplitude / unit
    # the scale of every unknown: about one over the root of its curvature; twice the diagonal for
    # the white ones, as neighbours are correlated, and a step too long costs a search
    rows = shift_operator(start.offset_px[:, 1], data.shape[-1], upsampling)
    cols = shift_operator(start.offset_px[:, 0], data.shape[-1], upsampling)
    per_star = (rows**2).swapaxes(1, 2) @ weight @ cols**2
    curvature = upsampling**4 * np.einsum("i,ipq->pq", amplitude**2, per_star)
    own = 1 / np.sqrt((weight * data * data).sum((1, 2), dtype=float) + TINY)
    scale = np.concatenate([1 / np.sqrt(1 + 2 * scaled_prior.back(curvature, 2)), 2 * own, 2 * own,
                            amplitude * own])
    problem = _Problem(data, weight, moffat, scaled_prior, upsampling, scale)
    # from the last grid on, or from the bare Moffat
    white = np.zeros(prior.n_white) if start.white is None else start.white
    first = np.concatenate([white, *start.offset_px.T, amplitude]) / scale
    options = {"maxiter": max_steps, "maxfun": 2 * max_steps, **SEARCH}
    found = minimize(_cost, first, args=(problem,), jac=True, method="L-BFGS-B", options=options)
    white, offset_px, amplitude = problem.split(found.x)
    return GridFit(white, prior.colour(white), offset_px, unit * amplitude)


def _cost(unknowns, problem):
    """Return the cost and its gradient by the scaled unknowns."""
    white, offset_px, amplitude = problem.split(unknowns)
    side_px, up, prior = problem.data.shape[-1], problem.upsampling, problem.prior
    white, amplitude = _single(white, amplitude[:, None, None])
    rows, rows_slope = _single(*shift_operator(offset_px[:, 1], side_px, up, derivative=True))
    cols, cols_slope = _single(*shift_operator(offset_px[:, 0], side_px, up, derivative=True))
    narrow = up**2 * (problem.moffat + prior.colour(white))
    # model and residual, then the gradient backwards through the same products
    half = narrow @ cols.swapaxes(1, 2)
    star = rows @ half
    residual = problem.data - amplitude * star
    pull = problem.weight * residual
    scaled = amplitude * pull
    back = rows.swapaxes(1, 2) @ scaled
    by_narrow = -(up**2) * np.tensordot(back, cols, ([0, 2], [0, 1]))
    by_white = prior.back(by_narrow) + white
    by_x = -(back * (narrow @ cols_slope.swapaxes(1, 2))).sum((1, 2))
    by_y = -(scaled * (rows_slope @ half)).sum((1, 2))
    by_amplitude = -(pull * star).sum((1, 2))
    gradient = np.concatenate([by_white, by_x, by_y, by_amplitude]).astype(float)
    cost = (pull * residual).sum(dtype=float) + (white * white).sum(dtype=float)
    return 0.5 * float(cost), gradient * problem.scale


def _single(*arrays):
    """Return the arrays in single precision."""
    return [np.asarray(array, dtype=np.float32) for array in arrays]
