"""Evidence of the stars of an image for the size of the residuals of its PSF."""

from typing import NamedTuple

from cosmouline.psf.model import moffat, moffat_derivatives, shift_operator, star_parameters
from cosmouline.psf.residual_grid import grid_prior

import numpy as np

SMALLEST_MODE = 1e-2  # of the largest, in amplitude: smaller ones change no evidence by 0.1


class _Equations(NamedTuple):
    """Normal equations of the modes of both parts, of size 1."""

    matrix: np.ndarray
    side: np.ndarray
    n_first: int


def log_evidence(data_e, fit, taus):
    """Logarithm of the evidence for sizes of the first part of a prior, but for a constant.

    Parameters
    ----------
    data_e : ndarray of float, shape (n, side_px, side_px)
        The stamps given to `psf.fit_psf`.
    fit : PsfFit
        Its result, under any prior; not one of STARRED. Its options have all but the size of the
        first part of the prior that is asked for.
    taus : sequence of float
        Sizes of the first part.

    Returns
    -------
    ndarray of float, shape (n_taus,)

    Notes
    -----
    Given the Moffat, the masks and the noise of the fit, the data are linear in the white unknowns
    of the prior, and the evidence is exact: ``(b^T (I + N)^-1 b - ln det(I + N)) / 2`` with the
    normal equations ``N g = b`` (MacKay 1992, Neural Computation 4, 415). The prior is smooth, so
    the unknowns are those of its largest singular vectors: some hundreds, whatever the seeing.
    Fluxes, positions and Moffat parameters are marginalised with flat priors. The noise is scaled
    to a chi2 of 1 where it is above.

    The size of the wings is better not chosen this way: stars show little of them, and a galaxy
    around a lens depends on them. On the frames of the SkyMaker demo the evidence is against the
    wings that lower the scatter of the faintest image from 2.06 to 1.71 %.
    """
    equations = _equations(data_e, fit)
    return np.array([_evidence(equations, tau, fit.options.wings[0]) for tau in taus])


def _evidence(equations, tau, wing_tau):
    """Return the log evidence of two sizes."""
    size = np.full(len(equations.side), float(wing_tau))
    size[: equations.n_first] = tau
    matrix = equations.matrix * size * size[:, None]
    matrix[np.diag_indices_from(matrix)] += 1
    root = np.linalg.cholesky(matrix)
    solved = np.linalg.solve(matrix, equations.side * size)
    return 0.5 * float(equations.side * size @ solved) - float(np.log(np.diag(root)).sum())


def _equations(data_e, fit):
    """Return the normal equations, with all but the modes eliminated."""
    psf, up, options = fit.psf, fit.psf.upsampling, fit.options
    unit = moffat(psf.moffat, psf.side_px * up, up)
    shapes = [(1.0, *part[1:]) for part in (options.prior, options.wings)]
    prior = grid_prior(unit, psf.fwhm_px, up, shapes)
    parts = [(level, *_modes_of(smoothing))
             for level, smoothing in zip(prior.levels, prior.smoothings, strict=True)]
    stars = _Stars(data_e, fit)
    total = 0
    for k in range(len(stars.amplitude)):
        total = total + stars.block(k, parts)
    n_modes = len(total) - 5
    common, mixed = total[n_modes:-1, n_modes:-1], total[n_modes:-1]
    solved = np.linalg.solve(common, mixed[:, [*range(n_modes), -1]])
    left = total[:n_modes, [*range(n_modes), -1]] - total[:n_modes, n_modes:-1] @ solved
    return _Equations(left[:, :-1], left[:, -1], sum(map(len, parts[0][2])))


def _modes_of(smoothing):
    """Return columns of one axis, and for each the columns of the other axis that go with it."""
    vectors, values, _ = np.linalg.svd(smoothing, full_matrices=False)
    least = SMALLEST_MODE * values[0] ** 2
    pairs = [np.flatnonzero(value * values > least) for value in values]
    return (vectors * values).astype(np.float32), pairs


class _Stars:
    """The used stars of a fit: residuals from the Moffat, weights, operators."""

    def __init__(self, data_e, fit):
        psf, used = fit.psf, fit.is_used
        up, self.side_px = psf.upsampling, psf.side_px
        uv = None if psf.gradient is None else fit.uv[used]
        parameters = np.atleast_2d(star_parameters(psf.moffat, psf.gradient, uv))
        images, slopes = moffat_derivatives(parameters, self.side_px * up, up)
        narrow = images + psf.residual
        self.amplitude = fit.flux_e[used] / narrow.sum((1, 2))
        x, y = fit.offset_px[used].T
        rows, rows_slope = shift_operator(y, self.side_px, up, derivative=True) * np.array(up)
        cols, cols_slope = shift_operator(x, self.side_px, up, derivative=True) * np.array(up)
        self.rows, self.cols = rows, cols
        cols, cols_slope = cols.swapaxes(1, 2), cols_slope.swapaxes(1, 2)
        star = rows @ narrow @ cols
        self.own = np.stack([star, rows @ narrow @ cols_slope, rows_slope @ narrow @ cols])
        amplitude = self.amplitude[:, None, None]
        self.common = rows @ slopes @ cols * amplitude
        good = fit.good[used]
        weight, data = good / fit.variance_e2[used], np.where(good, data_e[used], 0)
        scale = max(1.0, (weight * (data - amplitude * star) ** 2).sum() / good.sum())
        self.root = np.sqrt(weight / scale)
        self.residual = data - amplitude * (rows @ images @ cols)

    def block(self, k, parts):
        """Return the products of modes, Moffat slopes and residual of one star.

        What its flux and its place explain is taken out.
        """
        root = self.root[k].ravel()[:, None]
        own = np.linalg.qr(self.own[:, k].reshape(3, -1).T * root)[0].astype(np.float32)
        modes = [self.amplitude[k] * self._modes(k, *part) for part in parts]
        rest = [*self.common[:, k], self.residual[k]]
        columns = np.concatenate([*modes, np.reshape(rest, (5, -1)).T], 1).astype(np.float32)
        columns *= root.astype(np.float32)
        columns -= own @ (own.T @ columns)
        return (columns.T @ columns).astype(float)

    def _modes(self, k, level, columns, pairs):
        """Return the modes of one part in the pixels of a star, shape (n_pixels, n_modes)."""
        side, cols = self.side_px, self.cols[k].astype(np.float32)
        images = []
        for j, others in enumerate(pairs):
            left = ((self.rows[k] * columns[:, j]) @ level).astype(np.float32)
            right = cols * columns.T[others][:, None]
            image = left @ right.reshape(-1, len(columns)).T
            images.append(image.reshape(side, len(others), side).swapaxes(1, 2))
        return np.concatenate([i.reshape(side * side, -1) for i in images], 1)
