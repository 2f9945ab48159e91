"""COSMOULINE's own coefficients: medians over the stars, to compare with."""

from typing import NamedTuple

from cosmouline.robust import median_of_finite

import numpy as np


class MedianCoefficients(NamedTuple):
    """Coefficients by COSMOULINE's medians: ``coeff * flux`` is the flux on the common scale.

    Parameters
    ----------
    coeff : ndarray of float, shape (n_images,)
        Large = faint image; NaN for an image without stars.
    scatter, span : ndarray of float, shape (n_images,)
        Standard deviation, and largest minus smallest, of the coefficients of the single stars.
    n_stars : ndarray of int, shape (n_images,)
    """

    coeff: np.ndarray
    scatter: np.ndarray
    span: np.ndarray
    n_stars: np.ndarray

    @property
    def coeff_sigma(self):
        """Error of the coefficients: scatter over the root of the number of stars."""
        return self.scatter / np.sqrt(np.maximum(self.n_stars, 1))


def median_coefficients(flux, reference):
    """Return `MedianCoefficients` relative to one image, as COSMOULINE's 3a_calccoeff.

    Parameters
    ----------
    flux : array_like of float, shape (n_images, n_stars); NaN where a star is missing
    reference : int
        The image whose coefficient is 1.

    Raises
    ------
    ValueError
        If no star has a flux in the reference image.

    Notes
    -----
    ``c = median over the stars of flux_reference / flux``. COSMOULINE gives an image without
    stars the coefficient 1 with a scatter of 99; here it is NaN. It stops when a star is missing
    in the reference; here that star does not count.
    """
    flux = np.asarray(flux, dtype=float)
    if not np.isfinite(flux[reference]).any():
        raise ValueError(f"no star has a flux in the reference image {reference}")
    return _of_single_stars(flux[reference] / flux)


def renormalise(flux, telescope, reference=None, first_star=0):
    """Return `MedianCoefficients` relative to the median of each star, as COSMOULINE's 8_renorm.

    Parameters
    ----------
    flux : array_like of float, shape (n_images, n_stars); NaN where a star is missing
    telescope : sequence of str, length n_images
        Images of one telescope are compared with each other only.
    reference : int, optional
        Image whose coefficient is 1; default: the median of all is 1.
    first_star : int
        The star whose median coefficient times flux is the same for all telescopes.

    Raises
    ------
    ValueError
        If the first star has no flux with one of the telescopes, or the reference has none.

    Notes
    -----
    ``c = median over the stars of M / flux``, M the median flux of the star with this telescope,
    divided by M of the first star. COSMOULINE gives an image without stars the coefficient 0,
    which puts its fluxes to zero; here it is NaN. M is the median of what was measured: faint
    stars missing in bad images bias it (`coefficient_fit.normalise` is free of that).
    """
    flux, telescope = np.asarray(flux, dtype=float), np.asarray(telescope)
    single = np.full(flux.shape, np.nan)
    for name in np.unique(telescope):
        rows = telescope == name
        # the median of each star with this telescope, on the scale of the first star
        level = median_of_finite(flux[rows], 0)
        if not np.isfinite(level[first_star]):
            raise ValueError(f"the first star ({first_star}) has no flux with telescope {name}")
        single[rows] = level / flux[rows] / level[first_star]
    result = _of_single_stars(single)
    unit = median_of_finite(result.coeff)[()] if reference is None else result.coeff[reference]
    if not np.isfinite(unit):
        raise ValueError(f"no star has a flux in the reference image {reference}")
    coeff, scatter, span, n_stars = result
    return MedianCoefficients(coeff / unit, scatter / unit, span / unit, n_stars)


def _of_single_stars(single):
    """Return the statistics of the coefficients of single stars, shape (n_images, n_stars)."""
    # an image without stars has no scatter, and numpy would warn
    n_stars = np.isfinite(single).sum(1)
    has = n_stars > 0
    scatter, span = np.full((2, len(single)), np.nan)
    scatter[has] = np.nanstd(single[has], 1)
    span[has] = np.nanmax(single[has], 1) - np.nanmin(single[has], 1)
    return MedianCoefficients(median_of_finite(single, 1), scatter, span, n_stars)
