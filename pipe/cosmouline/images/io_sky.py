"""Sky maps: the mesh of level and noise of one image, a few kilobytes, and its fringes.

The pattern of the fringes is an image by itself that many sky maps refer to.
"""

import functools
import os
from pathlib import Path

from cosmouline import library
from cosmouline.errors import ProductLost
from cosmouline.files import origin
from cosmouline.files.atomic import atomic_path
from cosmouline.files.io_fits import read_image
from cosmouline.images.sky import SkyMap

import numpy as np

fits = library("astropy.io.fits")


def write_sky(path, sky, fringes_path=None):
    """Write the mesh of a `SkyMap` as two small images, LEVEL and SIGMA, in electrons.

    `fringes_path` is the image with the pattern of its fringes; the map refers to it.
    """
    head = fits.PrimaryHDU()
    head.header["BOX"] = (sky.box_px, "[pix] side of a mesh cell")
    head.header["NX"] = (sky.shape[1], "[pix] columns of the image")
    head.header["NY"] = (sky.shape[0], "[pix] rows of the image")
    if fringes_path is not None:
        head.header["FRINGES"] = Path(os.path.relpath(fringes_path, Path(path).parent)).as_posix()
        head.header["FSCALE"] = (sky.fringe_scale, "height of the fringes")
    origin.mark(head.header)
    level = fits.ImageHDU(np.asarray(sky.level_mesh_e), name="LEVEL")
    sigma = fits.ImageHDU(np.asarray(sky.sigma_mesh_e), name="SIGMA")
    with atomic_path(path) as temporary:
        fits.HDUList([head, level, sigma]).writeto(temporary)


def read_sky(path):
    """Return the `SkyMap` of a file; ProductLost if the pattern that it refers to is missing."""
    with fits.open(path, memmap=False) as hdus:
        head = hdus[0].header
        level, sigma = (hdus[name].data.astype(hdus[name].data.dtype.newbyteorder("="))
                        for name in ("LEVEL", "SIGMA"))
    fringes_e = None
    if "FRINGES" in head:
        pattern = Path(path).parent / head["FRINGES"]
        try:
            fringes_e = _read_once(pattern, pattern.stat().st_mtime_ns)
        except FileNotFoundError as error:
            raise ProductLost(f"{pattern} is missing. Run 2_skysub/1b_opt_fringes.py "
                              "--redo.") from error
    return SkyMap(level, sigma, head["BOX"], (head["NY"], head["NX"]), fringes_e,
                  head.get("FSCALE", 0.0))


@functools.lru_cache(maxsize=1)
def _read_once(path, changed_ns):
    """Read a pattern; images of one night follow each other, so the last one is kept.

    `changed_ns` distinguishes an old file from a new one of the same name.
    """
    return read_image(path)
