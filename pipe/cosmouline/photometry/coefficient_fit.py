"""Coefficient of every image from the fluxes of its stars."""

from dataclasses import dataclass, replace

from cosmouline.robust import median_of_finite

import numpy as np

MIN_STARS = 2  # one star alone could not be told from a variable one
SCATTER_FLOOR = 5e-4  # relative; flat fields and PSFs are hardly better
CLIP_SIGMA = 4.0  # of flux error and scatter of the star, beyond which a point is left out
VARIABLE_RATIO, VARIABLE_LEAST = 4.0, 0.01  # scatter per median scatter, and relative scatter
VARIABLE_SIGMA = 4.0  # of its squared scatter: that of a faint star is above 1 % by chance
MAX_ROUNDS = 30
SETTLING_ROUNDS = 3  # scatters are averaged, and no star is called variable, in the first rounds
LEAST_ROUNDS = 8
TOLERANCE = 1e-6  # relative change of the coefficients that ends the rounds
OUTLIER_SIGMA = 6.0  # to which residuals are cut before they count for the scatter of a star
LEAST_LEVERAGE = 0.1
LEAST_USED = 2 / 3  # of a constant star's points: outliers are a few per cent
CHI2_MIN_STARS = 4  # fewer stars do not measure the scatter that enlarges the error
TINY = 1e-30


@dataclass(frozen=True, eq=False)
class Normalisation:
    """Result of `normalise`.

    Parameters
    ----------
    coeff, coeff_sigma : ndarray of float, shape (n_images,)
        Transparency c of every image, ``flux = c F``: small = faint image. COSMOULINE's
        coefficient is ``c_ref / c``. NaN for an image with too few stars.
    star_flux, star_flux_sigma : ndarray of float, shape (n_stars,)
        Flux F of every star at c = 1; NaN for a star without flux.
    star_scatter : ndarray of float, shape (n_stars,)
        Relative scatter of every star beyond its flux errors.
    is_variable : ndarray of bool, shape (n_stars,)
        Stars that do not count for the coefficients.
    used : ndarray of bool, shape (n_images, n_stars)
        Fluxes that are measured and not clipped.
    residual : ndarray of float, shape (n_images, n_stars)
        ``flux / (c F) - 1``; NaN where not measured.
    chi2 : ndarray of float, shape (n_images,), per degree of freedom
    n_stars : ndarray of int, shape (n_images,)
        Stars that count for the coefficient.
    """

    coeff: np.ndarray
    coeff_sigma: np.ndarray
    star_flux: np.ndarray
    star_flux_sigma: np.ndarray
    star_scatter: np.ndarray
    is_variable: np.ndarray
    used: np.ndarray
    residual: np.ndarray
    chi2: np.ndarray
    n_stars: np.ndarray


@dataclass(frozen=True, eq=False)
class _Task:
    """The input: fluxes (NaN where missing), errors, and which are measured."""

    flux: np.ndarray
    sigma: np.ndarray
    measured: np.ndarray
    min_stars: int


@dataclass(frozen=True, eq=False)
class _State:
    """What the rounds change."""

    coeff: np.ndarray
    star_flux: np.ndarray
    scatter: np.ndarray
    is_variable: np.ndarray
    used: np.ndarray
    relative2: np.ndarray
    residual: np.ndarray
    leverage: np.ndarray
    change: float

    @property
    def weight(self):
        """Weight of every flux for the coefficient of its image."""
        counts = self.used & ~self.is_variable
        return np.where(counts, 1 / (self.relative2 + self.scatter**2), 0.0)

    @property
    def star_weight(self):
        """Weight of every flux for the flux of its star."""
        return np.where(self.used, 1 / (self.relative2 + self.scatter**2), 0.0)


def normalise(flux, flux_sigma, min_stars=MIN_STARS, reference=None):
    """Fit ``flux_ij = c_i F_j``, coefficients of images and fluxes of stars, robustly.

    Parameters
    ----------
    flux, flux_sigma : array_like of float, shape (n_images, n_stars)
        Fluxes (per second, where exposure times differ) and errors. NaN, and what is not
        positive, is missing.
    min_stars : int
        An image with fewer stars gets no coefficient.
    reference : int, optional
        Image whose c is 1; default: the median of all is 1.

    Returns
    -------
    Normalisation

    Raises
    ------
    ValueError
        If the shapes are not alike, or the reference has no coefficient.

    Notes
    -----
    Alternating least squares: c from the stars, F from the images, weights
    ``1 / (sigma^2 + s_j^2)``. The scatter s_j of a star is measured from its residuals (corrected
    for leverage), so that a variable star loses its weight; it is flagged once s_j is large.
    Points beyond 4 sigma are left out, never all of an image; every round judges anew. The error
    of c is that of the weighted mean, enlarged by the root of chi2 where that is above 1. As F is
    fitted, faint stars that drop out of bad images do not bias c, as they do in COSMOULINE's
    medians (`norm_cosmouline.renormalise`).
    """
    task = _task(flux, flux_sigma, min_stars)
    state = _first_state(task)
    for k in range(MAX_ROUNDS):
        before = state
        state = _judge_points(task, _measure_scatter(task, _fit_once(task, state), k))
        if k >= SETTLING_ROUNDS:
            state = _flag_variables(task, state)
        is_same = (state.used == before.used).all()
        if k >= LEAST_ROUNDS - 1 and state.change < TOLERANCE and is_same:
            break
    return _result(task, state, reference)


