"""Fit the PSF of every CCD as polynomials of the position.

Needs   : shapes/ccds, masks, selection/<name>.fits (fac_shapes/3b_select_stars)
Writes  : shapes/psf/<name>.fits; n_ccd_psf_used, ccd_psf_degree, ccd_psf_model, ccd_psf_chi2,
          ccd_psf_fwhm_px, ccd_psf_hash -> database
Settings: shape_psf, shape_images, shape_masks, shape_detection, star_selection
Next    : fac_shapes/3d_psf_validate

Run as  : python pipe/fac_shapes/3c_psf_model.py configs/MYFIELD

What varies over the CCD, and with which degree, is decided by stars that are left out of the fit.
A CCD with too few stars or a large chi2 is out of use: its objects lose an epoch.
"""

from cosmouline.images.ccds import db_ccds
from cosmouline.psf.over_field import db_field
from cosmouline.run import for_each_image, run

NEEDS = ("n_ccd_stars", "ccd_sky_sigma_adu", "ccd_gain_e_per_adu", "ccd_selection")
WRITES = ("n_ccd_psf_used", "ccd_psf_degree", "ccd_psf_model", "ccd_psf_chi2", "ccd_psf_fwhm_px",
          "ccd_psf_hash")


def measure(image, settings):
    """Fit the PSF of one CCD."""
    return db_field.build(image, settings)


def main(settings, db):
    """Fit the PSF of every CCD."""
    images = db_ccds.rows(db, settings, db_ccds.EXPOSURES, NEEDS)
    return for_each_image(measure, images, settings, db, needs=NEEDS, writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
