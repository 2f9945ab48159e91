"""Read the stamps of an image."""

from cosmouline.database import paths
from cosmouline.database.products import product_of
from cosmouline.stamps.io_stamps import read_stamps


@product_of("6_extract/1_extract_objects", paths.objects)
def objects(image, settings):
    """Return stamps, names and header of the lens and the stars of an image."""
    return read_stamps(paths.objects(settings, image["img_name"]))


@product_of("5_psf/2a_extract", paths.psf_stamps)
def psf_stamps(image, settings):
    """Return stamps, names and header of the PSF stars of an image."""
    return read_stamps(paths.psf_stamps(settings, image["img_name"]))
