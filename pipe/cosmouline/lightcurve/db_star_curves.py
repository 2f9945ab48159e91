"""Light curves of single stars of the field, from their PSF fluxes and a coefficient."""

from cosmouline.database import columns
from cosmouline.database.columns import column, family, texts
from cosmouline.database.limits import Limits
from cosmouline.frames import db_nights
from cosmouline.lightcurve import join

import numpy as np


def joined_stars(images, names, settings):
    """Return the columns of the light curves of stars, joined as the lens's are.

    Parameters
    ----------
    images : list of dict
        Rows with a coefficient.
    names : sequence of str
        Of the stars, measured with the PSF `psf_name`.
    settings : namespace
        `join_by`, `join_minutes`, `join_center` say how images become points, the ``night_``
        limits which points are flagged.

    Returns
    -------
    dict of ndarray
        As `lightcurve.rdb_columns`: of each star ``mag`` and the errors of `lightcurve.join`.
        The errors of the fluxes are those of the photons and of the place; the error that all
        stars of an image share is that of its coefficient.
    """
    groups = db_nights.grouped(images, settings.join_by, settings.join_minutes)
    coeff = column(images, f"renorm__{settings.renorm_name}")
    joined = join.join(
        groups, *(family(images, f"star_{kind}_e__{settings.psf_name}__{{star}}", names)
                  for kind in ("flux", "sigma")),
        coeff, column(images, f"renorm_sigma__{settings.renorm_name}"),
        center=settings.join_center)
    properties = join.night_properties(
        groups, columns.time_of(images), column(images, "field_fwhm_arcsec"),
        column(images, "field_ellipticity"), column(images, "airmass"),
        column(images, "sky_level_e"), coeff, texts(images, "telescope"),
        texts(images, "set_name"), mjd=column(images, "mjd"))
    flags = join.night_flags(
        properties, joined.is_complete, Limits.of(settings, "night_"), settings.night_min_images)
    return join.rdb_columns(properties, flags, joined, names)


def variability(table, name):
    """Return rms, median error and reduced chi2 of a star's magnitudes about their mean."""
    mag, sigma = table[f"mag_{name}"], table[f"magerr_{name}_cov"]
    good = np.isfinite(mag) & np.isfinite(sigma) & (sigma > 0)
    mag, sigma = mag[good], sigma[good]
    if mag.size < 2:
        return {"points": int(mag.size)}
    mean = np.average(mag, weights=1 / sigma**2)
    chi2 = ((mag - mean) ** 2 / sigma**2).sum() / (mag.size - 1)
    return {"points": int(mag.size), "mag": float(mean), "rms_mag": float(np.std(mag, ddof=1)),
            "error_mag": float(np.median(sigma)), "chi2": float(chi2)}
