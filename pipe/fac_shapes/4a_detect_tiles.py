"""Find and measure the objects of every tile, and the CCDs on which each lies.

Needs   : shapes/ccds/<name>.fits, shapes/masks/<name>.fits (fac_shapes/2b_masks), ccd_wcs of CCDs
Writes  : shapes/objects/<tile>.fits with EPOCHS, shapes/segments/<tile>.fits; n_tile_objects,
          tile_sky_sigma_adu, tile_offset_px, tile_mean_epochs, tile_headers -> database
Settings: shape_detection
Next    : fac_shapes/4b_psf_multiepoch

Run as  : python pipe/fac_shapes/4a_detect_tiles.py configs/MYFIELD

The epochs of an object are the CCDs in use on one of whose pixels it lies, by their footprints.
"""

from functools import partial

from cosmouline.images.ccds import db_ccds
from cosmouline.run import for_each_image, run
from cosmouline.sources.ccds import db_detect

NEEDS = ("ccd_masked", "ccd_wcs", "ccd_zero_point_mag", "ccd_gain_e_per_adu", "ccd_tiles")
WRITES = ("n_tile_objects", "tile_sky_sigma_adu", "tile_offset_px", "tile_mean_epochs",
          "tile_headers")


def measure(image, settings, ccds):
    """Write the objects of one tile."""
    return db_detect.detect_tile(image, settings, ccds)


def main(settings, db):
    """Find the objects of every tile."""
    ccds = db_ccds.rows(db, settings, db_ccds.EXPOSURES, NEEDS)
    tiles = db_ccds.rows(db, settings, db_ccds.TILES, NEEDS)
    db_ccds.again_if_changed(db, settings.options.script, tiles, "tile_headers", {
        tile["img_name"]: db_ccds.digest_of_overlap(tile, ccds, "ccd_wcs") for tile in tiles})
    counts = for_each_image(partial(measure, ccds=ccds), tiles, settings, db, needs=NEEDS,
                            writes=WRITES)
    db_detect.report_offsets(tiles, "tile_offset_px")
    db_detect.report_zero_points(tiles, ccds, settings)
    return counts


if __name__ == "__main__":
    run(main, __doc__)
