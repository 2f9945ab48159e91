"""List the first coefficients of every set, faintest image first.

Needs   : medcoeff (4_norm/3a_medcoeff)
Writes  : report_medcoeff.txt
Settings: lens_name
Next    : 4_norm/3c_plot_stars

Run as  : python pipe/4_norm/3b_report.py configs/MYLENS
"""

from cosmouline.database import paths
from cosmouline.files import io_report
from cosmouline.photometry.db_tables import by_set
from cosmouline.run import log_line, run

NEEDS = ("medcoeff", "n_phot_stars")
WRITES = ()
COLUMNS = {"img_name": None, "medcoeff": ".4f", "medcoeff_sigma": ".4f", "n_coeff_stars": "d",
           "exptime_s": ".0f", "field_fwhm_arcsec": ".2f", "field_ellipticity": ".3f",
           "sky_level_e": ".0f", "empty_sigma_e": ".2f", "quality_note": None}


def main(settings, db):
    """Write the report."""
    images = db.to_treat(settings, NEEDS)
    formats = {name: spec for name, spec in COLUMNS.items() if spec}
    parts = ["all sets", by_set(images, "medcoeff", "medcoeff_sigma", "n_coeff_stars")]
    for name in sorted({image["set_name"] for image in images}):
        own = sorted((image for image in images if image["set_name"] == name),
                     key=lambda image: -image["medcoeff"])
        parts += [f"set {name}: {len(own)} images", io_report.table(own, COLUMNS, formats)]
    path = paths.report(settings, "medcoeff")
    io_report.write_report(path, f"{settings.lens_name}: medcoeff", "\n".join(parts))
    log_line("%d coefficients: %s", len(images), paths.relative(path))


if __name__ == "__main__":
    run(main, __doc__)
