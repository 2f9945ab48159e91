"""Grid of residuals of the PSF, under a Gaussian-process prior, by maximum a posteriori."""

from dataclasses import dataclass, replace

from cosmouline import library
from cosmouline.psf.model import FWHM_PER_SIGMA, shift_operator

import numpy as np

linalg = library("scipy.linalg")
optimize = library("scipy.optimize")

# L-BFGS: relative change of the cost that ends it; a gradient it never reaches; stored steps
SEARCH = {"ftol": 1e-7, "gtol": 1e-9, "maxcor": 12}
NODE_MARGIN = 2.0  # sigmas beyond the edge up to which there are nodes
SMALLEST_NODE = 1e-3  # of the largest effect of a node on the PSF; others are left out
CENTRE_ERROR_PX = 1e-4  # to which the mean position of the stars is held: it is that of the PSF
LEAST_ALIKE = 6  # whose normal equations are scaled by those of as many that lie alike ...
LEAST_CORE_PX2 = 7.0  # ... where so many pixels are above half of the peak: a FWHM of 3 px
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
    factor : ndarray of float, shape (n_unknowns, n_unknowns), optional
        Cholesky factor of the normal equations, with which the next fit is scaled.
    """

    white: np.ndarray
    residual: np.ndarray
    offset_px: np.ndarray
    amplitude: np.ndarray
    factor: np.ndarray | None = None


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
    kept : tuple of ndarray of bool, shape (n_nodes, n_nodes)
        Nodes that have a value; that of the others is 0.
    """

    levels: tuple
    smoothings: tuple
    kept: tuple

    @property
    def n_white(self):
        """Number of white unknowns, of all parts."""
        return sum(int(kept.sum()) for kept in self.kept)

    def colour(self, white):
        """Return the residual that belongs to white values."""
        total, start = 0.0, 0
        for level, smoothing, kept in zip(self.levels, self.smoothings, self.kept, strict=True):
            values = np.zeros(kept.shape, white.dtype)
            values[kept] = white[start : start + kept.sum()]
            total, start = total + level * (smoothing @ values @ smoothing.T), start + kept.sum()
        return total

    def back(self, by_residual):
        """Return the gradient by the white values from that by the residual."""
        return np.concatenate([
            (smoothing.T @ (level * by_residual) @ smoothing)[kept]
            for level, smoothing, kept in zip(self.levels, self.smoothings, self.kept,
                                              strict=True)])

    def in_pixels(self, rows, cols):
        """Return what a white value of 1 adds to a star, shape (n_white, side_px**2).

        `rows` and `cols` are the operators (side_px, n_small) of `model.shift_operator`.
        """
        side_px, images = len(rows), []
        for level, smoothing, kept in zip(self.levels, self.smoothings, self.kept, strict=True):
            left = ((rows * smoothing.T[:, None]) @ level).reshape(-1, len(level))
            right = (cols * smoothing.T[:, None]).reshape(-1, len(level))
            pairs = (left @ right.T).reshape(len(kept), side_px, len(kept), side_px)
            images.append(pairs.swapaxes(1, 2)[kept].reshape(-1, side_px**2))
        return np.concatenate(images)

    def scaled(self, unit):
        """Return the prior of residuals `unit` times as large, in single precision."""
        return GridPrior(tuple(_single(*(unit * level for level in self.levels))),
                         tuple(_single(*self.smoothings)), self.kept)


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
    n_small, smoothings, all_kept = unit_moffat.shape[-1], [], []
    for level, (_, ell, _) in zip(levels, parts, strict=True):
        # K K^T is wider than K by the root of 2; nodes reach beyond the edge
        sigma = max(ell * fwhm_px * upsampling, 1.0) / FWHM_PER_SIGMA / np.sqrt(2)
        step = max(sigma, 1.0)
        n_half = int(np.ceil((n_small / 2 + NODE_MARGIN * sigma) / step))
        nodes = (n_small - 1) / 2 + step * np.arange(-n_half, n_half + 1)
        smoothing = np.exp(-0.5 * ((np.arange(n_small)[:, None] - nodes) / sigma) ** 2)
        smoothing /= np.sqrt((smoothing**2).sum(1, keepdims=True))
        # nodes far out, where the level is almost nothing, are left out
        effect2 = (smoothing**2).T @ level**2 @ smoothing**2
        kept = effect2 > SMALLEST_NODE**2 * effect2.max()
        some = kept.any(1)
        smoothings.append(smoothing[:, some])
        all_kept.append(kept[some][:, some])
    return GridPrior(levels, tuple(smoothings), tuple(all_kept))


