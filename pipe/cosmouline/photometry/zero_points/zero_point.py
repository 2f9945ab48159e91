"""The zero point of a reduction, from stars of known magnitude; with colour and place."""

from typing import NamedTuple

from cosmouline import library
from cosmouline.photometry.magnitudes import MAG_PER_LN
from cosmouline.robust import MAD_TO_SIGMA, mad_sigma

import numpy as np

special = library("scipy.special")
optimize = library("scipy.optimize")

CLIP_SIGMA = 4.0  # in the robust scatter of the stars: a wrong or variable star does not count
LEAST_CLIPPED = 4  # of fewer stars nobody knows which one is wrong
FLOOR_MAG = 0.002  # catalogues are hardly better, star by star
COLOUR_STARS = 8  # with fewer, no colour term is fitted
COLOUR_RANGE_MAG = 0.2  # nor if their colours differ by less
STARS_PER_TERM = 3  # of the place: with fewer stars a lower degree
MOST_SCATTER_MAG = 2.0
UNKNOWN_SCATTER_MAG = 0.05  # of a single star about its catalogue magnitude, colour included


class ZeroPoint(NamedTuple):
    """``calibrated = instrumental + zero_point``.

    Parameters
    ----------
    zero_point, sigma : float
        Mean over the stars, and its error from their scatter or their errors, the larger.
    scatter : float
        Standard deviation of the stars that count; NaN with one star.
    offsets, used : ndarray, shape (n_stars,)
        Catalogue minus instrumental magnitude, and whether the star counts.
    """

    zero_point: float
    sigma: float
    scatter: float
    offsets: np.ndarray
    used: np.ndarray


def of_stars(catalogue_mag, catalogue_sigma, mag, sigma):
    """Return the `ZeroPoint` of stars.

    Parameters
    ----------
    catalogue_mag, catalogue_sigma : ndarray of float, shape (n_stars,)
        Errors NaN where the catalogue has none.
    mag, sigma : ndarray of float, shape (n_stars,)
        Instrumental magnitudes of the stars and their errors; NaN where not measured.

    Raises
    ------
    ValueError
        If no star has both magnitudes.

    Notes
    -----
    Stars of other colours than the mean have another zero point: the scatter holds it, and the
    error of the lens's own magnitude is that scatter rather than `sigma`, as its colour is its
    own.
    """
    offsets = np.asarray(catalogue_mag, float) - mag
    error = np.hypot(np.hypot(np.nan_to_num(catalogue_sigma), np.nan_to_num(sigma)), FLOOR_MAG)
    used = np.isfinite(offsets)
    if not used.any():
        raise ValueError("no star has both magnitudes")
    if used.sum() >= LEAST_CLIPPED:
        # a wrong or a variable star is clipped, by its error where that is larger
        away = np.abs(np.nan_to_num(offsets) - np.median(offsets[used]))
        used = used & (away < CLIP_SIGMA * np.maximum(mad_sigma(offsets[used]), error))
    # weighted mean; its error from the scatter or from the errors, the larger
    weight = error[used] ** -2.0
    mean = float(np.average(offsets[used], weights=weight))
    n = int(used.sum())
    scatter = float(offsets[used].std(ddof=1)) if n > 1 else np.nan
    inner = float(weight.sum() ** -0.5)
    return ZeroPoint(mean, float(np.fmax(inner, scatter / np.sqrt(n))), scatter, offsets, used)


def of_images(found, coeff, coeff_sigma, exptime_s):
    """Zero points of single images: magnitudes of a star of one electron per second.

    Parameters
    ----------
    found : ZeroPoint
        Of the scale that the coefficients lead to.
    coeff, coeff_sigma, exptime_s : ndarray of float, shape (n,)
        Flux of the exposure x coefficient is on that scale. The error must be that of the
        coefficient as an absolute one, see `absolute_error.absolute_sigma`.

    Returns
    -------
    zero_point, sigma : ndarray of float, shape (n,)
    """
    return (found.zero_point - 2.5 * np.log10(coeff * exptime_s),
            np.hypot(found.sigma, MAG_PER_LN * coeff_sigma / coeff))


class ColourZeroPoint(NamedTuple):
    """``calibrated = instrumental + zero_point + colour_term (colour - colour_0) + place``."""

    zero_point: float  # at colour_0, mean over the frame
    sigma: float  # its error
    colour_term: float  # 0 where none was fitted
    colour_term_sigma: float
    colour_0: float  # mean colour of the stars; NaN without colours
    colour_range: tuple  # of the stars that count
    covariance: np.ndarray  # (2, 2), of zero point and colour term
    place: np.ndarray  # coefficients of x, y, (x^2 - 1/3, xy, y^2 - 1/3)
    scatter: float  # of the stars beyond their errors
    n_stars: int
    used: np.ndarray  # (n,)
    residual: np.ndarray  # (n,), catalogue minus calibrated magnitude; NaN where not measured

    def at_colour(self, colour, colour_sigma):
        """Zero point and error for an object of a colour, that is kept within the stars' range."""
        if not np.isfinite(self.colour_0) or not self.colour_term_sigma:
            return self.zero_point, self.sigma
        inside = float(np.clip(colour, *self.colour_range))
        step = np.array([1.0, inside - self.colour_0])
        variance = step @ self.covariance @ step
        # beyond the range the term is not followed: what it would give is an error
        beyond = colour_sigma + abs(colour - inside)
        return (float(self.zero_point + self.colour_term * step[1]),
                float(np.hypot(np.sqrt(variance), self.colour_term * beyond)))


