"""The map of bad pixels of a set: from the stack of its images, and from the user."""

from collections import Counter

from cosmouline.database import manifest, paths, provenance
from cosmouline.errors import ImageRejected, UserError
from cosmouline.files.io_fits import read_image
from cosmouline.images import db_images
from cosmouline.images.bad_pixels import hot_pixels

import numpy as np

SCRIPT = "1_character/2c_hot_pixels"
CHOICE = ("find_hot_pixels", "hot_pixel_sigma", "sets")
N_LEAST, N_MOST = 5, 40  # images of the stack: fewer are too few, more do not help
GROWTH = 1.5  # of the number of images, from which on a new stack finds more


def kept(one, images, settings, runs):
    """Return the map of a set that was made before; None where it is to be made.

    It stays until the images in use have grown by half, so that a few new ones do not make
    everything that was measured on the old ones out of date.
    """
    path = paths.bad_pixels(settings, one["name"])
    used = provenance.settings_used(settings, CHOICE)
    before = [image for image in images if "n_hot_px" in image
              and not provenance.changed_settings(image, SCRIPT, runs, used)]
    stays = (path.is_file() and not manifest.step_trouble(path, settings)
             and not settings.options.redo and len(before) >= N_LEAST
             and len(images) < GROWTH * len(before))
    return read_image(path) != 0 if stays else None


def made(one, images, settings):
    """Return the mask of a set, shape (ny, nx): True where a pixel is bad.

    `one` is the entry of ``settings.sets``, `images` its rows; images of another shape than most
    are left out. UserError if the mask that the user gives cannot be read, or has another shape.
    """
    shape, _ = Counter((im["ny_px"], im["nx_px"]) for im in images).most_common(1)[0]
    images = [image for image in images if (image["ny_px"], image["nx_px"]) == shape]
    bad = np.zeros(shape, bool)
    if settings.find_hot_pixels and len(images) >= N_LEAST:
        stack = images[::-(-len(images) // N_MOST)]

        def rows_of(index, rows):
            return db_images.pixels(stack[index], settings, (rows.start, rows.stop))

        bad |= hot_pixels(rows_of, len(stack), shape, n_sigma=settings.hot_pixel_sigma)
    if "bad_pixel_mask" not in one:
        return bad
    where = f"bad_pixel_mask of set {one['name']}"
    try:
        given = read_image(one["bad_pixel_mask"]) != 0
    except (FileNotFoundError, ImageRejected) as error:
        raise UserError(f"{where}: {error}.") from error
    if given.shape != shape:
        raise UserError(f"{where} is {given.shape[::-1]} pixels, its images are {shape[::-1]}.")
    return bad | given
