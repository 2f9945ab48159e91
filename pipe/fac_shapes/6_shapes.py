"""Measure the shapes of all objects by metacalibration, over all their epochs.

Needs   : shapes/vignets/<tile> (fac_shapes/5a_vignets), psf, psf_epochs (fac_shapes/4b)
Writes  : shapes/shapes/<tile>.fits; n_tile_shapes, tile_shapes, tile_target_arcsec ->
          database
Settings: shape_metacal, shape_psf, shape_masks
Next    : fac_shapes/7a_make_catalogue

Run as  : python pipe/fac_shapes/6_shapes.py configs/MYFIELD [--part 2/16]

Five versions of each object, without shear and with +-0.01 in g1 and g2, by adaptive moments with
a common round PSF. e1 is along east, e2 along north-east. Batches that are finished stay when a
run is stopped, and are not done again; --redo does all again. --part 2/16 does every 16th batch
from the second, beside other parts on other machines; a run without it then joins them.
"""

from cosmouline.engine import tasks
from cosmouline.images.ccds import db_ccds
from cosmouline.run import for_all_images, log_line, run
from cosmouline.shapes import db_shapes

NEEDS = ("n_tile_vignets", "tile_psfs", "tile_vignets_of", "ccd_zero_point_mag")
WRITES = ("n_tile_shapes", "tile_shapes", "tile_target_arcsec")

ARGUMENTS = {"--part": {"metavar": "I/N", "help": "only every Nth batch, from the Ith"}}


def measure(item, settings):
    """Measure one batch of objects."""
    return db_shapes.measure_batch(item, settings)


def main(settings, db):
    """Measure all batches of all tiles, then join those of each."""
    ccds = db_shapes.ccds_with_psf(db, settings)
    tiles = db_ccds.rows(db, settings, db_ccds.TILES, NEEDS)
    todo, files = [], {}
    for tile in tiles:
        found, files[tile["img_name"]] = db_shapes.batches(tile, settings, ccds,
                                                           settings.options.redo)
        todo += found
    part = getattr(settings.options, "part", None)
    todo = [item for item in todo if item["number"] in db_shapes.part_of(part)]
    log_line("%d of %d batches are to be done", len(todo), sum(map(len, files.values())))
    for _ in tasks.results(measure, todo, settings, "batch") if todo else ():
        pass
    if part:
        log_line("this part is done. When all are: run it without --part")
        return
    results = {tile["img_name"]: db_shapes.join(tile, settings, files[tile["img_name"]])
               | {"tile_target_arcsec": db_shapes.target_sigma(tile, settings, ccds)}
               for tile in tiles}
    for_all_images(results, tiles, settings, db, measure=measure, needs=NEEDS, writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
