"""Take fringes out of images that were not dithered: a finer sky map of each.

Needs   : ali/<img_name>.fits (1_character/1b_copy_convert), badpix/ (1_character/2c_hot_pixels)
Writes  : sky/<img_name>.fits anew; sky_box_px, sky_range_e, sky_noise_e -> database
Settings: sky_box_px, fringe_cell_px
Next    : 2_skysub/2_sky_pngs

Run as  : python pipe/2_skysub/1b_alt_fringes_no_dither.py configs/MYLENS

It replaces 1b_opt_fringes where the images of a night are too few, or not dithered. The map has
cells of fringe_cell_px pixels, a fifth of the distance of the fringes or less. It follows what
repeats over the frame, and continues it under the stars. What is single and as large as a cell,
the halo of a galaxy, can be taken for sky: look at the pictures of 2_sky_pngs, and prefer
1b_opt_fringes where it can be used. 1_skysub leaves its images as they are (--redo there).
"""

from cosmouline.images import db_images, db_sky
from cosmouline.images.fringes import fine_sky
from cosmouline.run import for_each_image, run

NEEDS = ("saturation_e", "n_hot_px")
WRITES = ("sky_box_px", "sky_range_e", "sky_noise_e", "fringe_frame", "fringe_scale",
          "fringe_rms_e")


def measure(image, settings):
    """Write the fine sky map of one image; return its mesh size, range and noise."""
    image_e, bad = db_images.image_and_bad(image, settings)
    sky = fine_sky(image_e, bad, settings.fringe_cell_px, settings.sky_box_px)
    return db_sky.keep(sky, image, settings)


def main(settings, db):
    """Map the sky of every image in use."""
    images = db.to_treat(settings, NEEDS)
    return for_each_image(measure, images, settings, db, needs=NEEDS, writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
