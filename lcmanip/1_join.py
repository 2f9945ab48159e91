"""Join the fluxes of the images into a light curve with errors, ready for PyCS3.

Needs   : fluxes (7_deconv/6_readout) and their coefficients (7_deconv/1_prepare);
          join_skiplist.txt and excluded_nights.txt in the folder of the lens, if they exist
Writes  : export/<lens>_<deconvolution>_by_<night, image or minutes>.rdb, .ecsv, .vot, .fits,
          .csv, report_join_*.txt; with bands or join_separate, band, telescope or set in the name
Settings: lens_name, dec_name, dec_coefficient, renorm_name, sum_sources, join_sources,
          join_separate, join_skiplists, join_by, join_minutes, join_center, join_fwhm_max_arcsec,
          join_ellipticity_max, join_sky_max_e, join_coeff_max, night_fwhm_max_arcsec,
          night_ellipticity_max, night_sky_max_e, night_coeff_max, night_min_images,
          excluded_nights
Next    : lcmanip/2_plot

Run as  : python lcmanip/1_join.py configs/MYLENS [--sum S=A+B] [--cds] [--errors injected]

Magnitudes are instrumental: -2.5 log10 of the electrons on the scale of the reference image.
After COSMOULINE's columns: magerr_X_cov, the error from the full covariance (photons, blending,
PSF, coefficient); magerr_X_norm, the error from the coefficient, which all sources of a point
share, and of that magerr_X_calib, by which the stars scatter beyond their errors; magsys_X, the
systematic error, one shift of all points of a source (light of the galaxy under it); magcov_X_Y,
the covariance of two sources at one point. With zero points (8_renorm/5_zero_points) mag_cal_X is
the calibrated magnitude, its band and Vega or AB in the headers, and magerr_cal_X the error of the
calibration, one shift of all points. The .ecsv has units, and all nights, the excluded
ones too. VOTable (.vot), FITS and CSV hold what the .rdb holds; --cds adds <curve>_cds.txt, one
table with the byte-by-byte description that the CDS and the AAS ask for. Where fac_injection has
tested the errors, a comment of the .rdb says with what result; --errors injected multiplies
magerr_X_cov, magcov and magsys with its factors.
"""

from cosmouline.database import paths
from cosmouline.database.limits import Limits
from cosmouline.files import io_report
from cosmouline.lightcurve import db_curves, db_injected, db_report
from cosmouline.run import log_line, run

NEEDS = ("mjd", "flux_e__{dec}__{source}", "dec_coeff__{dec}")
WRITES = ()
ARGUMENTS = db_curves.SUM_ARGUMENT | db_injected.ERRORS_ARGUMENT | {
    "--cds": {"action": "store_true", "help": "write a table for the CDS too"}}


def write(one):
    """Join one light curve; write its tables and its report."""
    settings = one.settings
    table, joined = db_curves.joined_columns(one.rows, one.table, one.sources, settings,
                                             one.is_marked, one.is_doubtful)
    log_line("%d images in %d points, %d of them flagged, %d of these because a source has no "
             "positive flux; 7_deconv/8_inspect_flux marks fluxes of %d images", len(one.rows),
             len(joined.mag), (~table["flag"]).sum(), (~joined.is_complete).sum(),
             one.is_marked.any(1).sum())
    table = db_curves.write(one, db_injected.scaled(table, one.sources, settings))
    field = db_report.star_field(settings.dec_coefficient, settings.renorm_name)
    text = db_report.text(table, one, field)
    log_line("%s", text.rpartition("\n\n")[2].rstrip())
    report = paths.report(settings, f"join_{one.name}")
    io_report.write_report(report, one.path.stem, text)
    log_line("report: %s", paths.relative(report))
    log_line("%s", paths.relative(one.path))


def main(settings, db):
    """Select the images within the join_ limits; join and write one curve after the other."""
    for one in db_curves.curves(db, settings, Limits.of(settings, "join_")):
        write(one)


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
