"""The grid of a PSF under an l1 penalty of its starlets, to compare with.

Minimised by L-BFGS on a smoothed l1, unknowns scaled by the curvature. The penalty is in units of
the noise of each starlet (`starred_psf.starlet_noise`), so a strength means the same at any flux.
"""

from functools import partial

from cosmouline.psf.model import shift_operator
from cosmouline.psf.residual_grid import GridFit
from cosmouline.psf.starred_fit import smoothing_matrix, starlet_noise

import numpy as np
from scipy.optimize import minimize

STRENGTHS = (0.7, 1.5, 3.0, 6.0, 12.0, 25.0)
SMOOTH = 0.02  # width of the corner of the l1, in sigmas of a starlet
MAX_STEPS = 250
UNUSED_VARIANCE = 1e30


def starlets(strength):
    """Return a `fit_residual` with a strength of the penalty."""
    return partial(_fit, strength)


def _fit(strength, frame, state, images, grid, max_steps):
    used, up = state.is_used, frame.options.upsampling
    data, n_small = frame.data[used], images.shape[-1]
    weight = state.good[used] / state.variance[used]
    offset_px, amplitude = state.offset_px[used], state.amplitude[used]
    variance = np.where(weight > 0, state.variance[used], UNUSED_VARIANCE)
    noise = starlet_noise(up**2 * amplitude, offset_px, variance, up)[:-1]
    smooth = [smoothing_matrix(n_small, j) for j in range(len(noise))]
    scale = _scale(data, weight, offset_px, amplitude, up)
    first = np.concatenate([grid.residual.ravel(), *offset_px.T, amplitude]) / scale
    args = (data, weight, images[0], strength * noise, smooth, scale, up)
    options = {"maxiter": min(MAX_STEPS, 2 * max_steps), "maxfun": 1000, "ftol": 1e-8,
               "gtol": 1e-9, "maxcor": 12}
    z = scale * minimize(_cost, first, args=args, jac=True, method="L-BFGS-B", options=options).x
    n_stars = len(data)
    rest = z[n_small**2:].reshape(3, n_stars)
    return GridFit(None, z[:n_small**2].reshape(n_small, n_small), rest[:2].T, rest[2])


def _scale(data, weight, offset_px, amplitude, up):
    side_px = data.shape[-1]
    rows = shift_operator(offset_px[:, 1], side_px, up)
    cols = shift_operator(offset_px[:, 0], side_px, up)
    per_star = (rows**2).swapaxes(1, 2) @ weight @ cols**2
    curvature = up**4 * np.einsum("i,ipq->pq", amplitude**2, per_star)
    own = 1 / np.sqrt((weight * data * data).sum((1, 2)) + 1e-6)
    grid = 1 / np.sqrt(curvature + 0.02 * curvature.max())
    return np.concatenate([grid.ravel(), 2 * own, 2 * own, amplitude * own])


def _cost(unknowns, data, weight, moffat, penalty, smooth, scale, up):
    n_small, n_stars, side_px = len(moffat), len(data), data.shape[-1]
    z = unknowns * scale
    grid, (x, y, amplitude) = z[:n_small**2].reshape(n_small, n_small), z[n_small**2:].reshape(
        3, n_stars)
    amplitude = amplitude[:, None, None]
    rows, rows_slope = shift_operator(y, side_px, up, derivative=True)
    cols, cols_slope = shift_operator(x, side_px, up, derivative=True)
    narrow = up**2 * (moffat + grid)
    half = narrow @ cols.swapaxes(1, 2)
    star = rows @ half
    pull = weight * (data - amplitude * star)
    back = rows.swapaxes(1, 2) @ (amplitude * pull)
    l1, by_grid = _l1(grid, penalty, smooth)
    by_grid = by_grid - up**2 * np.tensordot(back, cols, ([0, 2], [0, 1]))
    by_x = -(back * (narrow @ cols_slope.swapaxes(1, 2))).sum((1, 2))
    by_y = -(amplitude * pull * (rows_slope @ half)).sum((1, 2))
    slopes = np.concatenate([by_grid.ravel(), by_x, by_y, -(pull * star).sum((1, 2))])
    return 0.5 * (pull * (data - amplitude * star)).sum() + l1, slopes * scale


def _l1(grid, penalty, smooth):
    """Return the smoothed penalty and its gradient; the coarsest scale is free."""
    coarse, total, slopes = grid, 0.0, []
    for noise, matrix in zip(penalty, smooth, strict=True):
        coarser = matrix @ coarse @ matrix
        corner = SMOOTH / (noise + 1e-30)
        root = np.sqrt((coarse - coarser) ** 2 + corner**2)
        total += (noise * (root - corner)).sum()
        slopes.append(noise * (coarse - coarser) / root)
        coarse = coarser
    back = np.zeros_like(grid)
    for slope, matrix in zip(slopes[::-1], smooth[::-1], strict=True):
        back = slope + matrix @ (back - slope) @ matrix
    return total, back
