"""Detect the sources of every image.

Needs   : ali/<img_name>.fits (1_character/1b_copy_convert), badpix/ (1_character/2c_hot_pixels)
Writes  : ali/<img_name>.cat.fits; n_sources, scene_notes, trail_lens_arcsec
          -> database
Settings: detect_threshold_sigma, detect_min_area_px, lens_ra_deg, lens_dec_deg
Next    : 1_character/3b_measure_seeing

Run as  : python pipe/1_character/3a_detect.py configs/MYLENS
"""

from cosmouline.database import notes, paths
from cosmouline.images import db_images
from cosmouline.run import for_each_image, run
from cosmouline.sources import db_trails
from cosmouline.sources.detect import detect_sources
from cosmouline.sources.io_sources import write_sources

NEEDS = ("saturation_e", "n_hot_px")
WRITES = ("n_sources", "scene_notes", "trail_lens_arcsec")


def measure(image, settings):
    """Write the catalogue of one image; return the number of its sources."""
    image_e, bad = db_images.image_and_bad(image, settings)
    catalog = detect_sources(image_e, image["saturation_e"], bad,
                             threshold_sigma=settings.detect_threshold_sigma,
                             min_area_px=settings.detect_min_area_px)
    write_sources(paths.catalog(settings, image["img_name"]), catalog)
    found, trail_arcsec = db_trails.notes(image, image_e, bad, settings)
    return {"n_sources": len(catalog), "scene_notes": notes.as_text(found),
            "trail_lens_arcsec": trail_arcsec}


def main(settings, db):
    """Detect on every image in use."""
    images = db.to_treat(settings, NEEDS)
    return for_each_image(measure, images, settings, db, needs=NEEDS, writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
