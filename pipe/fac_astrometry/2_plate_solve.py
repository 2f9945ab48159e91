"""Find where every image lies on the sky, from its stars and the catalogue.

Needs   : catalogues of sources (1_character/3a_detect), seeing, sky; catalogue.ecsv in the folder
          of the lens, if it exists (fac_astrometry/1_fetch_catalogue)
Writes  : wcs_origin, wcs_note, n_wcs_stars, wcs_rms_px, scale, north, parity, middle -> database;
          wcs/<img_name>.fits, the cards of a solution
Settings: catalogue, wcs, wcs_sip_degree, use_proper_motion, pointing_error_arcmin, lens_ra_deg,
          lens_dec_deg
Next    : fac_astrometry/3_footprints

Run as  : python pipe/fac_astrometry/2_plate_solve.py configs/MYLENS

Any turn, mirror images, a pixel scale that is wrong by 20 % and a pointing that is wrong by more
than a frame are found; a solution that chance could give is refused, as none is better than a
false one. Without a catalogue the coordinates of the headers are used as they are, and an image
without any is aligned by its stars as ever.
"""

from collections import Counter
from functools import partial

from cosmouline.astrometry import db_catalogue, db_plate_solve, io_local_catalogue
from cosmouline.database import paths
from cosmouline.database.columns import column
from cosmouline.run import for_each_image, log_line, run
from cosmouline.sources import db_stars

import numpy as np

NEEDS = ("n_sources", "fwhm_px", "sky_sigma_e", "pixel_scale_arcsec", "mjd", "nx_px", "ny_px")
WRITES = ("wcs_origin", "wcs_note", "n_wcs_stars", "wcs_rms_px", "wcs_scale_arcsec",
          "wcs_north_deg", "wcs_parity", "wcs_ra_deg", "wcs_dec_deg", "wcs_sip_degree",
          "wcs_header_off_px", "wcs_catalogue")


def measure(image, settings, digest):
    """Return the coordinates of one image."""
    return db_plate_solve.solved(image, db_stars.sources(image, settings),
                                 db_catalogue.catalogue(settings), settings, digest)


def main(settings, db):
    """Solve every image; log how many, how well, and what the others are."""
    images = db.to_treat(settings, NEEDS)
    stars, digest = db_catalogue.catalogue(settings), ""
    if stars is None:
        log_line("no star catalogue: the coordinates of the headers are used as they are "
                 "(fac_astrometry/1_fetch_catalogue makes one)")
    else:
        db_catalogue.check_place(stars, settings)
        digest = io_local_catalogue.digest(paths.catalogue(settings))
    counts = for_each_image(partial(measure, digest=digest), images, settings, db, needs=NEEDS,
                            writes=WRITES)
    kinds = Counter(image.get("wcs_origin") for image in images)
    log_line("coordinates: %s", ", ".join(f"{n} {kind}" for kind, n in kinds.items() if kind))
    good = [image for image in images if image.get("wcs_origin") == "solved"]
    if good:
        rms, off = column(good, "wcs_rms_px"), column(good, "wcs_header_off_px")
        log_line("solved: %d stars, rms %.2f px (medians), largest %.2f px, %s", np.median(
            column(good, "n_wcs_stars")), np.median(rms), rms.max(),
            good[int(np.argmax(rms))]["img_name"])
        if np.isfinite(off).any():
            log_line("the WCSs of their headers are off by %.1f px (median)", np.nanmedian(off))
    noted = [image for image in images if image.get("wcs_note")] if stars is not None else []
    for image in noted[:5]:
        log_line("%s: %s", image["img_name"], image["wcs_note"])
    return counts


if __name__ == "__main__":
    run(main, __doc__)
