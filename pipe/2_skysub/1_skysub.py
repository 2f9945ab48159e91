"""Map the sky and its noise on every image.

Needs   : ali/<img_name>.fits (1_character/1b_copy_convert), badpix/ (1_character/2c_hot_pixels)
Writes  : sky/<img_name>.fits, a small mesh; sky_box_px, sky_range_e, sky_noise_e -> database
Settings: sky_box_px
Next    : 2_skysub/2_sky_pngs

Run as  : python 1_skysub.py ../../configs/MYLENS

No sky-subtracted image is written: whoever needs one subtracts the spline through this mesh, on
just the pixels that it needs. Pixels are never resampled or rounded on the way to a flux.
"""

from dataclasses import replace

from cosmouline import paths, products
from cosmouline.io_sky import write_sky
from cosmouline.run import for_each_image, run
from cosmouline.sky import sky_map

import numpy as np

NEEDS = ("saturation_e", "n_hot_px")
WRITES = ("sky_box_px", "sky_range_e", "sky_noise_e", "fringe_frame", "fringe_scale",
          "fringe_rms_e")


def measure(image, settings):
    """Write the sky map of one image; return its mesh size and range."""
    image_e, bad = products.image_and_bad(image, settings)
    sky = sky_map(image_e, bad, settings.sky_box_px)
    if "noise_factor" in image:  # a stack: its pixels scatter less than its fluxes
        sky = replace(sky, sigma_mesh_e=sky.sigma_mesh_e * image["noise_factor"])
    write_sky(paths.sky(settings, image["img_name"]), sky)
    return {
        "sky_box_px": sky.box_px,
        "sky_range_e": float(np.ptp(sky.level_mesh_e)),
        "sky_noise_e": float(np.median(sky.sigma_mesh_e)),
    }


def main(settings, db):
    """Map the sky of every image in use."""
    images = db.to_treat(settings, NEEDS)
    return for_each_image(measure, images, settings, db, needs=NEEDS, writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