def normal_matrix(weight, moffat, prior, fit, upsampling, slopes=(), images=()):
    """Return the matrix of the normal equations of a grid fit, its prior included.

    Parameters
    ----------
    weight, moffat, prior, upsampling
        As in `fit_grid`.
    fit : GridFit
        Where the equations hold: `residual`, `offset_px` and `amplitude` are used.
    slopes : ndarray of float, shape (n_slopes, 1 or n, n_small, n_small), optional
        Derivatives of the Moffat by parameters that are free too.
    images : ndarray of float, shape (n_images, n, side_px, side_px), optional
        Stamps of other unknowns that all stars share, or of the data.

    Returns
    -------
    ndarray of float, shape (n_unknowns, n_unknowns)
        Unknowns: white values, parameters of the Moffat, those of `images`, x of all stars, y,
        and their amplitudes.
    """
    side_px, n_stars, n_white = weight.shape[-1], len(weight), prior.n_white
    rows, rows_slope = shift_operator(fit.offset_px[:, 1], side_px, upsampling, derivative=True)
    cols, cols_slope = shift_operator(fit.offset_px[:, 0], side_px, upsampling, derivative=True)
    rows, rows_slope, cols, cols_slope = _single(*(
        upsampling * one for one in (rows, rows_slope, cols, cols_slope)))
    narrow = np.broadcast_to(*_single(moffat + fit.residual), (n_stars, *moffat.shape[1:]))
    slopes = [np.broadcast_to(*_single(one), narrow.shape) for one in slopes]
    n_common = n_white + len(slopes) + len(images)
    total = np.zeros((n_common + 3 * n_stars,) * 2)
    of_all, root = total[:n_common, :n_common], _single(np.sqrt(weight))[0]
    for k, amplitude in enumerate(fit.amplitude):
        row, col, own = rows[k], cols[k].T, n_common + k + n_stars * np.arange(3)
        columns = [amplitude * (row @ one[k] @ col) for one in slopes]
        columns += [one[k] for one in images]
        columns += [amplitude * (row @ narrow[k] @ cols_slope[k].T),
                    amplitude * (rows_slope[k] @ narrow[k] @ col), row @ narrow[k] @ col]
        nodes = prior.in_pixels(np.float32(amplitude) * row, cols[k])
        columns = np.concatenate([nodes, *_single(np.reshape(columns, (len(columns), -1)))])
        columns *= root[k].ravel()
        square = columns @ columns.T
        of_all += square[:n_common, :n_common]
        total[:n_common, own] = square[:n_common, -3:]
        total[own, :n_common], total[own[:, None], own] = square[-3:, :n_common], square[-3:, -3:]
    # the prior of the white values; a star without signal is known to a pixel and to its flux
    diagonal = np.einsum("ii->i", total)
    diagonal[:n_white] += 1
    diagonal[n_common:] += [*np.ones(2 * n_stars), *fit.amplitude**-2.0]
    return total


