"""The arrays of a light curve, from the rows of its images."""

import logging
from typing import NamedTuple

from cosmouline.database.columns import column, covariance, family, members, texts, time_of
from cosmouline.database.fields import matches
from cosmouline.errors import UserError
from cosmouline.lightcurve import join, outlier_points
from cosmouline.photometry import magnitudes as lightcurve
from cosmouline.photometry import outlier_images

import numpy as np

log = logging.getLogger("cosmouline")

ELONGATED = 0.08  # ellipticity above the median: guided images differ by .05


class ImageTable(NamedTuple):
    """What a light curve needs of its N images, read once from their rows.

    `fluxes` holds fluxes, errors and coefficients by the names of the arguments of `join.join`;
    `conditions` dates, seeing, airmass and so on by those of `join.night_properties`.
    """

    fluxes: dict
    conditions: dict


def rows_with_fluxes(db, dec_name):
    """Return the rows in use that a deconvolution gave fluxes to, and its sources.

    Raises
    ------
    UserError
        If there is none.
    """
    pattern, in_use = f"flux_e__{dec_name}__{{source}}", db.select(gogogo=True, treatme=True)
    # A reduction imported from COSMOULINE has fluxes but no chi2: then any flux counts.
    rows = [row for row in in_use if f"dec_chi2__{dec_name}" in row] or [
        row for row in in_use if any(matches(pattern, name) for name in row)]
    if not rows:
        raise UserError(f"no image has fluxes of the deconvolution '{dec_name}'. "
                        "Run 7_deconv/6_readout.py first.")
    return rows, members(rows, pattern)


def within_limits(rows, dec_name, limits):
    """Return the rows within `limits` and with a positive coefficient; log what is left out.

    The sky is sky level x coefficient; an image counts for its first reason only. COSMOULINE
    stops where an image has no coefficient, and divides by zero where it is 0.
    """
    coeff = column(rows, f"dec_coeff__{dec_name}")
    values = {"seeing": column(rows, "field_fwhm_arcsec"),
              "ellipticity": column(rows, "field_ellipticity"),
              "sky": column(rows, "sky_level_e") * coeff, "coefficient": coeff}
    cuts = [("no positive coefficient", ~(coeff > 0))]
    for name, is_beyond in limits.beyond(**values).items():
        is_absent = np.isnan(values[name])
        cuts += [(f"no {name}", is_absent),
                 (f"{name} above {getattr(limits, name):g}", is_beyond & ~is_absent)]
    keep = np.ones(len(rows), bool)
    for reason, is_cut in cuts:
        if n := np.sum(keep & is_cut):
            log.info("%d images left out: %s", n, reason)
        keep &= ~is_cut
    if not keep.any():
        raise UserError("no image is within the join_ limits of the settings.")
    return [row for row, kept in zip(rows, keep, strict=True) if kept]


def conditions(rows, coeff):
    """Return the conditions of the images and their coefficients, for an `ImageTable`."""
    return {"mhjd": time_of(rows), "mjd": column(rows, "mjd"), "coeff": coeff,
            "fwhm_arcsec": column(rows, "field_fwhm_arcsec"),
            "ellipticity": column(rows, "field_ellipticity"), "airmass": column(rows, "airmass"),
            "sky_level_e": column(rows, "sky_level_e"), "telescope": texts(rows, "telescope"),
            "set_name": texts(rows, "set_name")}


def fluxes(rows, sources, dec_name):
    """Return the fluxes of a deconvolution, their errors and coefficients, for an `ImageTable`."""
    def of_sources(name):
        return family(rows, f"{name}__{dec_name}__{{source}}", sources)

    found = {"flux_e": of_sources("flux_e"), "flux_sigma_e": of_sources("flux_sigma_e"),
             "coeff": column(rows, f"dec_coeff__{dec_name}"),
             "coeff_sigma": column(rows, f"dec_coeff_sigma__{dec_name}"),
             "calib": np.nan_to_num(column(rows, f"dec_calib__{dec_name}")),
             "calib_night": np.nan_to_num(column(rows, f"dec_calib_night__{dec_name}")),
             "sys_sigma_e": of_sources("flux_sys_e")}
    covariance_e2 = covariance(rows, f"flux_cov_e2__{dec_name}__{{source}}__{{other}}", sources)
    # Imported reductions have no covariances; PSFs without draws no error of their own.
    if np.isfinite(covariance_e2).any():
        found |= {"covariance_e2": covariance_e2,
                  "psf_sigma_e": np.nan_to_num(of_sources("flux_psf_e"))}
    return found


def image_table(rows, sources, dec_name):
    """Return the `ImageTable` of the fluxes of a deconvolution."""
    found = fluxes(rows, sources, dec_name)
    return ImageTable(found, conditions(rows, found["coeff"]))


def magnitudes(rows, sources, dec_name):
    """Return magnitudes and errors of single images, each (n_sources, n_images).

    See `magnitudes.image_magnitudes`.
    """
    found = fluxes(rows, sources, dec_name)
    mag, sigma = lightcurve.image_magnitudes(
        *(found[name] for name in ("flux_e", "flux_sigma_e", "coeff", "coeff_sigma")))
    return mag.T, sigma.T


def inspected(rows, source, dec_name):
    """Return normalised flux and error of a source in each image, and why it deserves a look.

    The reasons are texts: "" for a flux that is in order. See `outlier_points.reasons`, `doubts`,
    and what 6_readout notes of the source.
    """
    coeff = column(rows, f"dec_coeff__{dec_name}")
    flux_e = column(rows, f"flux_e__{dec_name}__{source}") * coeff
    sigma_e = np.hypot(column(rows, f"flux_sigma_e__{dec_name}__{source}") * coeff,
                       flux_e * column(rows, f"dec_coeff_sigma__{dec_name}") / coeff)
    reasons = outlier_points.reasons(column(rows, "mjd"), flux_e, sigma_e, coeff,
                                     column(rows, f"dec_chi2__{dec_name}"))
    notes = [row.get(f"flux_note__{dec_name}__{source}") for row in rows]
    return flux_e, sigma_e, [
        ", ".join(filter(None, texts)) if np.isfinite(flux) else "" for flux, *texts in zip(
            flux_e, reasons, notes, doubts(rows, dec_name), strict=True)]


def doubts(rows, dec_name):
    """Return what is wrong with the PSF of each image, for all of its fluxes; "" where nothing is.

    Stars that are more elongated than in most images of the band, by 3.5 times the scatter and .08
    at least, and stars whose PSF fluxes disagree with their apertures (`psf_note`).
    """
    elongated = outlier_images.notes({
        "elongated stars, ellipticity": (column(rows, "field_ellipticity"), ELONGATED, ".2f")})
    psf = [row.get(f"psf_note__{row.get(f'dec_psf__{dec_name}')}") for row in rows]
    return [", ".join(filter(None, (first, note and f"PSF against apertures: {note}")))
            for first, note in zip(elongated, psf, strict=True)]


def joined(rows, groups, sources, dec_name, center):
    """Return magnitudes and errors of every group of images (see `join.join`)."""
    return join.join(groups, **fluxes(rows, sources, dec_name), center=center)
