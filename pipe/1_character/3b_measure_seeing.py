"""Measure seeing and ellipticity of every image from its own sources.

Needs   : ali/<img_name>.cat.fits (1_character/3a_detect), pixel_scale_arcsec
Writes  : fwhm_px, fwhm_arcsec, ellipticity, pa_deg, n_good_stars -> database
Settings: none
Next    : 1_character/3c_report

Run as  : python 3b_measure_seeing.py ../../configs/MYLENS
"""

from cosmouline import products
from cosmouline.run import for_each_image, run
from cosmouline.seeing import frame_seeing

NEEDS = ("n_sources", "pixel_scale_arcsec")
WRITES = ("fwhm_px", "fwhm_arcsec", "ellipticity", "pa_deg", "n_good_stars")


def measure(image, settings):
    """Return the seeing of one image."""
    seeing = frame_seeing(products.sources(image, settings))
    return {
        "fwhm_px": seeing.fwhm_px,
        "fwhm_arcsec": seeing.fwhm_px * image["pixel_scale_arcsec"],
        "ellipticity": seeing.ellipticity,
        "pa_deg": seeing.pa_deg,
        "n_good_stars": seeing.n_stars,
    }


def main(settings, db):
    """Measure every image in use."""
    images = db.to_treat(settings, NEEDS)
    return for_each_image(measure, images, settings, db, needs=NEEDS, writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
