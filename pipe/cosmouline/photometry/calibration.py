"""Scatter of the stars beyond their errors: what a coefficient does not take out of an image."""

import logging
from typing import NamedTuple

from cosmouline import library
from cosmouline.photometry.coefficient_fit import left_by_leverage

import numpy as np

optimize = library("scipy.optimize")
special = library("scipy.special")

log = logging.getLogger("cosmouline")

CALIBRATION_STARS = 3  # two stars share one departure
# a scatter is not believed that chance gives to a set, or to any night or flagged image of it
SETS_BY_CHANCE, NIGHTS_BY_CHANCE = 0.02, 0.01
MOST_SCATTER = 1.0  # relative scatter
ODD_RATIO, ODD_IMAGES = 1.5, 20  # of the scatter of a star to that of most; of its images
SLOW_IMAGES = 12  # of a star in a night: slow changes are told from scatter
LARGEST_CLIPPED = 1 / 3  # of the stars of an image
LEVERAGE_ROUNDS = 3  # of the leverage, which depends on the scatter, and the scatter
LEFT_OF_NIGHT = 0.3  # of the variance of a night's mean; below, the star's own mean has taken it
SMALL_PULL, LEAST_FREEDOM = 0.7, 30  # below: errors are too large, as by a gain that is too small


class Calibration(NamedTuple):
    """Relative scatter of the stars beyond their errors, for each of n images.

    Parameters
    ----------
    sigma : ndarray of float, shape (n,)
        Of its set and night: 0 where the errors explain the stars; NaN with too few of them.
    night_sigma : ndarray of float, shape (n,)
        The part of it that the images of a night have in common.
    pull : float
        Root mean square of the departures of the constant stars in units of their errors alone,
        what the star itself has in coefficient and mean left out; NaN where unknown.
    freedom : float
        Degrees of freedom of the pull.
    of_sets : dict of str to tuple of float
        Pull and degrees of freedom of each set.
    """

    sigma: np.ndarray
    night_sigma: np.ndarray
    pull: float
    freedom: float
    of_sets: dict | None = None


def extra_scatter(squared, variance, by_chance=None, freedom=None):
    """Scatter s that explains squared departures: the root of ``sum(r^2 / (v + s^2)) = n``.

    0 where the variances v explain them, or as much is seen `by_chance` with such a `freedom`
    (default: n). It is the estimate of the largest likelihood for variances of one size.
    """
    squared, variance = np.ravel(squared), np.ravel(variance)
    n = len(squared)
    if not n:
        return 0.0
    if by_chance is not None:
        freedom = freedom or n
        if special.chdtrc(freedom, (squared / variance).mean() * freedom) > by_chance:
            return 0.0

    def too_large(extra2):
        return (squared / (variance + extra2)).sum() - n

    if too_large(0.0) <= 0:
        return 0.0
    return float(np.sqrt(optimize.brentq(too_large, 0.0, MOST_SCATTER**2, xtol=1e-12)
                         if too_large(MOST_SCATTER**2) < 0 else MOST_SCATTER**2))


def calibrate(residual, relative_sigma, used, sets, nights, flagged=None,
              times=None):
    """Measure the scatter of the stars beyond their errors, by set and night.

    Parameters
    ----------
    residual : ndarray of float, shape (n_images, n_stars)
        ``flux x coefficient / mean - 1`` of the stars (`coefficients.Coefficients`).
    relative_sigma : ndarray of float, of the same shape
        Errors of the fluxes.
    used : ndarray of bool, of the same shape
        Fluxes of constant stars that are no outliers. Outliers are to be NaN only if they are no
        fluxes of constant stars: where they are more than a third of an image, they count.
    sets, nights : sequence, length n_images
    flagged : ndarray of bool, shape (n_images,), optional
        Images that have a scatter of their own, as if each were a night.
    times : array_like of float, shape (n_images,), optional
        In nights of many images, slow changes of each star with it are no scatter.

    Returns
    -------
    Calibration

    Notes
    -----
    A residual is compared with its error as the other stars have it: the part that the star has in
    the coefficient and in its own mean is taken out (leverage), which is the same as to leave it
    out. The scatter of a set is 0 if the errors explain its stars; that of a night is the set's
    unless its stars scatter more than by chance: then it does not count for the set; nor do stars
    that scatter 1.5 times as much as the median star does. A part that is common to a night shows
    in the means of the night; images of one night cannot show it.
    """
    measured = np.isfinite(residual) & (relative_sigma > 0)
    outliers = (measured & ~used).sum(1) > LARGEST_CLIPPED * measured.sum(1)
    good = measured & (used | outliers[:, None])
    good &= (good.sum(1) >= CALIBRATION_STARS)[:, None]
    sets, nights = np.asarray(sets), np.asarray(nights)
    nobody = np.zeros(good.shape[1], bool)
    sigma = np.where(good.any(1), 0.0, np.nan)
    night_sigma, variance = sigma.copy(), np.where(good, relative_sigma, 1.0) ** 2
    residual, fitted = without_slow_changes(residual, good, nights, times)
    pulls, of_sets, odd = [np.nan, 0.0], {}, {name: nobody for name in sets.tolist()}
    apart = np.zeros(len(good), bool) if flagged is None else np.array(flagged)
    own = np.array([f"{night} {i if alone else ''}"
                    for i, (night, alone) in enumerate(zip(nights, apart, strict=True))])
    for k in range(LEVERAGE_ROUNDS):
        # what star and coefficient leave of each departure
        weight = np.where(good, 1 / (variance + np.nan_to_num(sigma)[:, None] ** 2), 0.0)
        left = left_by_leverage(weight, good, nobody) * fitted
        squared = np.where(good, residual, 0.0) ** 2 / left
        if k == 0 and good.any():
            pulls = [float(np.sqrt((squared / variance)[good].mean())), float(left[good].sum())]
        for name in sorted(set(sets.tolist())):
            mine = good & (sets == name)[:, None]
            if k == 0 and mine.any():
                of_sets[name] = (float(np.sqrt((squared / variance)[mine].mean())),
                                 float(left[mine].sum()))
            mine &= ~odd[name]
            rest = mine & ~apart[:, None]
            of_set = extra_scatter(squared[rest], variance[rest], SETS_BY_CHANCE, left[rest].sum())
            groups = sorted(set(own[sets == name].tolist()))
            for group in groups:
                rows = (sets == name) & (own == group)
                there = mine & rows[:, None]
                with_set = variance[there] + of_set**2
                more = extra_scatter(squared[there], with_set, NIGHTS_BY_CHANCE / len(groups),
                                     left[there].sum())
                sigma[rows & good.any(1)] = np.hypot(of_set, more)
                apart |= rows & (more > 0)
            # stars that scatter far more than most, variable or blended, do not count next time
            n = rest.sum(0)
            pull2 = np.where(rest, squared / (variance + of_set**2), 0.0).sum(0) / np.maximum(n, 1)
            odd[name] = odd[name] | (n >= ODD_IMAGES) & (
                pull2 > ODD_RATIO**2 * np.median(pull2[n > 0])) if n.any() else odd[name]
            night_sigma[mine.any(1)] = _common(residual, variance, mine, nights, sigma)
    return Calibration(sigma, night_sigma, *pulls, of_sets)