def of_set(catalogue_mag, catalogue_sigma, mag, sigma, colour, place=None, degree=0):
    """Fit zero point, colour term and a smooth term of the place to the stars of a set.

    Parameters
    ----------
    catalogue_mag, catalogue_sigma, mag, sigma : ndarray of float, shape (n,)
        As in `of_stars`; one instrumental magnitude per star, the mean over the set's images.
    colour : ndarray of float, shape (n,)
        Of the catalogue; a star without (NaN) does not count where a term is fitted.
    place : ndarray of float, shape (n, 2), optional
        Mean position of each star on the frames, from -1 to 1 along either axis.
    degree : int
        Of the polynomial in the place, 0 to 2: what the flat field leaves.

    Returns
    -------
    ColourZeroPoint

    Raises
    ------
    ValueError
        If no star has both magnitudes.

    Notes
    -----
    Weights are 1 / (errors^2 + s^2); the scatter s of the stars beyond their errors makes chi2
    equal to its degrees of freedom (the restricted maximum likelihood for errors of one size). The
    fit begins with Tukey's biweight, then stars beyond 4 sigma are left out until none changes.
    With few stars the error is multiplied by the quantile of Student's distribution.
    """
    offset = np.asarray(catalogue_mag, float) - mag
    variance = np.nan_to_num(catalogue_sigma) ** 2 + np.nan_to_num(sigma) ** 2 + FLOOR_MAG**2
    good = np.isfinite(offset)
    if not good.any():
        raise ValueError("no star has both magnitudes")
    # the colour term, where colours and stars allow one
    coloured = good & np.isfinite(colour)
    span = np.ptp(colour[coloured]) if coloured.any() else 0.0
    with_colour = coloured.sum() >= COLOUR_STARS and span > COLOUR_RANGE_MAG and (
        coloured.sum() > good.sum() / 2)
    good = coloured if with_colour else good
    colour_0 = float(np.median(colour[coloured])) if coloured.any() else np.nan
    columns = [np.ones(len(offset))] + ([colour - colour_0] if with_colour else [])
    # terms of the place whose mean over the frame is zero
    if place is not None and degree:
        x, y = np.transpose(place)
        terms = [x, y] + ([x**2 - 1 / 3, x * y, y**2 - 1 / 3] if degree > 1 else [])
        while terms and good.sum() < STARS_PER_TERM * (len(columns) + len(terms)):
            terms = terms[:2] if len(terms) > 2 else []
        columns += terms
    design = np.nan_to_num(np.column_stack(columns))
    n_terms = design.shape[1]
    # a first fit that outliers cannot turn: biweight about the median
    solved = np.zeros(n_terms)
    solved[0] = np.median(offset[good])
    for _ in range(20):
        away = np.abs(offset - design @ solved)
        size = max(MAD_TO_SIGMA * np.median(away[good]), FLOOR_MAG)
        weight = np.where(good, (1 - np.minimum(away / (5 * size), 1) ** 2) ** 2, 0.0)
        solved = _weighted(design, np.nan_to_num(offset), np.nan_to_num(weight), n_terms)[0]
    # weights with the scatter; outliers leave
    used = good & (np.nan_to_num(np.abs(offset - design @ solved), nan=np.inf)
                   < CLIP_SIGMA * np.maximum(size, np.sqrt(variance)))
    used = used if used.sum() > n_terms + 1 else good
    for _ in range(10):
        solved, covariance, extra = _with_scatter(design[used], offset[used], variance[used])
        residual = offset - design @ solved
        inside = good & (np.nan_to_num(np.abs(residual), nan=np.inf)
                         < CLIP_SIGMA * np.sqrt(variance + extra**2))
        if inside.sum() < max(LEAST_CLIPPED, n_terms + 2) or (inside == used).all():
            break
        used = inside
    n_free = max(int(used.sum()) - n_terms, 1)
    covariance = covariance * special.stdtrit(n_free, 0.8413) ** 2
    two = np.zeros((2, 2))
    n_two = 2 if with_colour else 1
    two[:n_two, :n_two] = covariance[:n_two, :n_two]
    inside = used & np.isfinite(colour)
    return ColourZeroPoint(
        float(solved[0]), float(np.sqrt(covariance[0, 0])),
        float(solved[1]) if with_colour else 0.0, float(np.sqrt(two[1, 1])), colour_0,
        (float(colour[inside].min()), float(colour[inside].max())) if inside.any() else (0.0, 0.0),
        two, solved[n_two:], extra, int(used.sum()), used, residual)


def _weighted(design, values, weight, n_terms):
    """Weighted least squares: coefficients and covariance; a singular direction stays zero."""
    inverse = np.linalg.pinv(design.T @ (design * weight[:, None]), rcond=1e-12, hermitian=True)
    return inverse @ (design.T @ (values * weight)), inverse


def _with_scatter(design, offset, variance):
    """Fit with the scatter that makes chi2 equal to its degrees of freedom."""
    n, n_terms = design.shape

    def excess(extra2):
        weight = 1 / (variance + extra2)
        solved, _ = _weighted(design, offset, weight, n_terms)
        return float((weight * (offset - design @ solved) ** 2).sum()) - (n - n_terms)

    extra2 = 0.0
    if n > n_terms and excess(0.0) > 0:
        most = MOST_SCATTER_MAG**2
        extra2 = optimize.brentq(excess, 0.0, most) if excess(most) < 0 else most
    elif n <= n_terms:  # nothing tells the scatter: the size of a usual one
        extra2 = UNKNOWN_SCATTER_MAG**2
    solved, covariance = _weighted(design, offset, 1 / (variance + extra2), n_terms)
    return solved, covariance, float(np.sqrt(extra2))
