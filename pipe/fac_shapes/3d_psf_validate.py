"""Compare the PSF with the stars that were kept back from it.

Needs   : shapes/psf/<name>.fits (fac_shapes/3c_psf_model)
Writes  : shapes/psf_test/<name>.fits; n_ccd_tested, ccd_psf_e1_residual, ccd_psf_e2_residual,
          ccd_psf_size_residual -> database; report_psf_field.txt, plots/psf_field.png
Settings: lens_name, shape_psf, shape_masks, shape_detection, star_selection
Next    : fac_shapes/4a_detect_tiles

Run as  : python pipe/fac_shapes/3d_psf_validate.py configs/MYFIELD

Residuals of ellipticity and size, over the CCDs and with flux, and rho statistics over the field.
A size that grows with flux by more than 3 sigma (brighter-fatter) is reported.
"""

from cosmouline.images.ccds import db_ccds
from cosmouline.psf.over_field import db_field
from cosmouline.run import for_each_image, run
from cosmouline.shapes import db_psf_report

NEEDS = ("ccd_psf_hash", "ccd_selection")
WRITES = ("n_ccd_tested", "ccd_psf_e1_residual", "ccd_psf_e2_residual", "ccd_psf_size_residual")


def measure(image, settings):
    """Compare one CCD with its stars."""
    return db_field.validate(image, settings)


def main(settings, db):
    """Compare all CCDs; write the report and the picture."""
    images = db_ccds.rows(db, settings, db_ccds.EXPOSURES, NEEDS)
    counts = for_each_image(measure, images, settings, db, needs=NEEDS, writes=WRITES)
    db_psf_report.write([image for image in images if image.get("n_ccd_tested")], settings)
    return counts


if __name__ == "__main__":
    run(main, __doc__)
