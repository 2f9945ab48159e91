"""List the fluxes that deserve a look, and draw one source over time.

Needs   : fluxes (7_deconv/6_readout)
Writes  : report_dec_<dec_name>_fluxes.txt; with --source plots/<dec_name>_<source>.png
Settings: lens_name, dec_name
Next    : 9_quicklook/1_quicklook

Run as  : python pipe/7_deconv/8_inspect_flux.py configs/MYLENS [--source A]

Negative fluxes and coefficients, fluxes below 3 sigma or more than 6 sigma from their neighbours
in time, and images with a chi2 above 1.5 times that of most (or above 1.5); images with elongated
stars, or whose PSF disagrees with the apertures; sources with cosmic rays on their cores, or near
light that single images have. A true outburst is listed too: look at the page of 5a_png_check
before an image goes on dec_<dec_name>_skiplist.txt. Until then lcmanip/1_join flags the points
that these fluxes make.
"""

from cosmouline.database import bands, paths
from cosmouline.database.columns import column, texts, time_of
from cosmouline.errors import UserError
from cosmouline.files import io_report
from cosmouline.lightcurve import db_columns
from cosmouline.pages import drawing
from cosmouline.plots.conditions import by_date_page
from cosmouline.run import log_line, run

NEEDS = ("flux_e__{dec}__{source}", "dec_coeff__{dec}")
WRITES = ()
ARGUMENTS = {"--source": {"metavar": "NAME", "help": "draw this source over time"}}
FORMATS = {"flux_e": ".0f", "sigma_e": ".0f", "coefficient": ".3f", "seeing": ".2f"}
COLUMNS = ("img_name", "source", *FORMATS, "why")


def measure(rows, source, settings):
    """Return normalised flux and error of one source, and why each deserves a look."""
    return db_columns.inspected(rows, source, settings.dec_name)


def report(rows, sources, settings):
    """Return a row of the report for each flux that deserves a look."""
    found = []
    for source in sources:
        for row, flux, sigma, why in zip(rows, *measure(rows, source, settings), strict=True):
            if why:
                found.append({"img_name": row["img_name"], "source": source, "flux_e": flux,
                              "sigma_e": sigma, "seeing": row["field_fwhm_arcsec"], "why": why,
                              "coefficient": row[f"dec_coeff__{settings.dec_name}"]})
    return sorted(found, key=lambda one: (one["img_name"], one["source"]))


def main(settings, db):
    """Write the report of each band, and draw what was asked for."""
    rows, sources = db_columns.rows_with_fluxes(db, settings.dec_name)
    source, dec = settings.options.source, settings.dec_name
    if source not in (None, *sources):
        raise UserError(f"--source {source}: {dec} has {', '.join(sources)}.")
    for one, those in bands.split(rows, settings):
        found, path = report(those, sources, one), paths.report(one, f"dec_{dec}_fluxes")
        text = io_report.table(found, COLUMNS, FORMATS) if found else "none"
        io_report.write_report(path, f"{settings.lens_name}: fluxes of {dec} to look at", text)
        log_line("%d of %d fluxes deserve a look: %s", len(found), len(those) * len(sources),
                 paths.relative(path))
        if source:
            panels = [(measure(those, source, one)[0], f"flux of {source}", "e-"), *(
                (column(those, name), label, unit) for name, label, unit in (
                    (f"dec_coeff__{dec}", "coefficient", ""), (f"dec_chi2__{dec}", "chi2", ""),
                    ("field_fwhm_arcsec", "seeing", "arcsec")))]
            page = by_date_page(time_of(those), panels, texts(those, "set_name"),
                                f"{drawing.lens(one)}: {source} of {dec}")
            drawing.save_plot(page, f"{dec}_{source}", one, __file__)


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
