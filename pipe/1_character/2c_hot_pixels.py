"""Find the hot and dead pixels of each set, from the stack of its unaligned images.

Needs   : ali/<img_name>.fits (1_character/1b_copy_convert)
Writes  : badpix/<set>.fits, 1 where a pixel is bad; n_hot_px -> database
Settings: find_hot_pixels, hot_pixel_sigma, sets (bad_pixel_mask)
Next    : 1_character/3a_detect

Run as  : python 2c_hot_pixels.py ../../configs/MYLENS

Stars move from image to image on the detector, hot pixels do not. The mask given with a set is
joined in. Fewer than five images of a set cannot tell the two apart: then only its mask counts.
A map stays until the images of its set have grown by half, or --redo asks for a new one.
"""

from cosmouline import badpixmaps, paths
from cosmouline.io_fits import write_image
from cosmouline.run import for_all_images, log_line, run

import numpy as np

NEEDS = ("set_name", "nx_px", "ny_px")
WRITES = ("n_hot_px",)


def measure(images, settings, runs):
    """Write the mask of every set; return the number of bad pixels of each image."""
    results = {}
    for one in settings.sets:
        mine = [image for image in images if image["set_name"] == one["name"]]
        if not mine:
            continue
        bad = badpixmaps.kept(one, mine, settings, runs)
        if bad is None:
            bad = badpixmaps.made(one, mine, settings)
            write_image(paths.bad_pixels(settings, one["name"]), bad.astype(np.uint8), {})
        log_line("%s: %d bad pixels of %d", one["name"], bad.sum(), bad.size)
        for image in mine:  # a mask of another size does not count
            fits = bad.shape == (image["ny_px"], image["nx_px"])
            results[image["img_name"]] = {"n_hot_px": int(bad.sum()) if fits else 0}
    return results


def main(settings, db):
    """Find the bad pixels of all sets."""
    images = db.all_in_use(settings, NEEDS)
    results = measure(images, settings, db.runs)
    for_all_images(results, images, settings, db, measure=measure, needs=NEEDS, writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
