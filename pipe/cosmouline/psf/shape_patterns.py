"""What the widths and stretches of the stars tell of the PSFs of a set of images."""

from typing import NamedTuple

from cosmouline import library
from cosmouline.photometry.calibration import extra_scatter
from cosmouline.robust import mad_sigma

import numpy as np

special = library("scipy.special")

LEAST_STARS = 5
SCATTER_ROUNDS = 3  # of a fit and the scatter about it
PATTERN_BY_CHANCE = 1e-3  # that stars without one show any of the patterns over the field
SLOPE_BY_CHANCE = 2.7e-3  # 3 sigma
LEAST_PATTERN = 0.005  # at the places of the stars, rms: below, no flux feels it
WIDE_SIGMA, WIDE_LEAST = 5.0, 0.025  # of a star from the others, in errors joined with the scatter
UNLIKE_LEAST = 0.015  # scatter of the widths beyond their errors: colours alone make less
EXTENDED_SIGMA, EXTENDED_LEAST = 4.0, 0.015  # of the change with the seeing of an extended source
PATTERNS = {  # terms over the field (u, v), each -1 to 1
    "a slope over the field": lambda u, v: (u, v),
    "a parabola over the field": lambda u, v: (u * u + v * v,),
    "a quadratic pattern over the field": lambda u, v: (u, v, u * u, u * v, v * v)}


class Pattern(NamedTuple):
    """Departure of the stars from their PSFs over the field.

    `name` is a key of `PATTERNS`, `by_chance` the probability that stars without it show as much,
    `rms` that at the stars; `at_place` and `sigma` are the departure at the place that was asked
    for and its error.
    """

    name: str
    by_chance: float
    rms: float
    at_place: float
    sigma: float


class Slope(NamedTuple):
    """Slope of a quantity of the stars, and its error."""

    slope: float
    sigma: float
    freedom: int

    @property
    def is_significant(self):
        """Whether it is more than 3 sigma, with so few stars."""
        by_chance = 2 * special.stdtr(self.freedom, -abs(self.slope) / self.sigma)
        return bool(by_chance < SLOPE_BY_CHANCE)


