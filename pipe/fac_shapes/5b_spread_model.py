"""Tell stars from galaxies by the spread model on the tiles.

Needs   : shapes/vignets/<tile> (fac_shapes/5a_vignets), psf_epochs/<tile>.fits
Writes  : shapes/spread/<tile>.fits, plots/spread_<tile>.png; n_tile_stars, n_tile_galaxies ->
          database
Settings: shape_catalogue
Next    : fac_shapes/6_shapes

Run as  : python pipe/fac_shapes/5b_spread_model.py configs/MYFIELD
"""

from cosmouline.images.ccds import db_ccds
from cosmouline.run import for_each_image, run
from cosmouline.shapes import db_classes

NEEDS = ("n_tile_vignets", "tile_sky_sigma_adu", "tile_psfs")
WRITES = ("n_tile_stars", "n_tile_galaxies")


def measure(image, settings):
    """Classify the objects of one tile."""
    return db_classes.classify(image, settings)


def main(settings, db):
    """Classify the objects of every tile."""
    tiles = db_ccds.rows(db, settings, db_ccds.TILES, NEEDS)
    return for_each_image(measure, tiles, settings, db, needs=NEEDS, writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
