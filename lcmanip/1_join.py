"""Join the fluxes of the images into a light curve with errors, ready for PyCS3.

Needs   : fluxes (7_deconv/6_readout) and their coefficients (7_deconv/1_prepare)
Writes  : export/<lens>_<deconvolution>_by_<night, image or minutes>.rdb
Settings: lens_name, dec_name, join_by, join_minutes, join_center, join_fwhm_max_arcsec,
          join_ellipticity_max, join_sky_max_e, join_coeff_max, night_fwhm_max_arcsec,
          night_ellipticity_max, night_sky_max_e, night_coeff_max, night_min_images
Next    : lcmanip/2_plot

Run as  : python lcmanip/1_join.py configs/MYLENS

After COSMOULINE's columns: magerr_X_cov, the error from the full covariance (photons, blending,
PSF, coefficient); magerr_X_norm, its part from the coefficient, which all sources of a point
share; magsys_X, the error of the constant part, the same for all points; magcov_X_Y, the
covariance of two sources at one point.
"""

from cosmouline import curve, lightcurve, paths
from cosmouline.io_rdb import write_rdb
from cosmouline.run import log_line, run

import numpy as np

NEEDS = ("mjd", "flux_e__{dec}__{source}", "dec_coeff__{dec}")
WRITES = ()


def columns(rows, sources, settings):
    """Return the columns of the light curve, bad nights flagged."""
    dec = settings.dec_name
    groups = curve.grouped(rows, settings.join_by, settings.join_minutes)
    joined = curve.joined(rows, groups, sources, dec, settings.join_center)
    properties = curve.properties(rows, groups, dec)
    flags = lightcurve.night_flags(
        properties, joined.is_complete, fwhm_max_arcsec=settings.night_fwhm_max_arcsec,
        ellipticity_max=settings.night_ellipticity_max,
        relative_sky_max_e=settings.night_sky_max_e, coeff_max=settings.night_coeff_max,
        n_images_min=settings.night_min_images)
    log_line("%d images in %d points, %d of them flagged, %d left out for want of a magnitude",
             len(rows), len(groups), (~flags).sum(), (~joined.is_complete).sum())
    return lightcurve.rdb_columns(properties, flags, joined, sources)


def tell(table, sources):
    """Tell the errors of each source, and how it scatters about its neighbours."""
    for source in sources:
        mag, sigma = table[f"mag_{source}"], table[f"magerr_{source}_cov"]
        ratio, _, n = lightcurve.dispersion(table["mhjd"], mag, sigma)
        systematic = lightcurve.finite_median(table[f"magsys_{source}"])
        log_line("%s: median error %.4f mag%s%s", source, lightcurve.finite_median(sigma),
                 f", systematic {systematic:.4f} mag" if np.isfinite(systematic) else "",
                 f", scatter about neighbours / error {ratio:.2f}" if n else "")


def main(settings, db):
    """Choose, join, flag and write."""
    rows, sources = curve.rows_with_fluxes(db, settings.dec_name)
    rows = curve.within_limits(
        rows, settings.dec_name, fwhm_max_arcsec=settings.join_fwhm_max_arcsec,
        ellipticity_max=settings.join_ellipticity_max,
        relative_sky_max_e=settings.join_sky_max_e, coeff_max=settings.join_coeff_max)
    table = columns(rows, sources, settings)
    tell(table, sources)
    path = paths.light_curve(settings)
    write_rdb(path, table)
    log_line("%s", paths.relative(path))


if __name__ == "__main__":
    run(main, __doc__)
