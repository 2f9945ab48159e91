"""Choose by eye the images whose PSF is not to be used, on a page for the browser.

Needs   : pictures of the PSFs (5_psf/5_png_check)
Writes  : choose_psf_<psf_name>.html
Settings: lens_name, psf_name
Next    : 7_deconv/1_prepare, which reads psf_<psf_name>_skiplist.txt

Run as  : python pipe/5_psf/6b_opt_hand_check.py configs/MYLENS

As 1_character/5b_opt_hand_check. The images of the list stay in use for everything but the
deconvolutions with this PSF. A PSF is bad where its stars leave rings or dipoles in the residuals.
"""

from cosmouline.pages.choose_by_eye import hand_check
from cosmouline.run import run

NEEDS = ("psf_fwhm_arcsec__{psf}", "psf_ellipticity__{psf}", "psf_chi2__{psf}",
         "n_psf_used__{psf}")
WRITES = ()


def main(settings, db):
    """Write the page."""
    psf = settings.psf_name

    def caption(image):
        return (f"FWHM {image[f'psf_fwhm_arcsec__{psf}']:.2f} arcsec   ellipticity "
                f"{image[f'psf_ellipticity__{psf}']:.2f}   chi2 {image[f'psf_chi2__{psf}']:.2f}   "
                f"{image[f'n_psf_used__{psf}']} stars")

    hand_check(db.to_treat(settings, NEEDS), f"psf_{psf}", f"psf_{psf}_skiplist.txt", caption,
               "5_psf/5_png_check", "7_deconv/1_prepare.py", settings)


if __name__ == "__main__":
    run(main, __doc__)
