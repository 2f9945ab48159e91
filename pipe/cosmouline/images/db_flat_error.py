"""Errors of the flat field of each set: their map from the skies of its images, and its use."""

import logging
from collections import Counter

from cosmouline.database import manifest, paths
from cosmouline.database.columns import column, texts
from cosmouline.errors import ImageRejected, UserError
from cosmouline.files.io_fits import read_image, write_image
from cosmouline.images import db_images, db_sky
from cosmouline.images.db_bad_pixels import GROWTH
from cosmouline.images.flat_error import (
    at_places,
    block_means,
    common_map,
    common_structure,
    of_mean,
)
from cosmouline.images.sky import object_mask

import numpy as np

log = logging.getLogger("cosmouline")

FLAT_IMAGES, N_MOST = 4, 12  # images of a set: fewer are too few, more hardly help
BLOCK_PX = 8  # stars of 2 to 6 pixels average over as much
FLAT_SIGMAS = 5.0  # errors of the variance of the structure; below, there is none
DIVIDED, SUBTRACTED, NONE = "divided", "subtracted", "none"  # what is done with the map
LEAST_FLAT_ERROR = 5e-4  # of the sky, as its standard deviation: below, a flux has larger errors


def kept(name, images, settings):
    """Return the error of a set that was measured before, as a dict of its field, or None."""
    before = [image for image in images if "flat_error" in image]
    if len(before) < FLAT_IMAGES or len(images) >= GROWTH * len(before):
        return None
    if before[0]["flat_error"] and not paths.flat_map(settings, name).is_file():
        return None
    return {"flat_error": before[0]["flat_error"]}


def measured(name, images, settings):
    """Measure the errors of the flat field of a set; return a dict of the field, or none.

    `images` are its rows. Where there are errors, their map is written. A set has no field with
    too few images, of stacks, whose faint sources all lie at the same pixels, or where the sky
    was subtracted, or is taken as even.
    """
    shape, _ = Counter((im["ny_px"], im["nx_px"]) for im in images).most_common(1)[0]
    usable = [im for im in images if (im["ny_px"], im["nx_px"]) == shape
              and "noise_factor" not in im
              and im["sky_level_e"] > db_sky.SKY_SUBTRACTED * im["sky_noise_e"] > 0]
    if len(usable) < FLAT_IMAGES:
        return {}
    at = np.unique(np.linspace(0, len(usable) - 1, N_MOST).round().astype(int))
    means, weights, box_px = [], [], 0
    for image in (usable[k] for k in at):
        image_e, bad = db_images.image_and_bad(image, settings)
        sky = db_sky.sky(image, settings)
        if sky.level_mesh_e.size == 1:
            return {}
        level_e, box_px = sky.level(), sky.box_px
        image_e = np.ascontiguousarray(np.where(bad, level_e, image_e), np.float32)
        good = ~(object_mask(image_e, bad, sky.box_px) | bad)
        typical_e = float(np.median(level_e))
        mean, n_good = block_means((image_e - level_e) / typical_e, good, BLOCK_PX)
        means.append(mean)
        weights.append(n_good * (typical_e / image["sky_noise_e"]) ** 2)
    means, weights = np.array(means), np.array(weights)
    sigma, significance, scale = common_structure(means, weights)
    if not significance > FLAT_SIGMAS or sigma < LEAST_FLAT_ERROR:
        return {} if sigma != sigma else {"flat_error": 0.0}
    log.warning("the skies of all images of %s have the same structure on the detector, %.2f %% "
                "of their level over %d to %d pixels: errors of the flat field, fringes "
                "(2_skysub/1b_opt_fringes), or light that no single image shows. "
                "4_norm/2f_flat_by_stars asks the stars which", name, 100 * sigma, BLOCK_PX,
                box_px)
    write_image(paths.flat_map(settings, name), common_map(means, weights, sigma, scale).astype(
        np.float32), {"BLOCKPX": BLOCK_PX, "SCALEPX": scale * BLOCK_PX})
    return {"flat_error": sigma}


def on_places(image, settings, x_px, y_px):
    """Return the map of the errors of the flat at places of an image, of their shape."""
    path = paths.flat_map(settings, image["set_name"])
    manifest.check_step(path, settings)
    try:
        return at_places(read_image(path), BLOCK_PX, x_px, y_px)
    except (FileNotFoundError, ImageRejected) as error:
        raise UserError(f"{path} is missing or damaged: {error}. Run 2_skysub/1c_flat_errors.py "
                        "--redo.") from error


def corrected(image_e, level_e, image, settings, done):
    """Return an image without the structure that all skies of its set have in common.

    Parameters
    ----------
    image_e, level_e : ndarray of float, shape (ny, nx)
        The image with its sky, and the level of the latter.
    image : dict
        Its row.
    settings : namespace
    done : {DIVIDED, SUBTRACTED}
        The light is divided by the map, or the sky alone loses it.

    Returns
    -------
    ndarray of float, shape (ny, nx)
        The sky is that level.
    """
    rows, columns = (np.arange(side) for side in image_e.shape)
    error = on_places(image, settings, columns[None, :], rows[:, None])
    light_e = image_e - level_e * (1 + error)
    return level_e + (light_e / (1 + error) if done == DIVIDED else light_e)


def of_lens(images, sigma):
    """Return the relative error of the mean flux of the lens from the flat fields of its sets.

    `sigma` (n_images,) is the error of the flat of the set of each image.
    """
    places_px = np.stack([column(images, f"lens_{axis}_px") for axis in "xy"], 1)
    # Structure larger than half a box of its mesh is in the map of the sky
    scale_px = float(np.median(column(images, "sky_box_px"))) / 2
    return of_mean(sigma, places_px, np.array(texts(images, "set_name")), scale_px)


def between_sets(images, sigma):
    """Return the relative error of each image's flux that its set does not share with the others.

    Images of one set see the same error of the flat, those of another camera see another one: that
    is no constant. Shape (n_images,); 0 with a single set. `sigma` as in `of_lens`.
    """
    sets, own2 = np.array(texts(images, "set_name")), np.zeros(len(images))
    for name in set(sets.tolist()):
        rows = np.flatnonzero(sets == name)
        own2[rows] = of_lens([images[k] for k in rows], sigma[rows]) ** 2
    return np.sqrt(np.maximum(own2 - of_lens(images, sigma) ** 2, 0.0))