def without_slow_changes(residual, good, nights, times):
    """Take slope and curvature of each star over a night of many images out of its residuals.

    A colour makes a star change with the airmass, slowly: the lens has its own. Returned are the
    residuals, and the fraction of their variance that this leaves.
    """
    residual, left = np.array(residual), np.ones(np.shape(residual))
    for night in set(nights.tolist()) if times is not None else ():
        of_night = nights == night
        for j in np.flatnonzero(good[of_night].sum(0) >= SLOW_IMAGES):
            there = of_night & good[:, j]
            x = np.asarray(times)[there] - np.mean(np.asarray(times)[there])
            shape = np.stack([x, x**2 - np.mean(x**2)], 1)
            residual[there, j] -= shape @ np.linalg.lstsq(shape, residual[there, j])[0]
            left[there, j] = 1 - 2 / there.sum()
    return residual, left


def _common(residual, variance, mine, nights, sigma):
    """Return the part of the scatter that the images of a night have in common, for one set."""
    total2 = float(np.nanmedian(sigma[mine.any(1)]) ** 2) if mine.any() else 0.0
    squared, of_errors, of_images = [], [], []
    n_all = mine.sum(0)
    for night in set(nights[mine.any(1)].tolist()):
        there = mine & (nights == night)[:, None]
        n = there.sum(0)
        left = (1 - n / np.maximum(n_all, 1)) * (1 - 1 / max((n > 0).sum(), 2))
        seen = (n > 1) & (left > LEFT_OF_NIGHT)
        mean = np.where(there, residual, 0.0).sum(0) / np.maximum(n, 1)
        squared.extend((mean**2 / np.maximum(left, LEFT_OF_NIGHT))[seen])
        of_errors.extend((np.where(there, variance, 0.0).sum(0) / np.maximum(n, 1) ** 2)[seen])
        of_images.extend(1 / n[seen])
    if not squared or not total2:
        return 0.0
    # the rest of the scatter averages out; what does not is common to the night
    squared, of_errors, of_images = map(np.array, (squared, of_errors, of_images))
    excess2 = extra_scatter(squared, of_errors + of_images * total2, NIGHTS_BY_CHANCE) ** 2
    return float(np.sqrt(min(excess2 / max(1 - of_images.mean(), 0.1), total2)))


def log_calibration(found, gains=()):
    """Report the scatter of the stars, or errors that are too large for it.

    Parameters
    ----------
    found : Calibration
    gains : dict of str to float or None, optional
        Of the images of each set in e-/ADU; None where they have several.
    """
    known = found.sigma[np.isfinite(found.sigma)]
    if known.size and known.max() > 0:
        log.info("stars scatter %.2f times their errors: %.2f %% more (largest of a night %.2f "
                 "%%). It is in the errors of stars and lens, magerr_<source>_calib of the light "
                 "curve", found.pull, 100 * np.median(known), 100 * known.max())
    for name, (pull, freedom) in (found.of_sets or {}).items():
        if pull < SMALL_PULL and freedom > LEAST_FREEDOM:
            gain = dict(gains).get(name)
            log.warning("%s: stars scatter only %.2f times their errors: the errors of stars and "
                        "lens are too large%s", name, pull, "" if gain is None else
                        f". Is the gain of {gain:.3g} e-/ADU wrong? If it is photons, the stars "
                        f"fit {gain / pull**2:.2g}, a factor of {pull**-2:.1f}, or more: set "
                        "gain_e_per_adu")
