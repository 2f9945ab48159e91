"""Draw the PSFs of all images on sheets, side by side.

Needs   : PSFs (5_psf/4_build_psf)
Writes  : plots/psf_<psf_name>_<n>.png
Settings: lens_name, psf_name, psf_stamp_fwhm, psf_upsampling
Next    : 5_psf/6b_opt_hand_check

Run as  : python pipe/5_psf/5b_opt_contact_sheet.py configs/MYLENS

Shown is a star without noise, in small pixels, on a logarithmic scale, in the order of set and
time. What to look for: the one that does not look like its neighbours in time. Images of
psf_<psf_name>_skiplist.txt have a coloured frame.
"""

from functools import partial

from cosmouline import library
from cosmouline.database import skiplists
from cosmouline.database.columns import column
from cosmouline.pages import contact_sheets
from cosmouline.plots.mosaic import paint
from cosmouline.plots.scaling import stretch_norm
from cosmouline.psf import db_psf
from cosmouline.run import run

import numpy as np

ndimage = library("scipy.ndimage")

NEEDS = ("psf_fwhm_px__{psf}", "psf_fwhm_arcsec__{psf}", "psf_ellipticity__{psf}",
         "psf_chi2__{psf}", "n_psf_used__{psf}")
WRITES = ()
SMOOTH_PX = 2.0 / 2.3548  # the Gaussian of FWHM 2 small pixels that the narrow PSF lacks


def centred(values, side):
    """Return the middle of a square array, cut or filled with zeros to another side."""
    half, middle = side // 2, values.shape[0] // 2
    cut = values[max(middle - half, 0):, max(middle - half, 0):][:side, :side]
    before = max(half - middle, 0)
    return np.pad(cut, [(before, side - before - n) for n in cut.shape])


def picture(image, settings, side):
    """Return the colours of the PSF of an image, as its stars look in small pixels."""
    psf = db_psf.psf(image, settings).psf
    star = centred(ndimage.gaussian_filter(psf.narrow(), SMOOTH_PX), side)
    return paint(star, stretch_norm(0.0, star.max(), "log"))


def main(settings, db):
    """Draw the sheets."""
    images = contact_sheets.in_order(db.to_treat(settings, NEEDS))
    skipped = skiplists.skiplist(settings, f"psf_{settings.psf_name}_skiplist.txt")
    skiplists.tell_unknown(settings, db, f"psf_{settings.psf_name}_skiplist.txt")
    psf = settings.psf_name

    fwhm_px = np.median(column(images, f"psf_fwhm_px__{psf}"))
    side = 2 * round(settings.psf_stamp_fwhm * fwhm_px * settings.psf_upsampling / 2)

    def note(image):
        return (f"{image[f'psf_fwhm_arcsec__{psf}']:.2f}\"  "
                f"e {image[f'psf_ellipticity__{psf}']:.2f}\n"
                f"chi2 {image[f'psf_chi2__{psf}']:.2f}, {image[f'n_psf_used__{psf}']} stars")

    contact_sheets.save(images, f"psf_{psf}", settings, __file__, partial(picture, side=side),
                        note=note, note_lines=2, title=f"PSFs {psf}", status=lambda image:
                        "set aside" if image["img_name"] in skipped else "used")


if __name__ == "__main__":
    run(main, __doc__)
