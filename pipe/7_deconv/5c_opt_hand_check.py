"""Choose by eye the images that a deconvolution leaves out, on a page for the browser.

Needs   : pictures of the deconvolution (7_deconv/5a_png_check)
Writes  : choose_dec_<dec_name>.html
Settings: lens_name, dec_name
Next    : 7_deconv/1_prepare, which reads dec_<dec_name>_skiplist.txt

Run as  : python pipe/7_deconv/5c_opt_hand_check.py configs/MYLENS

As 1_character/5b_opt_hand_check, one page per band; there is one list: save that of a band and run
this again before the next one, whose page then knows it. The images of the list stay in use for
everything but this deconvolution.
"""

from cosmouline.database import bands
from cosmouline.pages.choose_by_eye import hand_check
from cosmouline.run import run

NEEDS = ("dec_fit__{dec}", "field_fwhm_arcsec")
WRITES = ()


def main(settings, db):
    """Write the page of every band."""
    dec = settings.dec_name

    def caption(image):
        return (f"number {image[f'dec_number__{dec}']}   seeing {image['field_fwhm_arcsec']:.2f} "
                f"arcsec   chi2 {image.get(f'dec_chi2__{dec}', float('nan')):.2f}")

    for one, images in bands.split(db.to_treat(settings, NEEDS), settings):
        hand_check(images, f"dec_{dec}", f"dec_{dec}_skiplist.txt", caption,
                   "7_deconv/5a_png_check", "7_deconv/1_prepare.py", one)


if __name__ == "__main__":
    run(main, __doc__)
