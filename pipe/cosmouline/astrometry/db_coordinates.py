"""The world coordinate system that is in use for an image: solved, or of its header."""

import contextlib
import functools

from cosmouline import library
from cosmouline.astrometry import tangent
from cosmouline.database import manifest, paths
from cosmouline.database.products import product_of
from cosmouline.errors import ProductLost
from cosmouline.files import io_fits, origin
from cosmouline.files.atomic import atomic_path

import numpy as np

fits = library("astropy.io.fits")
astropy_wcs = library("astropy.wcs")

SCRIPT = "fac_astrometry/2_plate_solve"
SOLVED, HEADER, NONE = "solved", "header", "none"


def has_sky(image):
    """Return whether an image has coordinates: those of its header, unless a script says else."""
    return image.get("wcs_origin", HEADER if image.get("has_wcs") else NONE) != NONE


@product_of("1_character/1b_copy_convert", paths.image)
def cards_of_frame(image, settings):
    """Return the cards of the coordinates that the header of the frame had."""
    path = paths.image(settings, image["img_name"])
    return _cards(path, path.stat().st_mtime_ns if path.exists() else 0, False)


def header_of(image, settings):
    """Return the cards of the coordinates of an image; None where it has none."""
    if not has_sky(image):
        return None
    if image.get("wcs_origin") != SOLVED:
        return cards_of_frame(image, settings)
    path = paths.wcs(settings, image["img_name"])
    manifest.check(path, image, settings)
    try:
        return _cards(path, path.stat().st_mtime_ns, True)
    except (OSError, TypeError) as error:
        raise ProductLost(f"{path} is missing or damaged. Run {SCRIPT}.py --redo --only "
                          f"{image['img_name']}.") from error


@functools.lru_cache(maxsize=2)
def _cards(path, changed_ns, is_solved):
    """Read the cards of a file once: those of the reference image are asked for with each other's.

    `changed_ns` is the time of the file; do not change the cards.
    """
    header = fits.getheader(path) if is_solved else io_fits.read_image_header(path)
    return io_fits.wcs_cards(header)


def wcs_of(image, settings):
    """Return the WCS of an image, for pixels from 0 on with ``origin = 0``; None without one."""
    cards = header_of(image, settings)
    return None if cards is None else astropy_wcs.WCS(cards)


def keep_reference(reference, settings):
    """Write the coordinates of the reference image for lists in RA and Dec, where they changed."""
    path, cards = paths.reference_wcs(settings), header_of(reference, settings)
    if cards is None:
        path.unlink(missing_ok=True)
        return
    with contextlib.suppress(OSError):
        if repr(io_fits.wcs_cards(fits.getheader(path))) == repr(cards):
            return
    write(path, cards)


def reference_to_pixels(settings):
    """Return a function from RA and Dec to pixels of the reference image; None without any."""
    path = paths.reference_wcs(settings)
    if not path.is_file():
        return None
    manifest.check_step(path, settings)
    wcs = astropy_wcs.WCS(io_fits.wcs_cards(fits.getheader(path)))
    return lambda ra_deg, dec_deg: tangent.pixels_of(wcs, np.array([[ra_deg, dec_deg]]))[0]


def write(path, cards):
    """Write the cards of a WCS as a FITS file without pixels."""
    header = fits.Header(cards, copy=True)
    origin.mark(header)
    with atomic_path(path) as temporary:
        fits.PrimaryHDU(header=header).writeto(temporary)
