"""Light curves of single stars of the field, from their PSF fluxes and a coefficient."""

from cosmouline.database.columns import column, family
from cosmouline.lightcurve import db_columns, db_curves

import numpy as np


def joined_stars(images, names, settings):
    """Return the columns of the light curves of stars, joined and flagged as the lens's are.

    The images are rows with a coefficient. The errors of the fluxes are those of photons and
    position; that of the coefficient of an image is common to all its stars.
    """
    coeff = column(images, f"renorm__{settings.renorm_name}")
    fluxes = {f"flux{end}_e": family(images, f"star_{kind}_e__{settings.psf_name}__{{star}}",
                                     names) for end, kind in (("", "flux"), ("_sigma", "sigma"))}
    fluxes |= {"coeff": coeff,
               "coeff_sigma": column(images, f"renorm_sigma__{settings.renorm_name}")}
    fluxes |= {kind: np.nan_to_num(column(images, f"renorm_{kind}__{settings.renorm_name}"))
               for kind in ("calib", "calib_night")}
    table = db_columns.ImageTable(fluxes, db_columns.conditions(images, coeff))
    return db_curves.joined_columns(images, table, names, settings)[0]


def variability(table, name):
    """Return rms, median error and reduced chi2 of a star's magnitudes about their mean."""
    mag, sigma = table[f"mag_{name}"], table[f"magerr_{name}_cov"]
    good = np.isfinite(mag) & (sigma > 0)
    mag, sigma = mag[good], sigma[good]
    if mag.size < 2:
        return {"points": int(mag.size)}
    # chi2 about the weighted mean: 1 for a constant star whose errors are right.
    mean = np.average(mag, weights=1 / sigma**2)
    chi2 = ((mag - mean) ** 2 / sigma**2).sum() / (mag.size - 1)
    return {"points": int(mag.size), "mag": float(mean), "rms_mag": float(np.std(mag, ddof=1)),
            "error_mag": float(np.median(sigma)), "chi2": float(chi2)}
