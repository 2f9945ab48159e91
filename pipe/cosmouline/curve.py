"""From rows of the database to the columns of a light curve."""

import logging

from cosmouline import lightcurve
from cosmouline.columns import column, covariance, family, members, texts
from cosmouline.errors import UserError
from cosmouline.fields import matches
from cosmouline.grouping import group_by_image, group_by_minutes, group_by_night, select_images

import numpy as np

log = logging.getLogger("cosmouline")


def rows_with_fluxes(db, dec_name):
    """Return the rows in use that a deconvolution gave fluxes to, and its sources.

    Raises
    ------
    UserError
        If there is none.
    """
    pattern, in_use = f"flux_e__{dec_name}__{{source}}", db.select(gogogo=True, treatme=True)
    rows = [row for row in in_use if f"dec_chi2__{dec_name}" in row] or [  # or was taken over
        row for row in in_use if any(matches(pattern, name) for name in row)]
    if not rows:
        raise UserError(f"no image has fluxes of the deconvolution '{dec_name}'. "
                        "Run 7_deconv/6_readout.py first.")
    return rows, members(rows, pattern)


def within_limits(rows, dec_name, **limits):
    """Return the rows within the limits of `select_images`; tell how many are left out."""
    coeff = column(rows, f"dec_coeff__{dec_name}")
    keep, reasons = select_images(
        column(rows, "field_fwhm_arcsec"), column(rows, "field_ellipticity"),
        column(rows, "sky_level_e") * coeff, coeff, **limits)
    for reason, n in reasons.items():
        log.info("%d images left out: %s", n, reason)
    if not keep.any():
        raise UserError("no image is within the join_ limits of the settings.")
    return [row for row, kept in zip(rows, keep, strict=True) if kept]


def magnitudes(rows, sources, dec_name):
    """Return magnitudes and errors of single images, each (n_sources, n_images).

    See `lightcurve.image_magnitudes`.
    """
    flux, sigma = (family(rows, f"{what}__{dec_name}__{{source}}", sources)
                   for what in ("flux_e", "flux_sigma_e"))
    mag, sigma = lightcurve.image_magnitudes(flux, sigma, column(rows, f"dec_coeff__{dec_name}"),
                                             column(rows, f"dec_coeff_sigma__{dec_name}"))
    return mag.T, sigma.T


def grouped(rows, by, minutes):
    """Return the groups of images that become one point each: by night, image or minutes.

    Telescopes are never mixed. A night lasts from local noon to noon where the site is known.
    """
    mjd, telescopes = column(rows, "mjd"), texts(rows, "telescope")
    if by == "image":
        return group_by_image(mjd)
    if by == "minutes":
        return group_by_minutes(mjd, minutes, telescopes)
    lon_deg = column(rows, "site_lon_deg")
    known = np.isfinite(lon_deg).all()
    if not known:
        log.warning("%d images have no longitude of their telescope: nights end at a gap of 0.4 "
                    "days instead of at local noon", np.isnan(lon_deg).sum())
    return group_by_night(mjd, lon_deg if known else None, labels=telescopes)


def joined(rows, groups, sources, dec_name, center):
    """Return magnitudes and errors of every group (see `lightcurve.join`)."""
    covariance_e2 = covariance(rows, f"flux_cov_e2__{dec_name}__{{source}}__{{other}}", sources)
    known = np.isfinite(covariance_e2).any()  # not in reductions that were taken over
    psf_sigma_e = np.nan_to_num(  # absent where the PSFs had no draws
        family(rows, f"flux_psf_e__{dec_name}__{{source}}", sources))
    return lightcurve.join(
        groups,
        family(rows, f"flux_e__{dec_name}__{{source}}", sources),
        family(rows, f"flux_sigma_e__{dec_name}__{{source}}", sources),
        column(rows, f"dec_coeff__{dec_name}"),
        column(rows, f"dec_coeff_sigma__{dec_name}"),
        covariance_e2=covariance_e2 if known else None,
        psf_sigma_e=psf_sigma_e if known else None,
        sys_sigma_e=family(rows, f"flux_sys_e__{dec_name}__{{source}}", sources),
        center=center)


def properties(rows, groups, dec_name):
    """Return what describes every group (see `lightcurve.night_properties`)."""
    return lightcurve.night_properties(
        groups, time_of(rows), column(rows, "field_fwhm_arcsec"),
        column(rows, "field_ellipticity"), column(rows, "airmass"), column(rows, "sky_level_e"),
        column(rows, f"dec_coeff__{dec_name}"), texts(rows, "telescope"), texts(rows, "set_name"),
        mjd=column(rows, "mjd"))


def time_of(rows):
    """Return mhjd of all rows; mjd of all, and say so, where one has none."""
    mhjd = column(rows, "mhjd")
    if np.isfinite(mhjd).all():
        return mhjd
    log.warning("times are mjd, not heliocentric: %d of %d images have no mhjd. Set lens_ra_deg "
                "and lens_dec_deg and run 1_character/2a_astrocalc.py.",
                np.isnan(mhjd).sum(), len(rows))
    return column(rows, "mjd")