def _task(flux, flux_sigma, min_stars):
    """Check the input and mark what is measured."""
    flux, sigma = np.array(flux, dtype=float), np.array(flux_sigma, dtype=float)
    if flux.ndim != 2 or flux.shape != sigma.shape:
        raise ValueError(f"flux and flux_sigma need one 2-D shape: {flux.shape}, {sigma.shape}")
    measured = np.isfinite(flux) & np.isfinite(sigma) & (sigma > 0) & (flux > 0)
    flux[~measured] = np.nan
    return _Task(flux, sigma, measured, min_stars)


def _first_state(task):
    """Return a start from medians."""
    coeff = np.ones(len(task.flux))
    for _ in range(2):
        star_flux = median_of_finite(task.flux / coeff[:, None], 0)
        coeff = median_of_finite(task.flux / star_flux, 1)
    n_stars = task.flux.shape[1]
    scatter, is_variable = np.full(n_stars, SCATTER_FLOOR), np.zeros(n_stars, bool)
    start = (coeff, star_flux, scatter, is_variable, task.measured)
    return _State(*start, relative2=None, residual=None, leverage=None, change=np.inf)


def _residual(task, coeff, star_flux):
    """Return the relative residuals, 0 where not measured."""
    return np.where(task.measured, task.flux / (coeff[:, None] * star_flux) - 1, 0.0)


def _fit_once(task, state):
    """Improve the coefficients, then the fluxes of the stars."""
    level = state.coeff[:, None] * state.star_flux
    relative2 = np.where(task.measured, (task.sigma / level) ** 2, np.inf)
    state = replace(state, relative2=relative2)
    weight = state.weight
    change = (weight * _residual(task, state.coeff, state.star_flux)).sum(1)
    change /= np.maximum(weight.sum(1), TINY)
    is_enough = (weight > 0).sum(1) >= task.min_stars
    coeff = state.coeff * (1 + np.where(is_enough, change, 0))
    weight = state.star_weight
    better = (weight * _residual(task, coeff, state.star_flux)).sum(0)
    star_flux = state.star_flux * (1 + better / np.maximum(weight.sum(0), TINY))
    return replace(
        state,
        coeff=coeff,
        star_flux=star_flux,
        residual=_residual(task, coeff, star_flux),
        leverage=_leverage(state.weight, state.used, state.is_variable),
        change=float(np.abs(change).max(initial=0)),
    )


def _leverage(weight, used, is_variable):
    """Return the share of the variance of every flux that is left in its residual."""
    share = weight / np.maximum(weight.sum(1, keepdims=True), TINY)
    left = np.clip((1 - share) * (1 - 1 / np.maximum(used.sum(0), 2)), LEAST_LEVERAGE, 1)
    return np.where(is_variable, 1.0, left)


def _measure_scatter(task, state, k):
    """Measure the scatter of the stars beyond their flux errors, by weighted moments.

    The square of a residual has an error that goes with its variance: so one image with large
    errors, out of focus or behind a cloud, does not make a star variable.
    Of a star that would lose too many points to the clip all of them count: it is no constant
    star with outliers, it varies.
    """
    longest2 = OUTLIER_SIGMA**2 * (state.relative2 + state.scatter**2)
    varies = state.used.sum(0) < LEAST_USED * task.measured.sum(0)
    counted = np.where(varies, task.measured, state.used)
    squared = np.minimum(state.residual**2 / state.leverage, np.where(varies, np.inf, longest2))
    weight = np.where(counted, 1 / (state.relative2 + state.scatter**2) ** 2, 0.0)
    excess = np.where(counted, squared - state.relative2, 0.0)
    mean_excess = (weight * excess).sum(0) / np.maximum(weight.sum(0), TINY)
    scatter = np.sqrt(np.maximum(mean_excess, 0))
    if k < SETTLING_ROUNDS:
        scatter = (scatter + state.scatter) / 2
    return replace(state, scatter=np.maximum(scatter, SCATTER_FLOOR))


