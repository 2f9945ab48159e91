"""Find which stars of the catalogue lie on which images, and which of them are good standards.

Needs   : coordinates (fac_astrometry/2_plate_solve), catalogues of sources; catalogue.ecsv
Writes  : n_catalogue_stars, n_catalogue_found -> database; catalogue_stars.ecsv,
          report_catalogue_stars.txt
Settings: lens_name, catalogue, use_proper_motion, star_ruwe_max, star_mag_range
Next    : 3_align/1a_pick_reference

Run as  : python pipe/fac_astrometry/4_catalogue_stars.py configs/MYLENS

Every star is moved to the middle of each exposure by its proper motion. 4_norm/0_pick_stars leaves
out those with a problem (not single, variable, a galaxy, blended with a bright neighbour), besides
what the pixels tell. Without a catalogue there is nothing to do.
"""

from cosmouline.astrometry.db_catalogue import catalogue
from cosmouline.database import paths
from cosmouline.files import io_report
from cosmouline.run import for_each_image, log_line, run
from cosmouline.sources import db_catalogue_stars

NEEDS = ("wcs_origin", "n_sources", "fwhm_px", "mjd")
WRITES = ("n_catalogue_stars", "n_catalogue_found")
FORMATS = {"ra_deg": ".6f", "dec_deg": ".6f", "mag": ".3f", "colour": ".3f"}


def measure(image, settings):
    """Return how many stars of the catalogue fall on an image, and how many were detected."""
    stars = catalogue(settings)
    if stars is None:
        return {}
    inside, found = db_catalogue_stars.found_on(image, settings, stars)
    return {"n_catalogue_stars": int(inside.sum()), "n_catalogue_found": int(found.sum())}


def main(settings, db):
    """Count the stars on every image, and list them."""
    images = db.to_treat(settings, NEEDS)
    counts = for_each_image(measure, images, settings, db, needs=NEEDS, writes=WRITES)
    stars = catalogue(settings)
    if stars is None:
        log_line("no star catalogue: nothing to do (fac_astrometry/1_fetch_catalogue makes one)")
        return counts
    lines = db_catalogue_stars.table(db.all_in_use(settings, NEEDS), settings, stars)
    db_catalogue_stars.write(lines, settings)
    io_report.write_report(
        paths.report(settings, "catalogue_stars"), f"{settings.lens_name}: stars of the catalogue",
        io_report.table(lines, db_catalogue_stars.FIELDS, FORMATS) if lines else "none")
    log_line("%d stars of the catalogue fall on some image, %d of them are good standards: %s",
             len(lines), sum("problem" not in line for line in lines),
             paths.relative(paths.catalogue_stars(settings)))
    return counts


if __name__ == "__main__":
    run(main, __doc__)
