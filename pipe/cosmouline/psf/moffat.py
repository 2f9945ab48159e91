"""Fit of one elliptical Moffat, constant or variable over the field, to all star stamps."""

from dataclasses import dataclass, replace

from cosmouline.psf.model import (
    N_LINEAR,
    N_QUADRATIC,
    gradient_of,
    limit_ellipticity,
    moffat,
    moffat_derivatives,
    render,
    shift_operator,
    star_parameters,
    with_field_slopes,
)

import numpy as np

START_LOG_BETA = np.log(3.0)  # the seeing-limited cameras of the test frames have 2.5-4
LOWEST_FWHM_PX = 0.5
LOG_BETA_RANGE = (np.log(1.3), np.log(20.0))  # infinite flux at beta = 1; 20 is a Gaussian
LARGEST_ELLIPTICITY_TERM = 0.8  # |(e1, e2)|: 1 - b/a = 0.67, a strongly trailed star
LARGEST_GRADIENT = 0.4  # of ln(FWHM), e1, e2 per half field
TOLERANCE = 1e-2  # of chi2, a tenth of a sigma: the next step would gain far less
START_DAMPING, LESS_DAMPING, MORE_DAMPING, MAX_TRIALS = 1e-2, 0.2, 8.0, 6
LARGEST_MOVE_PX = 2.0  # of a star in one step
TINY = 1e-30  # keeps the amplitude of an empty stamp finite (zero)


@dataclass(frozen=True, eq=False)
class MoffatFit:
    """Moffat parameters common to all stars, and position and amplitude of each.

    Parameters
    ----------
    theta : ndarray of float, shape (4,), (10,) or (13,)
        ln(FWHM in pixels), e1, e2, ln(beta); then, for a field that varies, the slopes of the
        first three with u and v; then those of ln(FWHM) with u^2, uv and v^2.
    offset_px : ndarray of float, shape (n, 2)
        (x, y) of each star from the centre of its stamp.
    amplitude : ndarray of float, shape (n,)
        Flux per unit of the sum of the Moffat of unit peak on small pixels.
    chi2 : float
        Sum over all stamps.
    """

    theta: np.ndarray
    offset_px: np.ndarray
    amplitude: np.ndarray
    chi2: float

    @property
    def parameters(self):
        """The four parameters at the centre of the field."""
        return self.theta[:4]

    @property
    def gradient(self):
        """Change of the first three over the field (`model.Psf`), or None."""
        return gradient_of(self.theta)


@dataclass(frozen=True, eq=False)
class _Stars:
    """Constants of a fit: stamps, weights, field coordinates, sampling."""

    data: np.ndarray
    weight: np.ndarray
    uv: np.ndarray | None
    upsampling: int

    @property
    def side_px(self):
        return self.data.shape[-1]

    def profiles(self, theta):
        """Return the Moffat parameters of the stars, shape (1 or n, 4)."""
        if self.uv is None:
            return theta[None, :4]
        return star_parameters(theta[:4], gradient_of(theta), self.uv)

    def centre(self, theta):
        """Return ln(FWHM) at the centre of a field that varies, else None."""
        return None if self.uv is None else theta[0]


def first_guess(n_stars, fwhm_px):
    """Round Moffat with every star at the centre of its stamp, to start `fit_moffat` from."""
    theta = np.array([np.log(max(fwhm_px, LOWEST_FWHM_PX)), 0.0, 0.0, START_LOG_BETA])
    return MoffatFit(theta, np.zeros((n_stars, 2)), np.full(n_stars, np.nan), np.inf)


