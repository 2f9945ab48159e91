"""Merge the headers of all CCDs and tiles into the database, and check their coordinates.

Needs   : shapes/ccds/<name>.fits (fac_shapes/1a_split_exposures)
Writes  : ccd_wcs, ccd_wcs_error_px, ccd_scale_arcsec, ccd_ra_deg, ccd_dec_deg, ccd_tiles,
          ccd_zero_point_mag, ccd_gain_e_per_adu, ccd_saturation_adu -> database
Settings: shape_images
Next    : fac_shapes/2a_star_catalogue

Run as  : python pipe/fac_shapes/1b_merge_headers.py configs/MYFIELD

TAN, TPV and SIP coordinates are kept as they are. Every CCD is taken from pixels to the sky and
back; one that does not come back to 1e-3 px, or lacks a zero point or gain, is out of use.
"""

from cosmouline.images.ccds import db_headers
from cosmouline.run import for_all_images, run

NEEDS = ("ccd_nx_px", "ccd_ny_px")
WRITES = ("ccd_wcs", "ccd_wcs_error_px", "ccd_scale_arcsec", "ccd_ra_deg", "ccd_dec_deg",
          "ccd_zero_point_mag", "ccd_gain_e_per_adu", "ccd_saturation_adu", "ccd_tiles")


def measure(images, settings, reject):
    """Return the fields of all headers."""
    return db_headers.merge(images, settings, reject)


def main(settings, db):
    """Merge all headers."""
    images = db.all_in_use(settings, NEEDS)
    rejected = {}
    results = measure(images, settings, rejected.__setitem__)
    for_all_images(results, images, settings, db, measure=measure, needs=NEEDS, writes=WRITES)
    for name, why in rejected.items():
        db.reject(name, f"{why} (fac_shapes/1b_merge_headers)")


if __name__ == "__main__":
    run(main, __doc__)
