"""The variance that master frames brought into an image: kept beside it, added to its noise."""

from cosmouline import library
from cosmouline.database import manifest, paths
from cosmouline.files.atomic import atomic_path
from cosmouline.files.fits_bytes import open_frame, read_hdus
from cosmouline.frames.check_frame import trim_frame
from cosmouline.frames.db_intake import CALIBRATED
from cosmouline.images.calibration.io_master import variance_of_masters, variance_table

import numpy as np

fits = library("astropy.io.fits")


def keep(path, shape, trim, image, settings):
    """Write the variance of the masters in electrons^2, for a frame that was calibrated here.

    Returns the fraction of the pixels that have some; None where the frame has none.
    """
    with open_frame(path) as stream:
        if CALIBRATED not in read_hdus(stream)[0].header:
            return None
    variance = variance_of_masters(path, shape)
    if variance is None:
        return None
    variance_e2 = trim_frame(variance, trim) * np.float32(image["gain_e_per_adu"] ** 2)
    with atomic_path(paths.master_noise(settings, image["img_name"])) as temporary:
        fits.HDUList([fits.PrimaryHDU(), variance_table(variance_e2)]).writeto(temporary)
    return float(np.mean(variance_e2 > 0))


def added(sigma, image, settings):
    """Return the noise of the sky of an image with that of its master frames.

    Parameters
    ----------
    sigma : callable
        ``sigma(rows, cols)`` of two slices: standard deviation in electrons, see `io_sky`.
    image : dict
    settings : namespace

    Returns
    -------
    callable
        The same function, or one with the variance of the masters added. The scatter of the sky
        holds its median already: only what is beyond it was kept.
    """
    if "master_noise" not in image:
        return sigma
    path = paths.master_noise(settings, image["img_name"])
    manifest.check(path, image, settings)
    variance_e2 = variance_of_masters(path, (image["ny_px"], image["nx_px"]))
    return lambda rows, cols: np.sqrt(sigma(rows, cols) ** 2 + variance_e2[rows, cols])
