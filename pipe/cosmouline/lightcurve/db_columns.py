"""From rows of the database to the columns of a light curve."""

import logging

from cosmouline.database.columns import column, covariance, family, members, texts, time_of
from cosmouline.database.fields import matches
from cosmouline.errors import UserError
from cosmouline.lightcurve import join
from cosmouline.photometry import magnitudes as lightcurve

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


def within_limits(rows, dec_name, limits):
    """Return the rows within `limits` and with a positive coefficient; report what is left out.

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


def magnitudes(rows, sources, dec_name):
    """Return magnitudes and errors of single images, each (n_sources, n_images).

    See `lightcurve.image_magnitudes`.
    """
    flux, sigma = (family(rows, f"{what}__{dec_name}__{{source}}", sources)
                   for what in ("flux_e", "flux_sigma_e"))
    mag, sigma = lightcurve.image_magnitudes(flux, sigma, column(rows, f"dec_coeff__{dec_name}"),
                                             column(rows, f"dec_coeff_sigma__{dec_name}"))
    return mag.T, sigma.T


def joined(rows, groups, sources, dec_name, center):
    """Return magnitudes and errors of every group (see `lightcurve.join`)."""
    covariance_e2 = covariance(rows, f"flux_cov_e2__{dec_name}__{{source}}__{{other}}", sources)
    known = np.isfinite(covariance_e2).any()  # not in reductions that were taken over
    psf_sigma_e = np.nan_to_num(  # absent where the PSFs had no draws
        family(rows, f"flux_psf_e__{dec_name}__{{source}}", sources))
    return join.join(
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
    return join.night_properties(
        groups, time_of(rows), column(rows, "field_fwhm_arcsec"),
        column(rows, "field_ellipticity"), column(rows, "airmass"), column(rows, "sky_level_e"),
        column(rows, f"dec_coeff__{dec_name}"), texts(rows, "telescope"), texts(rows, "set_name"),
        mjd=column(rows, "mjd"))
