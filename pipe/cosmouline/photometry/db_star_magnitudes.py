"""Magnitudes of the stars of the field, image by image."""

from cosmouline.database.columns import column, family, members
from cosmouline.errors import UserError
from cosmouline.photometry.magnitudes import image_magnitudes
from cosmouline.robust import median_of_finite

import numpy as np


def star_names(rows, psf_name, renorm_name):
    """Return the stars with PSF fluxes on rows that have a renormalisation.

    Raises
    ------
    UserError
        If there is none.
    """
    names = members(rows, f"star_flux_e__{psf_name}__{{star}}")
    if not names or not any(f"renorm__{renorm_name}" in row for row in rows):
        raise UserError(f"no image has star fluxes with the PSF '{psf_name}' and the coefficient "
                        f"'{renorm_name}'. Run 7_deconv/0_star_photometry.py and "
                        "8_renorm/1a_renormalize.py first.")
    return names


def fluxes(rows, names, psf_name):
    """Return fluxes and errors of stars in the exposures, both (n images, n stars)."""
    return tuple(family(rows, f"star_{what}_e__{psf_name}__{{star}}", names)
                 for what in ("flux", "sigma"))


def magnitudes(rows, names, psf_name, renorm_name):
    """Return magnitudes and errors of stars on the reference scale, both (n images, n stars).

    See `magnitudes.image_magnitudes`.
    """
    return image_magnitudes(*fluxes(rows, names, psf_name), column(rows, f"renorm__{renorm_name}"),
                            column(rows, f"renorm_sigma__{renorm_name}"))


def means(rows, names, psf_name, renorm_name):
    """Return the median magnitudes of stars and the errors of their means, both (n stars,)."""
    mags, sigmas = magnitudes(rows, names, psf_name, renorm_name)
    n = np.maximum(np.isfinite(mags).sum(0), 1)
    return median_of_finite(mags), median_of_finite(sigmas) / np.sqrt(n)
