"""Cut vignets of every object of the tiles: on the tile, and on each epoch.

Needs   : shapes/objects, segments/<tile>.fits, psf_epochs/<tile>.fits (fac_shapes/4b)
Writes  : shapes/vignets/<tile>/*.npy and index.fits; n_tile_vignets, tile_vignets_of -> database
Settings: shape_psf, shape_masks, shape_detection
Next    : fac_shapes/5b_spread_model

Run as  : python pipe/fac_shapes/5a_vignets.py configs/MYFIELD

Sky is subtracted; flags have the bits of the masks, and 1024 where another object of the tile is.
The stores are read without being loaded; one CCD at a time is in memory.
"""

from functools import partial

from cosmouline.images.ccds import db_ccds
from cosmouline.run import for_each_image, run
from cosmouline.stamps import db_vignets

NEEDS = ("n_tile_objects", "tile_psfs")
WRITES = ("n_tile_vignets", "tile_vignets_of")


def measure(image, settings, ccds):
    """Write the vignets of one tile."""
    return {"n_tile_vignets": db_vignets.cut_tile(image, settings, ccds),
            "tile_vignets_of": image["tile_psfs"]}


def main(settings, db):
    """Write the vignets of every tile."""
    ccds = db_ccds.rows(db, settings, db_ccds.EXPOSURES, ("ccd_psf_hash",))
    tiles = db_ccds.rows(db, settings, db_ccds.TILES, NEEDS)
    return for_each_image(partial(measure, ccds=ccds), tiles, settings, db, needs=NEEDS,
                          writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