def star_means(value, sigma):
    """Mean of each star over the images, (n_stars,), and its error.

    Values and errors are (n_images, n_stars), NaN where not measured. The error grows where the
    star scatters more than its errors say. NaN for a star without a value.
    """
    seen = np.isfinite(value) & (sigma > 0)
    weight = np.where(seen, 1 / np.where(seen, sigma, 1.0) ** 2, 0.0)
    total, n = weight.sum(0), seen.sum(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(seen, weight * np.where(seen, value, 0), 0).sum(0) / total
        chi2 = np.where(seen, weight * (np.where(seen, value, 0) - mean) ** 2, 0).sum(0)
        return mean, np.sqrt(np.maximum(chi2 / np.maximum(n - 1, 1), 1) / total)


def _fitted(value, sigma, terms):
    """Return coefficients, their covariance, chi2 and freedom of a weighted linear fit."""
    columns = np.stack(terms, 1) / sigma[:, None]
    inverse = np.linalg.pinv(columns.T @ columns)
    found = inverse @ columns.T @ (value / sigma)
    chi2 = float(((value / sigma - columns @ found) ** 2).sum())
    freedom = len(value) - len(terms)
    return found, inverse * max(chi2 / max(freedom, 1), 1.0), chi2, freedom


def _fitted_with_scatter(value, sigma, terms):
    """Return the same, the errors joined with the scatter of the stars about the fit."""
    joined = sigma
    for _ in range(SCATTER_ROUNDS):
        found, covariance, chi2, freedom = _fitted(value, joined, terms)
        away = value - np.stack(terms, 1) @ found
        joined = np.hypot(sigma, extra_scatter(away**2 * len(value) / max(freedom, 1), sigma**2))
    return found, covariance, chi2, freedom


def scatter(value, sigma):
    """Scatter of the stars beyond their errors, 0 where these explain it; each (n_stars,)."""
    n = len(value)
    away = value - np.average(value, weights=sigma**-2.0)
    return extra_scatter(away**2 * n / max(n - 1, 1), sigma**2, PATTERN_BY_CHANCE)


def pattern(value, sigma, uv, at_uv, n_tests=1, by_chance=PATTERN_BY_CHANCE):
    """Pattern over the field in a quantity of the stars; None where chance explains it.

    Parameters
    ----------
    value, sigma : ndarray of float, shape (n_stars,)
        From `star_means`, finite.
    uv : ndarray of float, shape (n_stars, 2)
        Places in the field, -1 to 1.
    at_uv : ndarray of float, shape (2,)
        Where the departure is asked for: at the lens.
    n_tests : int
        Quantities that are looked at: each may be found by chance.
    by_chance : float
        That any of them is, in stars without one.

    Returns
    -------
    Pattern or None

    Notes
    -----
    F-test of each of `PATTERNS` against a constant, the errors joined with the scatter of the
    stars; the least probable one is taken. Stars differ by their colours too, which is scatter
    here and hides a weak pattern.
    """
    joined = np.hypot(sigma, scatter(value, sigma))
    ones, best = np.ones(len(value)), None
    chi2_without, freedom_without = _fitted(value, joined, [ones])[2:]
    for name, terms_at in PATTERNS.items():
        terms = [ones, *terms_at(*uv.T)]
        if len(value) < len(terms) + 2:
            continue
        chi2, freedom = _fitted(value, joined, terms)[2:]
        ratio = (chi2_without - chi2) / (freedom_without - freedom) / max(chi2 / freedom, 1e-30)
        unlikely = float(special.fdtrc(freedom_without - freedom, freedom, ratio))
        if best is None or unlikely < best.by_chance:
            found, covariance = _fitted_with_scatter(value, sigma, terms)[:2]
            here = np.array([1.0, *terms_at(*at_uv)])
            # the PSF is that of the mean star
            mean = np.average(np.stack(terms, 1), axis=0, weights=joined**-2.0)
            there = here - mean
            best = Pattern(name, unlikely, float(np.std(np.stack(terms, 1) @ found)),
                           float(there @ found), float(np.sqrt(there @ covariance @ there)))
    allowed = by_chance / len(PATTERNS) / n_tests
    return best if best and best.by_chance < allowed and best.rms > LEAST_PATTERN else None


def slope(value, sigma, quantity, others=()):
    """`Slope` of a quantity of the stars with another one; None with too few of them.

    Parameters
    ----------
    value, sigma : ndarray of float, shape (n_stars,)
        From `star_means`, finite.
    quantity : ndarray of float, shape (n_stars,)
        Such as the peak.
    others : sequence of ndarray, shape (n_stars,)
        Such as the colour, on which it may depend too.
    """
    if len(value) < LEAST_STARS + len(others) or np.ptp(quantity) == 0:
        return None
    centred = [one - one.mean() for one in (quantity, *others)]
    found, covariance, _, freedom = _fitted_with_scatter(
        value, sigma, [np.ones(len(value)), *centred])
    return Slope(float(found[1]), float(np.sqrt(covariance[1, 1])), freedom)


def joined_slope(slopes):
    """Weighted mean of slopes, as of the sets of one camera; None without one."""
    known = [one for one in slopes if one is not None and one.sigma > 0]
    if not known:
        return None
    weight = np.array([one.sigma**-2.0 for one in known])
    return Slope(float(np.average([one.slope for one in known], weights=weight)),
                 float(weight.sum() ** -0.5), sum(one.freedom for one in known))


def wide_stars(width, sigma):
    """Stars whose width stands out from the others, (n_stars,) bool; NaN ones do not."""
    known = np.isfinite(width) & np.isfinite(sigma)
    found = np.zeros(len(width), bool)
    if known.sum() < LEAST_STARS:
        return found
    away = np.abs(width - np.median(width[known]))
    limit = WIDE_SIGMA * np.hypot(sigma, mad_sigma(width[known]))
    found[known] = (away > np.maximum(limit, WIDE_LEAST))[known]
    return found


def growth_with_seeing(width, sigma, fwhm_px):
    """`Slope` of the width of each star with the inverse square of the seeing, a list.

    Parameters
    ----------
    width, sigma : ndarray of float, shape (n_images, n_stars)
    fwhm_px : ndarray of float, shape (n_images,)

    Notes
    -----
    In the median seeing it is the excess width of an extended source, whose own size adds to that
    of the PSF in squares. A star that is wide by its colour or its place is so in every seeing: 0.
    """
    sharp = (np.median(fwhm_px) / fwhm_px) ** 2
    found = []
    for w, s in zip(width.T, sigma.T, strict=True):
        seen = np.isfinite(w) & (s > 0)
        if seen.sum() < LEAST_STARS or np.ptp(sharp[seen]) == 0:
            found.append(None)
            continue
        terms = [np.ones(seen.sum()), sharp[seen] - sharp[seen].mean()]
        fit, covariance, _, freedom = _fitted(w[seen], s[seen], terms)
        found.append(Slope(float(fit[1]), float(np.sqrt(covariance[1, 1])), freedom))
    return found


def growth_with_peak(growth, peak_e, good):
    """`Slope` of what `growth_with_seeing` finds with the peak of the stars; None with too few.

    Parameters
    ----------
    growth : list of Slope or None
    peak_e : ndarray of float, shape (n_stars,)
        In the median image.
    good : ndarray of bool, shape (n_stars,)
        Stars that count.

    Notes
    -----
    Where bright stars are wider, the peak of each of them, which rises in good seeing, widens it
    then: the slope with the peak once more, from what the mean widths, and so colours and places,
    do not know.
    """
    known = np.flatnonzero(good & np.array([one is not None for one in growth])
                           & np.isfinite(peak_e))
    value, sigma = (np.array([getattr(growth[k], what) for k in known])
                    for what in ("slope", "sigma"))
    return slope(value, sigma, peak_e[known]) if len(known) and (sigma > 0).all() else None


def extended_stars(width, growth):
    """Stars that are wider than the median one, and the more so the better the seeing, bool.

    Parameters
    ----------
    width : ndarray of float, shape (n_stars,)
        From `star_means`.
    growth : list of Slope or None
        From `growth_with_seeing`.
    """
    middle = np.nanmedian(width) if np.isfinite(width).any() else np.nan
    return np.array([one is not None and min(w - middle, one.slope) > EXTENDED_LEAST
                     and one.slope > EXTENDED_SIGMA * one.sigma
                     for w, one in zip(width, growth, strict=True)], bool)
