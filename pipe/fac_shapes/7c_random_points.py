"""Draw random points on the unmasked sky of every tile.

Needs   : shapes/masks/<tile>.fits (fac_shapes/2b_masks)
Writes  : shapes/random/<tile>.fits with the area in the card AREA (square arcmin)
Settings: shape_catalogue
Next    : fac_shapes/7d_report

Run as  : python pipe/fac_shapes/7c_random_points.py configs/MYFIELD
"""

from cosmouline.images.ccds import db_ccds
from cosmouline.run import log_line, run
from cosmouline.shapes import db_catalogue

NEEDS = ("ccd_masked", "ccd_wcs", "ccd_scale_arcsec")
WRITES = ()


def main(settings, db):
    """Draw the points of every tile."""
    for tile in db_ccds.rows(db, settings, db_ccds.TILES, NEEDS):
        n, area = db_catalogue.random_points(tile, settings)
        log_line("%s: %d random points on %.2f square arcmin", tile["img_name"], n, area)


if __name__ == "__main__":
    run(main, __doc__)
