"""Draw every image without its sky next to the map of its sky, and its pixels.

Needs   : sky maps (2_skysub/1_skysub), sources (1_character/3a_detect)
Writes  : sky_png/<img_name>.png
Settings: lens_name
Next    : 3_align/1a_pick_reference

Run as  : python pipe/2_skysub/2_sky_pngs.py configs/MYLENS [--all] [--test]

The 20 brightest sources are circled. What to look for: no source, and no halo of one, in the map
of the sky; no slope, fringes or dark rims around bright stars at the left; at the right, a narrow
peak about 0. Of more than 8 images those are drawn whose sky stands out most; all with --all,
only those of testlist.txt with --test.
"""

from cosmouline.database.columns import column
from cosmouline.images import db_images, db_sky
from cosmouline.pages import drawing
from cosmouline.plots.frame import sky_page
from cosmouline.run import for_each_image, run
from cosmouline.sources import db_stars
from cosmouline.sources.star_catalogue import positions

import numpy as np

NEEDS = ("sky_noise_e", "sky_range_e", "sky_level_e", "n_sources", "n_hot_px")
WRITES = ()
N_CIRCLED = 20


def info(image):
    """Return the lines of the text box."""
    lines = [f"sky {image['sky_level_e']:.0f} e-, range of the map {image['sky_range_e']:.0f} e-",
             f"noise {image['sky_noise_e']:.1f} e-, mesh {image['sky_box_px']} px"]
    if "fringe_frame" in image:
        lines.append(f"fringes {image['fringe_rms_e']:.1f} e- rms ({image['fringe_frame']})")
    return lines


def measure(image, settings):
    """Draw the page of one image."""
    image_e, bad = db_images.image_and_bad(image, settings)
    sky_e = db_sky.sky(image, settings).level()
    page = sky_page(np.where(bad, np.nan, image_e - sky_e), sky_e,
                    drawing.title(image, settings), info(image),
                    positions(db_stars.sources(image, settings))[:N_CIRCLED])
    drawing.save_page(page, "sky", image["img_name"], settings, __file__)
    return {}


def main(settings, db):
    """Draw the pages that are missing or out of date."""
    images = db.to_treat(settings, NEEDS)
    images = drawing.to_draw(images, settings, "sky", column(images, "sky_range_e"),
                             column(images, "sky_level_e"), column(images, "sky_noise_e"))
    return for_each_image(measure, images, settings, db, needs=NEEDS, writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__, drawing.ALL)