def scaling_matrix(weight, moffat, prior, fit, upsampling):
    """Return about the `normal_matrix` of a grid fit, for a tenth of its time.

    Parameters are those of `normal_matrix`. All stars have the mean position and the mean Moffat:
    what the white values add is made once instead of for every star. It scales the unknowns of a
    search; where that ends does not depend on it.
    """
    side_px, n_stars, n_white = weight.shape[-1], len(weight), prior.n_white
    x_px, y_px = fit.offset_px.mean(0)[:, None]
    narrow = _single(moffat.mean(0) + fit.residual)[0]
    (row,), (row_slope,) = (upsampling * one for one in shift_operator(
        y_px, side_px, upsampling, derivative=True))
    (col,), (col_slope,) = (upsampling * one for one in shift_operator(
        x_px, side_px, upsampling, derivative=True))
    row, row_slope, col, col_slope = _single(row, row_slope, col, col_slope)
    nodes = prior.in_pixels(row, col)
    own = np.stack([row @ narrow @ col_slope.T, row_slope @ narrow @ col.T, row @ narrow @ col.T])
    own = own.reshape(3, -1)
    # the weights of all stars together, then those of each
    flat, amplitude = weight.reshape(n_stars, -1), fit.amplitude[:, None]
    total = np.zeros((n_white + 3 * n_stars,) * 2)
    root = nodes * np.sqrt((amplitude**2 * flat).sum(0)).astype(np.float32)
    total[:n_white, :n_white] = root @ root.T
    factors = np.stack([amplitude, amplitude, np.ones_like(amplitude)])  # of x, y, amplitude
    columns = (own[:, None] * factors * flat).reshape(3 * n_stars, -1)
    crossed = nodes @ (columns * np.tile(amplitude, (3, 1))).T.astype(np.float32)
    total[:n_white, n_white:], total[n_white:, :n_white] = crossed, crossed.T
    squares = np.einsum("ip,kp,jp->kij", own, flat, own) * (
        factors.T[0][:, :, None] * factors.T[0][:, None])
    for k in range(n_stars):
        at = n_white + k + n_stars * np.arange(3)
        total[at[:, None], at] = squares[k]
    diagonal = np.einsum("ii->i", total)
    diagonal[:n_white] += 1
    diagonal[n_white:] += [*np.ones(2 * n_stars), *fit.amplitude**-2.0]
    return total


def held_centre(matrix, amplitude):
    """Return a `normal_matrix` under which the mean position of the stars stays.

    A shift of the PSF against one of all stars (n,) of these amplitudes is not seen in the data.
    """
    n_stars = len(amplitude)
    weights = centre_weights(amplitude**2 * np.diag(matrix)[-n_stars:])
    held = matrix.copy()
    for start in (-3 * n_stars, -2 * n_stars):
        at = slice(start, start + n_stars)
        held[at, at] += np.outer(weights, weights)
    return held


def centre_weights(snr2):
    """Return the weights (n,) of the positions of the stars in the mean that is held.

    They are the squares of the signal-to-noise ratios, over the error to which it is held.
    """
    return snr2 / (snr2.sum() + TINY) / CENTRE_ERROR_PX


