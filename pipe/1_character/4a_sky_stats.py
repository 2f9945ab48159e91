"""Measure the sky level and its scatter on every image.

Needs   : ali/<img_name>.fits (1_character/1b_copy_convert), badpix/ (1_character/2c_hot_pixels)
Writes  : sky_level_e, sky_sigma_e -> database
Settings: none
Next    : 1_character/4b_report

Run as  : python pipe/1_character/4a_sky_stats.py configs/MYLENS
"""

from cosmouline.images import db_images
from cosmouline.images.sky import sky_level_and_sigma
from cosmouline.run import for_each_image, run

import numpy as np

NEEDS = ("saturation_e", "n_hot_px")
WRITES = ("sky_level_e", "sky_sigma_e")


def measure(image, settings):
    """Return the sky fields of one image."""
    image_e, bad = db_images.image_and_bad(image, settings)
    level_e, sigma_e = sky_level_and_sigma(np.where(bad, np.nan, image_e))
    return {"sky_level_e": level_e, "sky_sigma_e": sigma_e}


def main(settings, db):
    """Measure every image in use."""
    images = db.to_treat(settings, NEEDS)
    return for_each_image(measure, images, settings, db, needs=NEEDS, writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
