"""Make the catalogue of every tile: detection, spread model and shapes in one table.

Needs   : shapes/objects, spread, shapes/<tile>.fits (fac_shapes/6_shapes)
Writes  : shapes/catalogue/<tile>.fits; n_tile_catalogue -> database
Settings: shape_catalogue
Next    : fac_shapes/7b_merge

Run as  : python pipe/fac_shapes/7a_make_catalogue.py configs/MYFIELD

The names of the columns and the values for what is missing are ShapePipe's.
"""

from cosmouline.images.ccds import db_ccds
from cosmouline.run import for_each_image, run
from cosmouline.shapes import db_catalogue

NEEDS = ("n_tile_shapes", "tile_shapes", "n_tile_galaxies", "ccd_zero_point_mag",
         "ccd_exposure")
WRITES = ("n_tile_catalogue",)


def measure(image, settings):
    """Make the catalogue of one tile."""
    return db_catalogue.make(image, settings)


def main(settings, db):
    """Make the catalogue of every tile."""
    tiles = db_ccds.rows(db, settings, db_ccds.TILES, NEEDS)
    return for_each_image(measure, tiles, settings, db, needs=NEEDS, writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
