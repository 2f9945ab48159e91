"""COSMOULINE's coefficients of images from the fluxes of stars, by either method."""

import logging
from typing import NamedTuple

from cosmouline.errors import UserError
from cosmouline.norm import normalise
from cosmouline.norm_cosmouline import median_coefficients
from cosmouline.robust import median_of_finite

import numpy as np

log = logging.getLogger("cosmouline")


class Coefficients(NamedTuple):
    """Coefficients of n images: ``coeff * flux`` is the flux on the reference image.

    Parameters
    ----------
    coeff, coeff_sigma : ndarray of float, shape (n,)
        NaN for an image with too few stars.
    n_stars : ndarray of int, shape (n,)
    chi2 : ndarray of float, shape (n,)
        Of the stars about the coefficient, per degree of freedom; NaN for the medians.
    residual : ndarray of float, shape (n, n_stars)
        Relative departure of every star from its mean; NaN where not measured.
    is_variable : ndarray of bool, shape (n_stars,)
        Stars found to vary, which do not count.
    """

    coeff: np.ndarray
    coeff_sigma: np.ndarray
    n_stars: np.ndarray
    chi2: np.ndarray
    residual: np.ndarray
    is_variable: np.ndarray


def solve(flux_e, flux_sigma_e, reference, method):
    """Return the `Coefficients` of all images.

    Parameters
    ----------
    flux_e, flux_sigma_e : ndarray of float, shape (n_images, n_stars)
        Electrons of the exposures; NaN where missing.
    reference : int
        The image whose coefficient is 1.
    method : {"als", "median"}
        `norm.normalise`, or `norm_cosmouline.median_coefficients`.

    Raises
    ------
    UserError
        If the reference image itself has no coefficient.
    """
    n = int(np.isfinite(flux_e[reference]).sum())
    found = n and (_als if method == "als" else _median)(flux_e, flux_sigma_e, reference)
    if not found or not np.isfinite(found.coeff[reference]):
        raise UserError(f"the reference image has only {n} measured normalisation star(s): too "
                        "few for a coefficient. Choose other stars (normstars.cat in the folder "
                        "of the lens) or another reference (ref_img_name).")
    return found


def tell(found, names):
    """Tell the stars that vary, and how well the coefficients are known."""
    if found.is_variable.any():
        log.info("variable, not used: %s", ", ".join(np.array(names)[found.is_variable]))
    good = np.isfinite(found.coeff)
    log.info("%d coefficients, median error %.2f %%, from %d stars", good.sum(),
             100 * np.median((found.coeff_sigma / found.coeff)[good]),
             len(names) - found.is_variable.sum())


def by_image(images, found):
    """Yield each image that has a coefficient with (coefficient, error, n stars, chi2)."""
    rows = zip(found.coeff.tolist(), found.coeff_sigma.tolist(), found.n_stars.tolist(),
               found.chi2.tolist(), strict=True)
    for image, row in zip(images, rows, strict=True):
        if np.isfinite(row[:2]).all():
            yield image, row


def _als(flux_e, flux_sigma_e, reference):
    """Turn transparencies c into coefficients c_ref / c, with the same relative error."""
    found = normalise(flux_e, flux_sigma_e)
    with np.errstate(invalid="ignore", divide="ignore"):
        coeff = found.coeff[reference] / found.coeff
        sigma = coeff * found.coeff_sigma / found.coeff
    return Coefficients(coeff, sigma, found.n_stars, found.chi2, found.residual,
                        found.is_variable)


def _median(flux_e, _, reference):
    found = median_coefficients(flux_e, reference)
    scaled = flux_e * found.coeff[:, None]
    return Coefficients(found.coeff, found.coeff_sigma, found.n_stars,
                        np.full(len(flux_e), np.nan), scaled / median_of_finite(scaled, 0) - 1,
                        np.zeros(flux_e.shape[1], bool))
