"""Draw the stamps of every image with their masks and noise maps.

Needs   : stamps with marked cosmics (6_extract/1_extract_objects, 6_extract/2_find_cosmics)
Writes  : objects_png/<img_name>.png
Settings: lens_name
Next    : 7_deconv/0_star_photometry

Run as  : python pipe/6_extract/3_png_check.py configs/MYLENS [--all]

What to look for: every star in the middle of its stamp, neighbours and bad columns covered, and
nothing covered that belongs to a star. Of more than 8 images those are drawn that stand out
by their cosmic rays or lack stars; all with --all.
"""

from cosmouline.database.columns import column
from cosmouline.pages import drawing
from cosmouline.plots.stamps import stamps_page
from cosmouline.run import for_each_image, run
from cosmouline.stamps import db_stamps

import numpy as np

NEEDS = ("n_objects", "n_object_cosmics")
WRITES = ()


def measure(image, settings):
    """Draw the page of one image."""
    stamps, names, _ = db_stamps.objects(image, settings)
    sigma_e = np.sqrt(stamps.sky_sigma_e**2 + np.maximum(stamps.data_e, 0))
    page = stamps_page(stamps.data_e, stamps.mask, names, sigma_e,
                       title=drawing.title(image, settings))
    drawing.save_page(page, "objects", image["img_name"], settings, __file__)
    return {}


def main(settings, db):
    """Draw the pages that are missing or out of date."""
    images = db.to_treat(settings, NEEDS)
    images = drawing.to_draw(images, settings, "objects", column(images, "n_object_cosmics"),
                             column(images, "n_objects"))
    return for_each_image(measure, images, settings, db, needs=NEEDS, writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__, drawing.ALL)
