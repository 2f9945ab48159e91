"""Mask borders, halos and spikes of bright stars, extended objects, and pixels without data.

Needs   : shapes/ccds/<name>.fits, shapes/stars/<name>.ecsv (fac_shapes/2a_star_catalogue)
Writes  : shapes/masks/<name>.fits (int16, a bit for each kind) and <name>.reg for ds9;
          ccd_masked, ccd_missing, n_ccd_haloes -> database
Settings: shape_masks
Next    : fac_shapes/3a_detect_exposures

Run as  : python pipe/fac_shapes/2b_masks.py configs/MYFIELD

Bits are OR-ed, with those of the flag images of the exposures. A star without a magnitude, as the
brightest of a catalogue are, is masked as one of no_mag_taken_as.
"""

from cosmouline.images.ccds import db_masks
from cosmouline.run import for_each_image, run

NEEDS = ("n_ccd_catalogue_stars", "ccd_wcs", "ccd_scale_arcsec", "ccd_nx_px", "ccd_ny_px")
WRITES = ("ccd_masked", "ccd_missing", "n_ccd_haloes")


def measure(image, settings):
    """Write the masks of one CCD."""
    return db_masks.mask(image, settings)


def main(settings, db):
    """Mask every CCD and tile."""
    images = db.to_treat(settings, NEEDS)
    return for_each_image(measure, images, settings, db, needs=NEEDS, writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
