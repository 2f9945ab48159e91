"""Read the stamps of an image."""

from cosmouline.database import paths
from cosmouline.database.products import product_of
from cosmouline.stamps.io_stamps import read_stamps
from cosmouline.stamps.stamps import crop, join_stamps


@product_of("6_extract/1_extract_objects", paths.objects)
def objects(image, settings):
    """Return stamps, names and header of the lens and the stars of an image."""
    return read_stamps(paths.objects(settings, image["img_name"]))


@product_of("5_psf/2a_extract", paths.psf_stamps)
def psf_stamps(image, settings):
    """Return stamps, names and header of the PSF stars of an image."""
    return read_stamps(paths.psf_stamps(settings, image["img_name"]))


def of_photometry(image, side_px, settings):
    """Return the stamps, of one side, and names of all that is measured with the PSF of an image.

    The lens and the stars cut out with it, then the stars of the PSF that are not among them.
    """
    stamps, names, _ = objects(image, settings)
    of_psf, psf_names, _ = psf_stamps(image, settings)
    others = [i for i, name in enumerate(psf_names) if name not in names]
    stamps = crop(stamps, side_px)
    if others:
        stamps = join_stamps(stamps, crop(of_psf.only(others), side_px))
    return stamps, [*names, *(psf_names[i] for i in others)]
