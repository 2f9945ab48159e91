"""Put the PSF of every epoch at the place of every object of the tiles.

Needs   : shapes/objects/<tile>.fits (fac_shapes/4a_detect_tiles), shapes/psf/<name>.fits
Writes  : shapes/psf_epochs/<tile>.fits; n_tile_psf_objects, tile_psf_fwhm_px, tile_psfs ->
          database
Settings: shape_psf
Next    : fac_shapes/5a_vignets

Run as  : python pipe/fac_shapes/4b_psf_multiepoch.py configs/MYFIELD

A CCD without a PSF costs an object that epoch, never the object.
"""

from functools import partial

from cosmouline.images.ccds import db_ccds
from cosmouline.psf.over_field import db_field
from cosmouline.run import for_each_image, run

NEEDS = ("n_tile_objects", "tile_headers")
NEEDS_OF_CCDS = ("ccd_psf_hash",)
WRITES = ("n_tile_psf_objects", "tile_psf_fwhm_px", "tile_psfs")


def measure(image, settings, ccds):
    """Write the PSFs at the objects of one tile."""
    return db_field.write_epochs(image, settings, ccds)


def main(settings, db):
    """Write the PSFs of every tile."""
    ccds = db_ccds.rows(db, settings, db_ccds.EXPOSURES, NEEDS_OF_CCDS)
    tiles = db_ccds.rows(db, settings, db_ccds.TILES, NEEDS)
    db_ccds.again_if_changed(db, settings.options.script, tiles, "tile_psfs", {
        tile["img_name"]: db_ccds.digest_of_overlap(tile, ccds, "ccd_psf_hash")
        for tile in tiles})
    return for_each_image(partial(measure, ccds=ccds), tiles, settings, db, needs=NEEDS,
                          writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
