"""Measure every source in every filter: by the PSF and in apertures; errors by empty sky.

Needs   : the stacks (fac_photom/2_stack), the sources (fac_photom/3_detect)
Writes  : photom_<photom_name>/photom.ecsv, photom.reg, stacks.ecsv; of each <filter> noise.ecsv,
          psf.fits
Settings: lens_name, photom_name, photom_apertures, psf_upsampling, psf_stamp_fwhm, catalogue,
          use_proper_motion
Next    : fac_photom/5_report

Run as  : python pipe/fac_photom/4_measure.py configs/MYLENS

Positions are those of the list: nothing is detected again, a source is measured where it is not
seen too. Resampling has correlated the pixels: the errors are scaled to the scatter of fluxes in
empty apertures of the same size. The stars of the catalogue check the zero point of each stack.
"""

from cosmouline.database import paths
from cosmouline.engine import tasks
from cosmouline.errors import UserError
from cosmouline.files import io_fits, io_regions, io_table
from cosmouline.files.io_catalog import Star
from cosmouline.images import db_photom_stacks
from cosmouline.psf.stacks import db_photometry
from cosmouline.run import log_line, run
from cosmouline.sources import db_detection

import numpy as np

NEEDS = ()
WRITES = ()


def measure_stack(one, settings):
    """Measure one stack, and write its noise against the size of apertures."""
    segments = io_fits.read_image(paths.photometry(settings) / "segments.fits")
    found = db_photometry.measure(one["path"], one["xy"], segments, settings)
    io_table.write_ecsv(one["path"].parent / "noise.ecsv",
                        db_photometry.noise_rows(found.curve), db_photometry.NOISE_FIELDS)
    log_line("FWHM %.2f px by %d stars; noise of %s: %s of independent pixels, of the PSF %.2f; "
             "5 sigma: magnitude %.2f", found.fwhm_px, found.n_psf_stars, ", ".join(found.names),
             ", ".join(f"{f:.2f}" for f in found.curve.at(found.radii_px)), found.psf_factor,
             db_photometry.limit_mag(found))
    return {"measured": found}


def main(settings, db):
    """Measure all stacks, join the tables."""
    rows = db_detection.read(settings)
    if not rows:
        raise UserError("no source was detected. Lower photom_threshold_sigma, run "
                        "fac_photom/3_detect.py again.")
    xy = np.array([(row["x_px"], row["y_px"]) for row in rows])
    todo = [{"img_name": name, "path": path, "xy": xy}
            for name, path in db_photom_stacks.all_nights(settings)]
    found = {one["img_name"]: values["measured"]
             for one, values in tasks.results(measure_stack, todo, settings, "filter")}
    filters = sorted(found)
    measured = [found[name] for name in filters]
    db_photometry.add_measured(rows, filters, measured)
    checks = db_photometry.add_catalogue(rows, filters, measured, db.reference(), settings)
    for name, check in checks.items():
        log_line("%s: %d stars of the catalogue are %+.4f +- %.4f mag from their magnitudes here",
                 name, check.used.sum(), check.zero_point, check.sigma)
    io_table.write_ecsv(paths.photom_table(settings), rows,
                        db_photometry.fields(filters, measured))
    io_table.write_ecsv(paths.photometry(settings) / "stacks.ecsv",
                        db_photometry.stack_rows(filters, measured, checks),
                        db_photometry.stack_fields(measured))
    stars = [Star(str(row["number"]), row["x_px"], row["y_px"]) for row in rows]
    io_regions.write_ds9_regions(paths.photom_table(settings).with_suffix(".reg"), stars,
                                 2 * min(one.fwhm_px for one in measured))
    log_line("%d sources in %s: %s", len(rows), ", ".join(filters),
             paths.relative(paths.photom_table(settings)))


if __name__ == "__main__":
    run(main, __doc__)
