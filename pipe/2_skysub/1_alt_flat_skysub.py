"""Take one level of the sky per image instead of a map.

Needs   : ali/<img_name>.fits (1_character/1b_copy_convert), badpix/ (1_character/2c_hot_pixels)
Writes  : sky/<img_name>.fits of one cell; sky_box_px, sky_range_e, sky_noise_e -> database
Settings: sky_box_px
Next    : 3_align/1a_pick_reference

Run as  : python pipe/2_skysub/1_alt_flat_skysub.py configs/MYLENS

For made-up images with an even sky, and for frames that are filled by one large object, which a
map would take for sky. Level and noise are the medians over the map that 1_skysub would make, so
stars are kept out of both. It replaces 1_skysub: images done before are done again, and 1_skysub
leaves them as they are (--redo there takes them back).
"""

from cosmouline.images import db_images, db_sky
from cosmouline.images.sky import even_sky, sky_map
from cosmouline.run import for_each_image, run

import numpy as np

NEEDS = ("saturation_e", "n_hot_px")
WRITES = ("sky_box_px", "sky_range_e", "sky_noise_e", "fringe_frame", "fringe_scale",
          "fringe_rms_e")


def measure(image, settings):
    """Write the even sky of one image; return its noise."""
    image_e, bad = db_images.image_and_bad(image, settings)
    found = sky_map(image_e, bad, settings.sky_box_px)
    sky = even_sky(np.median(found.level_mesh_e), np.median(found.sigma_mesh_e), image_e.shape)
    return db_sky.keep(sky, image, settings)


def main(settings, db):
    """Find the level of every image in use."""
    images = db.to_treat(settings, NEEDS)
    return for_each_image(measure, images, settings, db, needs=NEEDS, writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
