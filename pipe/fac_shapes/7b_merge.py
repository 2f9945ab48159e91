"""Merge the catalogues of all tiles into one.

Needs   : shapes/catalogue/<tile>.fits (fac_shapes/7a_make_catalogue)
Writes  : shapes/catalogue.fits
Settings: shape_catalogue
Next    : fac_shapes/7c_random_points

Run as  : python pipe/fac_shapes/7b_merge.py configs/MYFIELD

IS_PRIMARY is False for the copy of an object that another tile has farther inside.
"""

from cosmouline.database import paths
from cosmouline.images.ccds import db_ccds
from cosmouline.run import log_line, run
from cosmouline.shapes import db_catalogue

NEEDS = ("n_tile_catalogue", "ccd_scale_arcsec")
WRITES = ()


def main(settings, db):
    """Merge all tiles."""
    tiles = db_ccds.rows(db, settings, db_ccds.TILES, NEEDS)
    n, n_twice = db_catalogue.merge(tiles, settings)
    log_line("%d objects of %d tiles, %d of them twice: %s", n, len(tiles), n_twice,
             paths.relative(db_catalogue.merged_path(settings)))


if __name__ == "__main__":
    run(main, __doc__)
