"""Read the PSF of an image."""

from cosmouline.database import paths
from cosmouline.database.products import product_of
from cosmouline.psf.io_psf import read_psf


@product_of("5_psf/4_build_psf", paths.psf)
def psf(image, settings):
    """Return what `io_psf.read_psf` reads of an image."""
    return read_psf(paths.psf(settings, image["img_name"]))
