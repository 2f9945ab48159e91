"""The zero point of a reduction, from stars of known magnitude."""

from typing import NamedTuple

from cosmouline.photometry.magnitudes import MAG_PER_LN
from cosmouline.robust import mad_sigma

import numpy as np

CLIP_SIGMA = 4.0  # in the robust scatter of the stars: a wrong or variable star does not count
LEAST_CLIPPED = 4  # of fewer stars nobody knows which one is wrong
FLOOR_MAG = 0.002  # catalogues are hardly better, star by star


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
