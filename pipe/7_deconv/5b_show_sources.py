"""Report where the point sources ended, and write them as a list to start from again.

Needs   : dec_<dec_name>/fit.npz (7_deconv/4_deconv)
Writes  : report_dec_<dec_name>_sources.txt, dec_<dec_name>/sources.cat, astrometry.json; without
          the PSF deconvolved.fits (all light) and background.fits (galaxy and field) next to it
Settings: lens_name, dec_name, point_sources, point_sources_unit, lens_ra_deg, lens_dec_deg,
          lens_position_px, north_angle_deg, is_mirrored
Next    : 7_deconv/6_readout

Run as  : python pipe/7_deconv/5b_show_sources.py configs/MYLENS

Pixels are those of the reference image, from 1; arcsec count from the lens, east and north. To use
the positions elsewhere, copy sources.cat to the folder of the lens and set point_sources to its
name, or take the line of point_sources from the report.
"""

import json

from cosmouline.database import bands, paths
from cosmouline.deconv import db_products
from cosmouline.deconv.db_readout import pasted, source_rows
from cosmouline.deconv.picture import deconvolved_image
from cosmouline.errors import UserError
from cosmouline.files import io_catalog, io_fits, io_report
from cosmouline.files.io_text import write_text
from cosmouline.pages.deconvolution import UPSAMPLING
from cosmouline.run import log_line, run

NEEDS = ("dec_fit__{dec}",)
WRITES = ()
COLUMNS = {"source": None, "x_px": ".3f", "y_px": ".3f", "moved_px": ".3f", "east_arcsec": "+.4f",
           "north_arcsec": "+.4f", "ra_deg": ".7f", "dec_deg": "+.7f", "flux_e": ".0f",
           "mag": ".3f", "scatter_mag": ".3f", "systematic_mag": ".3f"}
PLACES = ("ra_deg", "dec_deg", "east_arcsec", "north_arcsec", "x_px", "y_px")


def measure(reference, settings):
    """Write report, list and pictures of one fit; return its sources."""
    fit, _ = db_products.joint_fit(settings)
    rows, stars = source_rows(fit, db_products.centre_of_positions(settings),
                              db_products.start_sources(settings), reference, settings)
    folder, path = paths.deconvolution(settings), paths.report(
        settings, f"dec_{settings.dec_name}_sources")
    columns = [name for name in COLUMNS if any(name in row for row in rows)]
    text = io_report.table(rows, columns, {k: spec for k, spec in COLUMNS.items() if spec})
    io_report.write_report(path, f"{settings.lens_name}: sources of {settings.dec_name}",
                           f"{text}\n{pasted(rows, fit.n_images)}")
    io_catalog.write_cat(folder / "sources.cat", stars,  # sources that the fit has joined too
                         "name x y flux: pixels of the reference image, from 1", 0.0)
    places = {row["source"]: {key: row[key] for key in PLACES if row.get(key) is not None}
              for row in rows}
    write_text(folder / "astrometry.json", json.dumps(places, indent=1, default=float) + "\n")
    cards, side_px = {"SUBSAMP": UPSAMPLING}, fit.good.shape[-1]
    for name, image in zip(("deconvolved", "background"), deconvolved_image(
            fit, (side_px, side_px), UPSAMPLING), strict=True):
        io_fits.write_image(folder / f"{name}.fits", image, cards)
    log_line("%d sources: %s", len(rows), paths.relative(path))
    return rows


def main(settings, db):
    """Report the fit of every band."""
    fitted = [row for row in db.select() if f"dec_fit__{settings.dec_name}" in row]
    if not fitted:
        raise UserError("there is no fit yet. Run 7_deconv/4_deconv.py first.")
    for one, _ in bands.split(fitted, settings):
        for row in measure(db.reference(), one):
            log_line("%s at (%.2f, %.2f), %+.3f arcsec east, %+.3f north: mag %.3f",
                     *(row.get(name, float("nan")) for name in (
                         "source", "x_px", "y_px", "east_arcsec", "north_arcsec", "mag")))


if __name__ == "__main__":
    run(main, __doc__)
