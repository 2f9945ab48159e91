"""Find the sources of the field on the chi-square image of all filters; mark what moves.

Needs   : the stacks (fac_photom/2_stack)
Writes  : photom_<photom_name>/sources.ecsv, chi_square.fits, segments.fits
Settings: photom_name, photom_threshold_sigma, detect_min_area_px
Next    : fac_photom/4_measure

Run as  : python pipe/fac_photom/3_detect.py configs/MYLENS

One list for all filters. The threshold counts in sigmas of the smoothed sky of one filter, and is
exceeded by noise as rarely in any number of them. The stacks of single nights are searched in the
same way: a source whose position drifts, or that is on one night alone, is marked.
"""

from cosmouline.astrometry import db_coordinates
from cosmouline.database import paths
from cosmouline.images import db_photom_stacks
from cosmouline.run import log_line, run
from cosmouline.sources import db_detection

NEEDS = ()
WRITES = ()


def main(settings, db):
    """Detect, look at the nights, write."""
    reference = db.reference()
    deep = db_detection.detect(db_photom_stacks.all_nights(settings), settings)
    rows = db_detection.rows_of(deep, reference, settings)
    nights = {night: db_detection.detect(stacks, settings)._replace(
        image=None, segments=None, there=None)  # of many nights they are more than the memory
        for night, stacks in db_photom_stacks.of_nights(settings).items()}
    if len(nights) > 1:
        found = db_detection.add_nights(rows, deep, nights, reference, settings)
        log_line("%d nights, positions of bright sources agree to %.3f px", len(nights),
                 found.floor_px)
    for row in rows:
        if "note" in row:
            log_line("source %d: %s", row["number"], row["note"])
    db_detection.write(rows, settings)
    db_detection.write_maps(deep, settings, db_coordinates.header_of(reference, settings))
    log_line("%d sources: %s", len(rows), paths.relative(paths.photom_sources(settings)))


if __name__ == "__main__":
    run(main, __doc__)
