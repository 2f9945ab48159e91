"""Measure seeing and ellipticity of every image from its own sources.

Needs   : ali/<img_name>.cat.fits (1_character/3a_detect), pixel_scale_arcsec
Writes  : fwhm_px, fwhm_arcsec, ellipticity, pa_deg, n_good_stars, star_notes -> database;
          report_intake.txt again
Settings: none
Next    : 1_character/3c_report

Run as  : python pipe/1_character/3b_measure_seeing.py configs/MYLENS
"""

from cosmouline.database import notes
from cosmouline.frames import db_intake_report
from cosmouline.run import for_each_image, run
from cosmouline.sources import db_stars
from cosmouline.sources.seeing import frame_seeing, odd_stars

NEEDS = ("n_sources", "pixel_scale_arcsec")
WRITES = ("fwhm_px", "fwhm_arcsec", "ellipticity", "pa_deg", "n_good_stars",
          "star_notes")


def measure(image, settings):
    """Return the seeing of one image."""
    sources = db_stars.sources(image, settings)
    seeing = frame_seeing(sources)
    return {
        "fwhm_px": seeing.fwhm_px,
        "fwhm_arcsec": seeing.fwhm_px * image["pixel_scale_arcsec"],
        "ellipticity": seeing.ellipticity,
        "pa_deg": seeing.pa_deg,
        "n_good_stars": seeing.n_stars,
        "star_notes": notes.as_text(odd_stars(seeing, sources)),
    }


def main(settings, db):
    """Measure every image in use."""
    images = db.to_treat(settings, NEEDS)
    counts = for_each_image(measure, images, settings, db, needs=NEEDS, writes=WRITES)
    db_intake_report.write(settings, db)
    return counts


if __name__ == "__main__":
    run(main, __doc__)
