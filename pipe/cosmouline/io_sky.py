"""Sky maps: the mesh of level and noise of one image, a few kilobytes."""

from cosmouline.atomic import atomic_path
from cosmouline.sky import SkyMap

import numpy as np
from astropy.io import fits


def write_sky(path, sky):
    """Write the mesh of a `SkyMap` as two small images, LEVEL and SIGMA, in electrons."""
    head = fits.PrimaryHDU()
    head.header["BOX"] = (sky.box_px, "[pix] side of a mesh cell")
    head.header["NX"] = (sky.shape[1], "[pix] columns of the image")
    head.header["NY"] = (sky.shape[0], "[pix] rows of the image")
    level = fits.ImageHDU(np.asarray(sky.level_mesh_e), name="LEVEL")
    sigma = fits.ImageHDU(np.asarray(sky.sigma_mesh_e), name="SIGMA")
    with atomic_path(path) as temporary:
        fits.HDUList([head, level, sigma]).writeto(temporary)


def read_sky(path):
    """Return the `SkyMap` of a file."""
    with fits.open(path, memmap=False) as hdus:
        head = hdus[0].header
        level, sigma = (hdus[name].data.astype(hdus[name].data.dtype.newbyteorder("="))
                        for name in ("LEVEL", "SIGMA"))
    return SkyMap(level, sigma, head["BOX"], (head["NY"], head["NX"]))