def fit_moffat(data, weight, start, upsampling, uv=None, max_steps=30, n_common=N_LINEAR):
    """Fit the Moffat, and position and amplitude of every star, by Levenberg-Marquardt.

    Parameters
    ----------
    data : ndarray of float, shape (n, side_px, side_px)
        Stamps without sky; finite everywhere.
    weight : ndarray of float, of the same shape
        Inverse variance; 0 where a pixel is not used.
    start : MoffatFit
        Where to start (`first_guess`, or an earlier fit of the same stars).
    upsampling : int
        Small pixels per pixel.
    uv : ndarray of float, shape (n, 2), optional
        Field coordinates; given, ln(FWHM), e1 and e2 vary with them.
    max_steps : int
        Largest number of steps; it ends earlier once a step gains less than `TOLERANCE`.
    n_common : int
        Parameters of all stars where they vary: `model.N_LINEAR` or `model.N_QUADRATIC`.

    Returns
    -------
    MoffatFit

    Notes
    -----
    The three unknowns of each star are eliminated from the normal equations (Schur complement),
    so a step costs one small system per star and one of 4 to 13 unknowns. The amplitudes are
    solved again, exactly, after each step. FWHM, (e1, e2), beta and the gradient stay in bounds.
    """
    stars = _Stars(data, weight, uv, upsampling)
    theta = np.zeros(4 if uv is None else n_common)
    n_known = min(len(theta), len(start.theta))
    theta[:n_known] = start.theta[:n_known]
    fit = _with_amplitudes(stars, theta, start.offset_px)
    damping, edge = START_DAMPING, stars.side_px / 4
    for _ in range(max_steps):
        equations = _normal_equations(stars, fit)
        # more damping until a step lowers chi2
        for _ in range(MAX_TRIALS):
            common, own = _damped_step(equations, damping)
            # parameters in their allowed ranges, stars near the centres
            theta = fit.theta + common
            theta[0] = np.clip(theta[0], np.log(LOWEST_FWHM_PX), np.log(stars.side_px))
            theta[1:3] = limit_ellipticity(theta[1:3], LARGEST_ELLIPTICITY_TERM)
            theta[3] = np.clip(theta[3], *LOG_BETA_RANGE)
            theta[4:] = np.clip(theta[4:], -LARGEST_GRADIENT, LARGEST_GRADIENT)
            move = np.clip(own[:, 1:], -LARGEST_MOVE_PX, LARGEST_MOVE_PX)
            trial = _with_amplitudes(stars, theta, np.clip(fit.offset_px + move, -edge, edge))
            if trial.chi2 < fit.chi2:
                break
            damping *= MORE_DAMPING
        else:
            break
        damping *= LESS_DAMPING
        gain, fit = fit.chi2 - trial.chi2, trial
        if gain < TOLERANCE * max(1.0, 1e-6 * fit.chi2):
            break
    return fit


def linear_amplitude(data, weight, model):
    """Weighted least-squares amplitude of one model per stamp, shape (n,); 0 without pixels."""
    top = (weight * model * data).sum((1, 2))
    return top / ((weight * model * model).sum((1, 2)) + TINY)


def _with_amplitudes(stars, theta, offset_px):
    """Return the fit at given parameters and positions: amplitudes solved, chi2 counted."""
    # the amplitudes enter linearly: exact for given parameters
    image = moffat(stars.profiles(theta), stars.side_px * stars.upsampling, stars.upsampling,
                   stars.centre(theta))
    model = render(image, offset_px, stars.side_px, stars.upsampling)
    amplitude = linear_amplitude(stars.data, stars.weight, model)
    residual = stars.data - amplitude[:, None, None] * model
    return MoffatFit(theta, offset_px, amplitude, float((stars.weight * residual**2).sum()))


def gain_of_quadratic(data, weight, fit, upsampling, uv):
    """Gain of chi2, on stars that are left out, by a ln(FWHM) that is quadratic over the field.

    Parameters
    ----------
    data, weight, upsampling, uv
        See `fit_moffat`.
    fit : MoffatFit
        Constant or linear over the field, of these stars.

    Returns
    -------
    float
        Of each star under the Moffat of the others, in sum; negative without a quadratic.

    Notes
    -----
    All fits without one star follow from the normal equations at one place, exactly for a linear
    fit (Cook & Weisberg 1982, Residuals and Influence in Regression, section 2.2). What a single
    star shows, as a galaxy among them, counts little: the others do not expect it there.
    """
    theta = np.zeros(N_QUADRATIC)
    theta[:len(fit.theta)] = fit.theta
    common, mixed, own, common_side, own_side = (
        block.astype(float) for block in _star_equations(
            _Stars(data, weight, uv, upsampling), replace(fit, theta=theta)))
    # without the unknowns of the stars
    right = np.concatenate([mixed.swapaxes(1, 2), own_side], 2)
    taken = mixed @ np.linalg.solve(own + 1e-12 * np.eye(3), right)
    matrix, side = common - taken[:, :, :-1], common_side - taken[:, :, -1:]
    chi2 = []
    for n in (len(fit.theta), N_QUADRATIC):
        a, b = matrix[:, :n, :n], side[:, :n]
        scale = 1 / np.sqrt(np.einsum("kk->k", a.sum(0)) + TINY)[:, None]
        a, b = a * scale * scale.T, scale * b
        step = np.linalg.solve(a.sum(0) - a + 1e-9 * np.eye(n), b.sum(0) - b)
        chi2.append(float((step * (a @ step - 2 * b)).sum()))
    return chi2[0] - chi2[1]