@dataclass(frozen=True, eq=False)
class _Problem:
    """Constants of a fit; images are of float32."""

    data: np.ndarray
    weight: np.ndarray
    moffat: np.ndarray
    prior: GridPrior
    upsampling: int
    first: np.ndarray  # unknowns at the start
    factor: np.ndarray  # lower triangle: scaled unknowns are factor^T (unknowns - first)
    held: np.ndarray  # weights of the stars in the mean position that is held
    offsets: np.ndarray  # (2, n), which give that position

    def split(self, scaled):
        """Return white values, offsets (2, n) and amplitudes (n,) from the scaled unknowns."""
        values = self.first + linalg.solve_triangular(self.factor, scaled, trans=1, lower=True,
                                               check_finite=False)
        n_white, n_stars = self.prior.n_white, len(self.data)
        white, offsets, amplitude = np.split(values, [n_white, n_white + 2 * n_stars])
        return white, offsets.reshape(2, n_stars), amplitude


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
        The mean of the offsets stays, as a shift of all stars is one of the PSF.
    upsampling : int
        Small pixels per pixel.
    max_steps : int
        Largest number of L-BFGS steps; about ten are needed.

    Returns
    -------
    GridFit

    Notes
    -----
    Minimises ``chi2 / 2 + |g|^2 / 2`` over g, offsets and amplitudes, in single precision.
    The unknowns are scaled by the Cholesky factor of the normal equations at the start, of many
    stars as if all lay alike, which makes the cost almost round. Unlike with an l1 penalty on
    starlets (STARRED), no strength has to be chosen: where the stars show little the residual
    stays at zero, where they show much it is free.
    """
    unit = start.amplitude.mean()  # single precision wants amplitudes of about 1
    data, weight, moffat = _single(data, weight, unit * moffat)
    scaled_prior, amplitude = prior.scaled(unit), start.amplitude / unit
    # from the last grid on, or from the bare Moffat
    white = np.zeros(prior.n_white) if start.white is None else start.white
    at = GridFit(white, scaled_prior.colour(white), start.offset_px, amplitude)
    first = np.concatenate([white, *start.offset_px.T, amplitude])
    factor = start.factor
    if factor is None or len(factor) != len(first):
        # of many stars that are well sampled, one that lies as their mean stands for all
        core = (moffat[0] > moffat[0].max() / 2).sum() / upsampling**2
        is_alike = len(weight) >= LEAST_ALIKE and core > LEAST_CORE_PX2
        matrix = (scaling_matrix if is_alike else normal_matrix)(
            weight, moffat, scaled_prior, at, upsampling)
        factor = np.linalg.cholesky(held_centre(matrix, amplitude))
    held = centre_weights((weight * data * data).sum((1, 2), dtype=float))
    problem = _Problem(data, weight, moffat, scaled_prior, upsampling, first, factor, held,
                       start.offset_px.T)
    # the first step of L-BFGS has length 1: in these units it is the Gauss-Newton step
    gradient = _cost(np.zeros(len(first)), problem)[1]
    problem = replace(problem, factor=factor / (np.sqrt(gradient @ gradient) + TINY))
    options = {"maxiter": max_steps, "maxfun": 2 * max_steps, **SEARCH}
    found = optimize.minimize(_cost, np.zeros(len(first)), args=(problem,), jac=True,
                              method="L-BFGS-B", options=options)
    white, offsets, amplitude = problem.split(found.x)
    return GridFit(white, prior.colour(white), offsets.T, unit * amplitude, factor)


def _cost(scaled, problem):
    """Return the cost and its gradient by the scaled unknowns."""
    white, offsets, amplitude = problem.split(scaled)
    side_px, up, prior = problem.data.shape[-1], problem.upsampling, problem.prior
    moved = (offsets - problem.offsets) @ problem.held
    white, amplitude = _single(white, amplitude[:, None, None])
    rows, rows_slope = _single(*shift_operator(offsets[1], side_px, up, derivative=True))
    cols, cols_slope = _single(*shift_operator(offsets[0], side_px, up, derivative=True))
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
    by_x = -(back * (narrow @ cols_slope.swapaxes(1, 2))).sum((1, 2)) + moved[0] * problem.held
    by_y = -(scaled * (rows_slope @ half)).sum((1, 2)) + moved[1] * problem.held
    by_amplitude = -(pull * star).sum((1, 2))
    gradient = np.concatenate([by_white, by_x, by_y, by_amplitude]).astype(float)
    cost = (pull * residual).sum(dtype=float) + (white * white).sum(dtype=float)
    return (0.5 * float(cost + moved @ moved),
            linalg.solve_triangular(problem.factor, gradient, lower=True, check_finite=False))


def _single(*arrays):
    """Return the arrays in single precision."""
    return [np.asarray(array, dtype=np.float32) for array in arrays]
