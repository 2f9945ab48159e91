"""Take images as they are: their sky is zero.

Needs   : ali/<img_name>.fits (1_character/1b_copy_convert), badpix/ (1_character/2c_hot_pixels)
Writes  : sky/<img_name>.fits of zeros; sky_box_px, sky_range_e, sky_noise_e -> database
Settings: sky_box_px
Next    : 3_align/1a_pick_reference

Run as  : python pipe/2_skysub/1_alt_no_skysub.py configs/MYLENS

For images that are made up, or whose sky was subtracted by other programs. The noise is measured;
where the pixels have none, it is the read noise. It replaces 1_skysub, as 1_alt_flat_skysub does.
An image that has a sky after all is rejected: its level is more than its noise away from zero.
"""

from cosmouline.errors import ImageRejected
from cosmouline.images import db_images, db_sky
from cosmouline.images.sky import even_sky, sky_map
from cosmouline.run import for_each_image, run

import numpy as np

NEEDS = ("saturation_e", "n_hot_px", "read_noise_e")
WRITES = ("sky_box_px", "sky_range_e", "sky_noise_e", "fringe_frame", "fringe_scale",
          "fringe_rms_e")


def measure(image, settings):
    """Write a sky of zero; return the noise of the pixels."""
    image_e, bad = db_images.image_and_bad(image, settings)
    found = sky_map(image_e, bad, settings.sky_box_px)
    level_e = np.median(found.level_mesh_e)
    noise_e = float(np.median(found.sigma_mesh_e)) or image["read_noise_e"]
    if abs(level_e) > noise_e:
        raise ImageRejected(f"there is a sky of {level_e:.0f} e-, with a noise of {noise_e:.1f} "
                            "e-. Run 2_skysub/1_skysub.py")
    return db_sky.keep(even_sky(0.0, noise_e, image_e.shape), image, settings)


def main(settings, db):
    """Write a sky of zero for every image in use."""
    images = db.to_treat(settings, NEEDS)
    return for_each_image(measure, images, settings, db, needs=NEEDS, writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
