"""The sky map of an image: written to work_dir, its range and noise to the database."""

from dataclasses import replace

from cosmouline.database import paths
from cosmouline.database.products import product_of
from cosmouline.images.io_sky import read_sky, write_sky

import numpy as np


def keep(sky, image, settings, fringes_path=None):
    """Write the sky map of an image; return its fields.

    The row of a stack has a ``noise_factor``: its pixels scatter less than its fluxes.
    `fringes_path` is the pattern of its fringes, to which the map refers.
    """
    sky = replace(sky, sigma_mesh_e=sky.sigma_mesh_e * image.get("noise_factor", 1.0))
    write_sky(paths.sky(settings, image["img_name"]), sky, fringes_path)
    return {"sky_box_px": sky.box_px, "sky_range_e": float(np.ptp(sky.level_mesh_e)),
            "sky_noise_e": float(np.median(sky.sigma_mesh_e))}


@product_of("2_skysub/1_skysub", paths.sky)
def sky(image, settings):
    """Return the sky map of an image."""
    return read_sky(paths.sky(settings, image["img_name"]))