def _judge_points(task, state):
    """Choose the points to use: those of variables, those within the clip, or all of an image."""
    limit = CLIP_SIGMA * np.sqrt((state.relative2 + state.scatter**2) * state.leverage)
    used = task.measured & ((np.abs(state.residual) < limit + 1e-12) | state.is_variable)
    n_left = (used & ~state.is_variable).sum(1)
    n_all = (task.measured & ~state.is_variable).sum(1)
    is_lost = (n_left < task.min_stars) & (n_all >= task.min_stars)
    used[is_lost] = task.measured[is_lost]
    return replace(state, used=used)


def _flag_variables(task, state):
    """Flag the stars that scatter far more than the others, if enough others remain."""
    constant = ~state.is_variable
    usual = np.median(state.scatter[constant]) if constant.any() else SCATTER_FLOOR
    by_chance = np.sqrt(2 * np.where(state.used, state.relative2**2, 0).sum(0))
    by_chance /= np.maximum(state.used.sum(0), 1)
    is_variable = state.scatter > max(VARIABLE_RATIO * usual, VARIABLE_LEAST)
    is_variable &= state.scatter**2 > VARIABLE_SIGMA * by_chance
    if (~is_variable).sum() < task.min_stars:
        return state
    return replace(state, is_variable=is_variable)


def _result(task, state, reference):
    """Collect the result, scaled to the reference."""
    weight = state.weight
    n_stars = (weight > 0).sum(1)
    chi2 = (weight * state.residual**2).sum(1) / np.maximum(n_stars - 1, 1)
    coeff = np.where(n_stars >= task.min_stars, state.coeff, np.nan)
    unit = _unit(coeff, n_stars, reference, task.min_stars)
    enlarge = np.where(n_stars >= CHI2_MIN_STARS, np.sqrt(np.maximum(chi2, 1)), 1.0)
    relative = enlarge / np.sqrt(np.maximum(weight.sum(1), TINY))
    star_relative = 1 / np.sqrt(np.maximum(state.star_weight.sum(0), TINY))
    return Normalisation(
        coeff / unit,
        relative * coeff / unit,
        state.star_flux * unit,
        star_relative * state.star_flux * unit,
        state.scatter,
        state.is_variable,
        state.used,
        np.where(task.measured, state.residual, np.nan),
        chi2,
        n_stars,
    )


def _unit(coeff, n_stars, reference, min_stars):
    """Return the coefficient that becomes 1."""
    if reference is None:
        return median_of_finite(coeff)[()]
    if not np.isfinite(coeff[reference]):
        raise ValueError(f"reference needs {min_stars} stars, it has {n_stars[reference]}")
    return coeff[reference]


def star_pulls(normalisation, flux, flux_sigma):
    """Residuals of the stars in units of what their flux errors predict.

    Parameters
    ----------
    normalisation : Normalisation
    flux, flux_sigma : array_like of float, shape (n_images, n_stars)
        As given to `normalise`.

    Returns
    -------
    ndarray of float, shape (n_images, n_stars); NaN where not measured
        Their root mean square is 1 when the errors are right.

    Notes
    -----
    A residual is smaller than its error because the star helped to fix coefficient and mean
    (leverage); that is taken out. The scatter of the star is not part of the prediction.
    """
    relative = np.asarray(flux_sigma, dtype=float) / np.asarray(flux, dtype=float)
    used, is_variable = normalisation.used, normalisation.is_variable
    weight = np.where(used & ~is_variable, 1 / relative**2, 0.0)
    return normalisation.residual / (relative * np.sqrt(_leverage(weight, used, is_variable)))


def point_to_point(residual, used, time):
    """Scatter of every star from one image to the next.

    Parameters
    ----------
    residual : ndarray of float, shape (n_images, n_stars)
        Relative; NaN where not measured.
    used : ndarray of bool, of the same shape
        Points that are no outliers.
    time : array_like of float, shape (n_images,)

    Returns
    -------
    ndarray of float, shape (n_stars,)
        Root mean square of the steps over the root of 2, which slow trends leave alone; NaN for a
        star with fewer than two steps.
    """
    ordered = np.where(used, residual, np.nan)[np.argsort(time)]
    step2 = np.diff(ordered, axis=0) ** 2
    n_steps = np.isfinite(step2).sum(0)
    mean2 = np.nansum(step2, 0) / np.maximum(n_steps, 1) / 2
    return np.where(n_steps > 1, np.sqrt(mean2), np.nan)
