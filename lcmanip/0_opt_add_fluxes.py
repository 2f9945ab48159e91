"""Add the fluxes of point sources, such as two images that blend, to one more source.

Needs   : fluxes with their covariances (7_deconv/6_readout)
Writes  : export/<lens>_<deconvolution>_sums.ecsv, report_sums_<deconvolution>.txt
Settings: lens_name, dec_name, sum_sources
Next    : lcmanip/1_join

Run as  : python lcmanip/0_opt_add_fluxes.py configs/MYLENS [--sum S=A+B]

With sum_sources = {"S": ("A", "B")} in the settings, or their own --sum S=A+B, 1_join and
9_quicklook make the source S themselves: this script shows the sums, image by image, and what
their errors would be in quadrature. Where two images blend, their errors are anticorrelated, so
that the sum has a smaller error than quadrature gives. Fluxes are in electrons of the exposure,
not multiplied by the coefficient.
"""

from cosmouline.database import bands, paths
from cosmouline.database.columns import column, texts
from cosmouline.errors import UserError
from cosmouline.files import io_report
from cosmouline.files.io_table import write_ecsv
from cosmouline.lightcurve import db_curves, db_sums
from cosmouline.robust import median_of_finite
from cosmouline.run import log_line, run

NEEDS = ("flux_e__{dec}__{source}",)
WRITES = ()
ARGUMENTS = db_curves.SUM_ARGUMENT
FIELDS = {"img_name": (str, "", "image"), "mjd": (float, "d", "middle of the exposure, UTC"),
          "sum": (str, "", "name of the sum"), "parts": (str, "", "its parts"),
          "flux_e": (float, "e-", "flux of the sum in the exposure"),
          "flux_sigma_e": (float, "e-", "its error, from the covariance of the parts"),
          "quadrature_e": (float, "e-", "error by quadrature, for comparison")}
COLUMNS = ("sum", "parts", "images", "flux_e", "flux_sigma_e", "quadrature_e")


def table(rows, name, parts, dec):
    """Return one line per image with a flux of a sum."""
    return [{"img_name": row["img_name"], "mjd": row["mjd"], "sum": name,
             "parts": "+".join(parts), "flux_e": row[f"flux_e__{dec}__{name}"],
             "flux_sigma_e": row[f"flux_sigma_e__{dec}__{name}"],
             "quadrature_e": db_sums.quadrature_sigma(row, parts, dec)}
            for row in rows if f"flux_e__{dec}__{name}" in row]


def summary(lines):
    """Return the medians of one sum."""
    medians = {name: median_of_finite(column(lines, name)) for name in COLUMNS[3:]}
    return {"sum": lines[0]["sum"], "parts": lines[0]["parts"], "images": len(lines)} | medians


def main(settings, db):
    """Add the fluxes, write the table and log the medians, band by band."""
    wanted = db_curves.sums_wanted(settings)
    if not wanted:
        raise UserError("there is no sum to make. Give sum_sources = {\"S\": (\"A\", \"B\")} in "
                        "the settings, or --sum S=A+B.")
    rows, _ = db_curves.rows_with_sums(db, settings)
    for one, images in bands.split(rows, settings):
        lines = [table(images, name, parts, one.dec_name) for name, parts in wanted.items()]
        text = io_report.table(map(summary, filter(None, lines)), COLUMNS,
                               dict.fromkeys(COLUMNS[3:], ".1f"))
        log_line("%s", text.rstrip())
        io_report.write_report(paths.report(one, f"sums_{one.dec_name}"),
                               f"{one.lens_name}: sums, medians of the images", text)
        name = paths.of_band(f"{one.lens_name}_{one.dec_name}", one)
        path = paths.exports(one) / f"{name}_sums.ecsv"
        write_ecsv(path, [line for of_sum in lines for line in of_sum], FIELDS)
        log_line("%d images: %s", len(set(texts(images, "img_name"))), paths.relative(path))


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
