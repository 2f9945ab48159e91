"""Coefficient of every image from the fluxes of its stars."""

from dataclasses import dataclass

from cosmouline.robust import median_of_finite

import numpy as np

MIN_STARS = 2  # one star alone could be a variable one
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
CHI2_MIN_STARS = 4  # with fewer stars chi2 is too uncertain to enlarge the error
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
    Points beyond 4 sigma are left out, never all of an image; every round decides again. The error
    of c is that of the weighted mean, enlarged by the root of chi2 where that is above 1. As F is
    fitted, faint stars that drop out of bad images do not bias c, as they do in COSMOULINE's
    medians (`coefficient_median.renormalise`).
    """
    flux, sigma = np.array(flux, dtype=float), np.array(flux_sigma, dtype=float)
    if flux.ndim != 2 or flux.shape != sigma.shape:
        raise ValueError(f"flux and flux_sigma need one 2-D shape: {flux.shape}, {sigma.shape}")
    measured = np.isfinite(flux) & np.isfinite(sigma) & (sigma > 0) & (flux > 0)
    flux[~measured] = np.nan

    def relative_residual():
        return np.where(measured, flux / (coeff[:, None] * star_flux) - 1, 0.0)

    # start from medians over images and stars
    coeff = np.ones(len(flux))
    for _ in range(2):
        star_flux = median_of_finite(flux / coeff[:, None], 0)
        coeff = median_of_finite(flux / star_flux, 1)
    scatter = np.full(flux.shape[1], SCATTER_FLOOR)
    is_variable, used = np.zeros(len(scatter), bool), measured

    for k in range(MAX_ROUNDS):
        # c as the weighted mean over the constant stars, then F as that over the images
        relative2 = np.where(measured, (sigma / (coeff[:, None] * star_flux)) ** 2, np.inf)
        weight, star_weight = _weights(relative2, scatter, used, is_variable)
        change = (weight * relative_residual()).sum(1) / np.maximum(weight.sum(1), TINY)
        is_enough = (weight > 0).sum(1) >= min_stars
        coeff = coeff * (1 + np.where(is_enough, change, 0))
        better = (star_weight * relative_residual()).sum(0)
        star_flux = star_flux * (1 + better / np.maximum(star_weight.sum(0), TINY))

        # the scatter of the stars, the points within the clip, the stars that vary
        residual, leverage = relative_residual(), left_by_leverage(weight, used, is_variable)
        before, found = used, _scatter(residual, relative2, leverage, scatter, used, measured)
        found = found if k >= SETTLING_ROUNDS else (found + scatter) / 2
        scatter = np.maximum(found, SCATTER_FLOOR)
        limit = CLIP_SIGMA * np.sqrt((relative2 + scatter**2) * leverage)
        used = measured & ((np.abs(residual) < limit + 1e-12) | is_variable)
        # an image that would lose too many stars keeps all of them
        is_lost = (used & ~is_variable).sum(1) < min_stars
        is_lost &= (measured & ~is_variable).sum(1) >= min_stars
        used[is_lost] = measured[is_lost]
        if k >= SETTLING_ROUNDS:
            is_variable = _flag_variables(scatter, relative2, used, is_variable, min_stars)
        is_settled = np.abs(change).max(initial=0) < TOLERANCE and (used == before).all()
        if k >= LEAST_ROUNDS - 1 and is_settled:
            break

    # errors of the weighted means; the stars' disagreement enlarges that of c
    weight, star_weight = _weights(relative2, scatter, used, is_variable)
    n_stars = (weight > 0).sum(1)
    chi2 = (weight * residual**2).sum(1) / np.maximum(n_stars - 1, 1)
    enlarge = np.where(n_stars >= CHI2_MIN_STARS, np.sqrt(np.maximum(chi2, 1)), 1.0)
    relative = enlarge / np.sqrt(np.maximum(weight.sum(1), TINY))
    star_relative = 1 / np.sqrt(np.maximum(star_weight.sum(0), TINY))
    coeff = np.where(n_stars >= min_stars, coeff, np.nan)
    unit = median_of_finite(coeff)[()] if reference is None else coeff[reference]
    if reference is not None and not np.isfinite(unit):
        raise ValueError(f"reference needs {min_stars} stars, it has {n_stars[reference]}")
    return Normalisation(
        coeff / unit, relative * coeff / unit, star_flux * unit, star_relative * star_flux * unit,
        scatter, is_variable, used, np.where(measured, residual, np.nan), chi2, n_stars)


def _weights(relative2, scatter, used, is_variable):
    """Return the weights of the fluxes for the coefficients, and for the fluxes of the stars."""
    star_weight = np.where(used, 1 / (relative2 + scatter**2), 0.0)
    return np.where(is_variable, 0.0, star_weight), star_weight


def left_by_leverage(weight, used, is_variable):
    """Return the fraction of the variance of every flux that is left in its residual."""
    fraction = weight / np.maximum(weight.sum(1, keepdims=True), TINY)
    left = np.clip((1 - fraction) * (1 - 1 / np.maximum(used.sum(0), 2)), LEAST_LEVERAGE, 1)
    return np.where(is_variable, 1.0, left)


def _scatter(residual, relative2, leverage, scatter, used, measured):
    """Return the scatter of the stars beyond their flux errors, by weighted moments."""
    # an outlier counts only up to a limit. A star that would lose too many points to the clip is
    # no constant star with outliers, it varies: all its points count
    longest2 = OUTLIER_SIGMA**2 * (relative2 + scatter**2)
    varies = used.sum(0) < LEAST_USED * measured.sum(0)
    counted = np.where(varies, measured, used)
    squared = np.minimum(residual**2 / leverage, np.where(varies, np.inf, longest2))
    # the error of a square goes with its variance: with these weights one image with large
    # errors, out of focus or behind a cloud, does not make a star variable
    weight = np.where(counted, 1 / (relative2 + scatter**2) ** 2, 0.0)
    excess = np.where(counted, squared - relative2, 0.0)
    mean_excess = (weight * excess).sum(0) / np.maximum(weight.sum(0), TINY)
    return np.sqrt(np.maximum(mean_excess, 0))


def _flag_variables(scatter, relative2, used, is_variable, min_stars):
    """Return the stars that scatter far more than most, if enough others remain."""
    constant = ~is_variable
    typical = np.median(scatter[constant]) if constant.any() else SCATTER_FLOOR
    by_chance = np.sqrt(2 * np.where(used, relative2**2, 0).sum(0)) / np.maximum(used.sum(0), 1)
    found = scatter > max(VARIABLE_RATIO * typical, VARIABLE_LEAST)
    found &= scatter**2 > VARIABLE_SIGMA * by_chance
    return found if (~found).sum() >= min_stars else is_variable


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
    left = left_by_leverage(weight, used, is_variable)
    return normalisation.residual / (relative * np.sqrt(left))


def point_to_point(residual, used, time):
    """Scatter of every star from one image to the next.

    Parameters
    ----------
    residual, used : ndarray of float and of bool, shape (n_images, n_stars)
        From `normalise`: relative residuals, NaN where not measured; points that are no outliers.
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
