"""Find and measure the objects of every CCD, with its weights and flags.

Needs   : shapes/ccds/<name>.fits, shapes/masks/<name>.fits (fac_shapes/2b_masks)
Writes  : shapes/objects/<name>.fits; n_ccd_objects, ccd_sky_adu, ccd_sky_sigma_adu,
          ccd_offset_px -> database
Settings: shape_detection
Next    : fac_shapes/3b_select_stars

Run as  : python pipe/fac_shapes/3a_detect_exposures.py configs/MYFIELD

The columns have the names and the meaning of SExtractor's; FWHM_IMAGE is by adaptive moments.
IMAFLAGS_ISO has the bits of the masks over the isophote. Objects are compared with the stars of
the catalogue: a CCD whose coordinates are off by more than a pixel is reported.
"""

from cosmouline.images.ccds import db_ccds
from cosmouline.run import for_each_image, run
from cosmouline.sources.ccds import db_detect

NEEDS = ("ccd_masked", "ccd_wcs", "ccd_zero_point_mag", "ccd_gain_e_per_adu")
WRITES = ("n_ccd_objects", "ccd_sky_adu", "ccd_sky_sigma_adu", "ccd_offset_px")


def measure(image, settings):
    """Write the objects of one CCD."""
    return db_detect.detect_exposure(image, settings)


def main(settings, db):
    """Find the objects of every CCD."""
    images = db_ccds.rows(db, settings, db_ccds.EXPOSURES, NEEDS)
    counts = for_each_image(measure, images, settings, db, needs=NEEDS, writes=WRITES)
    db_detect.report_offsets(images, "ccd_offset_px")
    return counts


if __name__ == "__main__":
    run(main, __doc__)
