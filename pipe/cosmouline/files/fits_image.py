"""The one image of a FITS file that is a frame: which one, its pixels, its header."""

import contextlib
import io
import math
import re
import warnings

from cosmouline import library
from cosmouline.errors import ImageRejected
from cosmouline.files.fits_bytes import card_value, check_complete, read_pixels

import numpy as np

fits = library("astropy.io.fits")

# what pipelines put next to the image in one file; EXTNAME decides among several images
SIDE_IMAGES = ("AREA", "BKG", "BPM", "CON", "COUNT", "CTX", "D2IMARR", "DQ", "ERR", "FLAG", "IVAR",
               "MASK", "MODEL", "NOISE", "PSF", "RMS", "SEG", "SIGMA", "UNC", "VAR", "WCSDVARR",
               "WEIGHT", "WHT")
SCIENCE = "SCI"  # the image among several, in frames of space telescopes and of LCO
# What those of them are that belong to each pixel of the image
SIDE_KINDS = {
    **dict.fromkeys(("BPM", "DQ", "MASK"), "mask"), **dict.fromkeys(("IVAR", "WEIGHT"), "weight"),
    **dict.fromkeys(("VAR", "VARIANCE"), "variance"), "WHT": "coverage",
    **dict.fromkeys(("ERR", "NOISE", "RMS", "SIGMA", "UNC", "UNCERT"), "noise")}
STRUCTURE_CARDS = re.compile(
    r"SIMPLE|XTENSION|BITPIX|NAXIS\d*|EXTEND|NEXTEND|PCOUNT|GCOUNT|GROUPS|BSCALE|BZERO|BLANK|"
    r"CHECKSUM|DATASUM|COMMENT|HISTORY|END|"
)


def choose_image(hdus, extension=None):
    """Find the one 2-d image of a file, or the one asked for.

    Parameters
    ----------
    hdus : list of Hdu
    extension : int or str, optional
        Number or EXTNAME; by default the only image, masks and noise maps not counted.

    Returns
    -------
    Hdu

    Raises
    ------
    ImageRejected
        If there is none, or several, or it has not two axes.
    """
    # the one asked for
    if extension is not None:
        name = extension.strip().upper() if isinstance(extension, str) else None
        chosen = [h for h in hdus if h.index == extension or h.name.upper() == name]
        if not chosen:
            raise ImageRejected(f"no extension {extension!r} in the file (it has {_names(hdus)})")
        return _checked_image(chosen[0])
    # the only one of two axes that is neither a mask nor a noise map
    images = [hdu for hdu in hdus if hdu.shape]
    if not images:
        raise ImageRejected("no image in the file (NAXIS = 0)")
    planes = [hdu for hdu in images if _is_plane(hdu.shape)] or images[:1]
    # side images do not count, unless they are the only ones
    if len(planes) > 1:
        planes = [h for h in planes if not h.name.upper().startswith(SIDE_IMAGES)]
    science = [h for h in planes if h.name.upper() == SCIENCE]
    planes = science if len(science) == 1 else planes
    if len(planes) != 1:
        raise ImageRejected(f"several images in the file ({_names(images)}): name its "
                            "'extension'; join amplifiers of one CCD first")
    return _checked_image(planes[0])


def side_images(hdus, image):
    """Return the HDUs of masks and noise maps that belong to an image, by their kind."""
    version = card_value(image.header, "EXTVER", 1)
    return {SIDE_KINDS[hdu.name.upper()]: hdu for hdu in hdus
            if hdu.name.upper() in SIDE_KINDS and hdu.shape == image.shape and hdu is not image
            and card_value(hdu.header, "EXTVER", 1) == version}


def image_pixels(stream, hdu, max_bytes, dtype=np.float32):
    """Read the pixels of an image, compressed or not, as floats of shape (ny, nx).

    Pixels without a value and infinite ones are NaN. ImageRejected if the image is cut or
    damaged, or needs more than `max_bytes` once unpacked.
    """
    check_complete(hdu)
    # a packed image can be much larger than its file
    n_bytes = 4 * math.prod(hdu.shape)
    is_packed = hdu.is_compressed or isinstance(stream, io.BytesIO)
    if is_packed and n_bytes > max_bytes:
        raise ImageRejected(f"size: {n_bytes >> 20} MB once unpacked; unpack the file by hand")
    if not hdu.is_compressed:
        return read_pixels(stream, hdu, dtype=dtype)
    with _compressed_image(stream, hdu) as image:
        data_adu = np.array(image.data, dtype=dtype).reshape(hdu.shape)
    data_adu[np.isinf(data_adu)] = np.nan
    return data_adu


def image_header(stream, hdus, hdu):
    """Join the cards of an image with those of the primary that it does not have itself."""
    header = hdu.header.copy()
    if hdu.is_compressed:
        with _compressed_image(stream, hdu) as image:
            header = image.header.copy()
    # telescopes write date, filter and the like into the primary header
    for card in hdus[0].header.cards if hdu.index > 0 else ():
        if not STRUCTURE_CARDS.fullmatch(card.keyword) and card.keyword not in header:
            header.append(card, end=True)
    return header


def _checked_image(hdu):
    """Refuse an HDU that is not one plane of pixels."""
    if not hdu.shape:
        raise ImageRejected(f"extension {hdu.index} is no image")
    if len(hdu.shape) > 2:
        size = " x ".join(str(n) for n in hdu.shape[-2:])
        n_planes = math.prod(hdu.shape[:-2])
        raise ImageRejected(f"{n_planes} planes of {size} pixels: not one 2-d image")
    if not _is_plane(hdu.shape):
        raise ImageRejected(f"one row of {max(hdu.shape)} pixels: not a 2-d image")
    return hdu


def _is_plane(shape):
    """Whether a shape is that of a 2-d image."""
    return len(shape) == 2 and min(shape) > 1


def _names(hdus):
    """List HDUs for a message: ``0, 1 'SCI', 2 'BPM'``."""
    return ", ".join(f"{hdu.index} {hdu.name!r}" if hdu.name else str(hdu.index) for hdu in hdus)


@contextlib.contextmanager
def _compressed_image(stream, hdu):
    """Open one tile-compressed image with astropy; the stream stays open."""
    stream.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield fits.open(stream, memmap=False)[hdu.index]
    except MemoryError:
        raise
    except Exception as error:  # whatever a damaged table makes of astropy and its C code
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ImageRejected(f"damaged tile compression: {reason}") from error
