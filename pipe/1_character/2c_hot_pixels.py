"""Find the hot and dead pixels of each set, from the stack of its unaligned images.

Needs   : ali/<img_name>.fits (1_character/1b_copy_convert)
Writes  : badpix/<set>.fits, 1 where a pixel is bad; n_hot_px -> database
Settings: find_hot_pixels, hot_pixel_sigma, sets (bad_pixel_mask)
Next    : 1_character/3a_detect

Run as  : python 2c_hot_pixels.py ../../configs/MYLENS

Stars move from image to image on the detector, hot pixels do not. The mask given with a set is
joined in. Fewer than five images of a set cannot tell the two apart: then only its mask counts.
"""

from collections import Counter

from cosmouline import paths, products
from cosmouline.badpix import hot_pixels
from cosmouline.errors import ImageRejected, UserError
from cosmouline.io_fits import read_image, write_image
from cosmouline.run import for_all_images, log_line, run

import numpy as np

NEEDS = ("set_name", "nx_px", "ny_px")
WRITES = ("n_hot_px",)
N_LEAST, N_MOST = 5, 40  # images of the stack: fewer cannot tell, more do not help


def bad_pixels(one, images, settings):
    """Return the mask of one set, shape (ny, nx)."""
    shape, _ = Counter((im["ny_px"], im["nx_px"]) for im in images).most_common(1)[0]
    images = [image for image in images if (image["ny_px"], image["nx_px"]) == shape]
    bad = np.zeros(shape, bool)
    if settings.find_hot_pixels and len(images) >= N_LEAST:
        stack = images[::-(-len(images) // N_MOST)]

        def rows_of(index, rows):
            return products.pixels(stack[index], settings, (rows.start, rows.stop))

        bad |= hot_pixels(rows_of, len(stack), shape, n_sigma=settings.hot_pixel_sigma)
    return bad | given_mask(one, shape) if "bad_pixel_mask" in one else bad


def given_mask(one, shape):
    """Return the mask that the user gives with a set."""
    where = f"bad_pixel_mask of set {one['name']}"
    try:
        given = read_image(one["bad_pixel_mask"]) != 0
    except (FileNotFoundError, ImageRejected) as error:
        raise UserError(f"{where}: {error}.") from error
    if given.shape != shape:
        raise UserError(f"{where} is {given.shape[::-1]} pixels, its images are {shape[::-1]}.")
    return given


def measure(images, settings):
    """Write the mask of every set; return the number of bad pixels of each image."""
    results = {}
    for one in settings.sets:
        mine = [image for image in images if image["set_name"] == one["name"]]
        if not mine:
            continue
        bad = bad_pixels(one, mine, settings)
        write_image(paths.bad_pixels(settings, one["name"]), bad.astype(np.uint8), {})
        log_line("%s: %d bad pixels of %d", one["name"], bad.sum(), bad.size)
        for image in mine:  # a mask of another size does not count
            fits = bad.shape == (image["ny_px"], image["nx_px"])
            results[image["img_name"]] = {"n_hot_px": int(bad.sum()) if fits else 0}
    return results


def main(settings, db):
    """Find the bad pixels of all sets."""
    images = db.all_in_use(settings, NEEDS)
    for_all_images(measure(images, settings), images, settings, db, measure=measure, needs=NEEDS,
                   writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
