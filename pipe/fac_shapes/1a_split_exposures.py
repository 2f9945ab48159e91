"""Cut every exposure of a mosaic into its CCDs: image, weight and flags in one file each.

Needs   : the exposures and tiles of shape_images, with their weights and flags
Writes  : one row per CCD and per tile in shapes.json; shapes/ccds/<name>.fits, with WEIGHT, FLAG;
          ccd_exposure, ccd_number, ccd_nx_px, ccd_ny_px, ccd_origin -> database
Settings: shape_images
Next    : fac_shapes/1b_merge_headers

Run as  : python pipe/fac_shapes/1a_split_exposures.py configs/MYFIELD

A CCD is called <exposure>-<number from 0>, a tile tile-<name>. A file that has changed since is
cut again.
"""

from cosmouline.images.ccds import db_ccds
from cosmouline.run import for_each_image, run

NEEDS = ("raw_path", "raw_name")
WRITES = ("ccd_exposure", "ccd_number", "ccd_nx_px", "ccd_ny_px", "ccd_origin")


def measure(image, settings):
    """Write one CCD; return its fields."""
    return db_ccds.cut(image, settings)


def main(settings, db):
    """Register and cut all CCDs."""
    db_ccds.register(settings, db)
    images = db.to_treat(settings)
    return for_each_image(measure, images, settings, db, needs=NEEDS, writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