def _normal_equations(stars, fit):
    """Return the normal equations: blocks common, mixed, own, and the two right-hand sides.

    In single precision, the residuals apart: chi2, by which a step is judged, is not.
    """
    common, mixed, own, common_side, own_side = _star_equations(stars, fit)
    blocks = common.sum(0), mixed, own, common_side.sum(0)[:, 0], own_side
    return tuple(block.astype(float) for block in blocks)


def _star_equations(stars, fit):
    """Return the same, the blocks of all stars apart: (n, k, k), (n, k, 3), ..., (n, 3, 1)."""
    side, up, n_stars = stars.side_px, stars.upsampling, len(stars.data)
    image, slopes = moffat_derivatives(stars.profiles(fit.theta), side * up, up,
                                       stars.centre(fit.theta))
    rows, rows_slope = shift_operator(fit.offset_px[:, 1], side, up, derivative=True)
    cols, cols_slope = shift_operator(fit.offset_px[:, 0], side, up, derivative=True)
    cols, cols_slope = cols.swapaxes(1, 2), cols_slope.swapaxes(1, 2)
    residual = stars.data - up**2 * fit.amplitude[:, None, None] * (rows @ image @ cols)
    image, slopes, rows, rows_slope, cols, cols_slope, amplitude, weight, residual = (
        np.asarray(one, dtype=np.float32) for one in (
            image, slopes, rows, rows_slope, cols, cols_slope,
            up**2 * fit.amplitude[:, None, None], stars.weight, residual))
    half = image @ cols
    model = up**2 * (rows @ half)

    # derivatives by what all stars share (n, k, pixels), and by flux, x, y of each (n, 3, pixels)
    common = (rows @ slopes @ cols) * amplitude
    if stars.uv is not None:
        common = with_field_slopes(common, stars.uv, gradient_of(fit.theta).shape[1])
    common = common.swapaxes(0, 1).reshape(n_stars, len(common), -1)
    by_x = amplitude * (rows @ (image @ cols_slope))
    by_y = amplitude * (rows_slope @ half)
    own = np.stack([model, by_x, by_y], 1).reshape(n_stars, 3, -1)

    weight, residual = weight.reshape(n_stars, 1, -1), residual.reshape(n_stars, -1, 1)
    weighted, own_weighted = common * weight, own * weight
    return (weighted @ common.swapaxes(1, 2), weighted @ own.swapaxes(1, 2),
            own_weighted @ own.swapaxes(1, 2), weighted @ residual, own_weighted @ residual)


def _damped_step(equations, damping):
    """Return the damped step of common (k,) and own (n, 3) unknowns: Schur complement."""
    common, mixed, own, common_side, own_side = equations
    diagonal = np.eye(3) * np.einsum("nii->ni", own)[:, :, None]
    # Marquardt: the diagonals are enlarged
    own = own + damping * diagonal + 1e-12 * np.eye(3)  # an empty stamp has no unknowns
    n_common = len(common)
    floor = 1e-9 * np.diag(common).max() + TINY
    common = common + damping * np.diag(np.diag(common)) + floor * np.eye(n_common)
    # eliminate the unknowns of the stars
    solved = np.linalg.solve(own, np.concatenate([mixed.swapaxes(1, 2), own_side], 2))
    reduced = common - (mixed @ solved[:, :, :n_common]).sum(0)
    side = common_side - (mixed @ solved[:, :, n_common:])[:, :, 0].sum(0)
    step = np.linalg.solve(reduced, side)
    return step, solved[:, :, n_common] - solved[:, :, :n_common] @ step
