"""Read the pixels of an image and its bad pixels."""

from cosmouline.database import manifest, paths
from cosmouline.database.products import product_of
from cosmouline.files import io_fits
from cosmouline.images.bad_pixels import LINEAR_FRACTION

import numpy as np


@product_of("1_character/1b_copy_convert", paths.image)
def pixels(image, settings, rows=None):
    """Return an image in electrons, (ny, nx), or its rows from the first to before the last."""
    return io_fits.read_image(paths.image(settings, image["img_name"]), rows)


def image_and_bad(image, settings):
    """Return the image in electrons and its bad pixels (masked or NaN), both (ny, nx)."""
    image_e = pixels(image, settings)
    bad = ~np.isfinite(image_e)
    if image["n_hot_px"]:
        path = paths.bad_pixels(settings, image["set_name"])
        manifest.check_step(path, settings)
        mask = io_fits.read_image(path)
        if mask.shape == bad.shape:  # the mask has the size that most images of the set have
            bad |= mask != 0
    return image_e, bad


def saturation_e(image):
    """Return the electrons from which on a pixel counts as saturated."""
    return LINEAR_FRACTION * image["saturation_e"]
