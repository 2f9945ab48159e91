"""Find the stars of the catalogue on and around every CCD and tile.

Needs   : the star catalogue (fac_astrometry/1_fetch_catalogue), ccd_wcs
          (fac_shapes/1b_merge_headers)
Writes  : shapes/stars/<name>.ecsv; n_ccd_catalogue_stars -> database
Settings: catalogue
Next    : fac_shapes/2b_masks

Run as  : python pipe/fac_shapes/2a_star_catalogue.py configs/MYFIELD

The catalogue is a local file, as the nodes of a cluster have no network.
"""

from cosmouline.images.ccds import db_masks
from cosmouline.run import for_each_image, run

NEEDS = ("ccd_wcs", "ccd_nx_px", "ccd_ny_px", "ccd_scale_arcsec", "ccd_ra_deg", "ccd_dec_deg")
WRITES = ("n_ccd_catalogue_stars",)


def measure(image, settings):
    """Write the stars of one CCD."""
    return db_masks.stars(image, settings)


def main(settings, db):
    """Find the stars of every CCD and tile."""
    images = db.to_treat(settings, NEEDS)
    return for_each_image(measure, images, settings, db, needs=NEEDS, writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
