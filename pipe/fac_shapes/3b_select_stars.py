"""Choose the stars of every CCD by the selection file, and keep some back to test the PSF.

Needs   : shapes/objects/<name>.fits (fac_shapes/3a_detect_exposures), the file star_selection
Writes  : shapes/selection/<name>.fits with a table for each mask and split, <name>_*.txt and .png;
          n_ccd_stars, n_ccd_test_stars, ccd_star_fwhm_px, ccd_selection -> database
Settings: star_selection
Next    : fac_shapes/3c_psf_model

Run as  : python pipe/fac_shapes/3b_select_stars.py configs/MYFIELD

The file is in the language of setools (doc/shapes.md): files of ShapePipe run unchanged.
"""

from cosmouline.images.ccds import db_ccds
from cosmouline.run import for_each_image, log_line, run
from cosmouline.sources.ccds import db_selection

NEEDS = ("n_ccd_objects",)
WRITES = ("n_ccd_stars", "n_ccd_test_stars", "ccd_star_fwhm_px", "ccd_selection")


def measure(image, settings):
    """Choose the stars of one CCD."""
    return db_selection.choose(image, settings)


def main(settings, db):
    """Choose the stars of every CCD."""
    images = db_ccds.rows(db, settings, db_ccds.EXPOSURES, NEEDS)
    now = db_selection.digest(settings)
    db_ccds.again_if_changed(db, settings.options.script, images, "ccd_selection",
                             {image["img_name"]: now for image in images})
    counts = for_each_image(measure, images, settings, db, needs=NEEDS, writes=WRITES)
    stars = [image["n_ccd_stars"] for image in images if "n_ccd_stars" in image]
    if stars:
        log_line("%d to %d stars on a CCD", min(stars), max(stars))
    return counts


if __name__ == "__main__":
    run(main, __doc__)
