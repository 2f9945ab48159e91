"""Find the hot and dead pixels of each set, from the stack of its unaligned images.

Needs   : ali/<img_name>.fits (1_character/1b_copy_convert)
Writes  : badpix/<set>.fits, 1 where a pixel is bad; n_hot_px -> database
Settings: find_hot_pixels, hot_pixel_sigma, sets (bad_pixel_mask)
Next    : 1_character/3a_detect

Run as  : python pipe/1_character/2c_hot_pixels.py configs/MYLENS

Stars move from image to image on the detector, hot pixels do not. The mask given with a set is
joined in. With fewer than five images of a set they cannot be distinguished: only its mask counts.
A map stays until the images of its set have grown by half, or --redo asks for a new one.
"""

from cosmouline.database import paths
from cosmouline.engine import tasks
from cosmouline.files.io_fits import read_image, write_image
from cosmouline.images import db_bad_pixels
from cosmouline.run import for_all_images, log_line, run

import numpy as np

NEEDS = ("set_name", "nx_px", "ny_px")
WRITES = ("n_hot_px",)


def make(one, settings):
    """Write the mask of a set."""
    bad = db_bad_pixels.made(one["set"], one["images"], settings)
    write_image(paths.bad_pixels(settings, one["img_name"]), bad.astype(np.uint8), {})
    return {}


def measure(images, settings, runs):
    """Write the mask of every set; return the number of bad pixels of each image."""
    results = {}
    sets = [{"img_name": one["name"], "set": one,
             "images": [image for image in images if image["set_name"] == one["name"]]}
            for one in settings.sets]
    sets = [one for one in sets if one["images"]]
    todo = [one for one in sets
            if db_bad_pixels.kept(one["set"], one["images"], settings, runs) is None]
    list(tasks.results(make, todo, settings, "set"))
    for one in sets:
        bad = read_image(paths.bad_pixels(settings, one["img_name"])) != 0
        log_line("%s: %d bad pixels of %d", one["img_name"], bad.sum(), bad.size)
        for image in one["images"]:  # a mask of another size does not count
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
