"""Copies of FITS files with repaired headers and pixels."""

import contextlib
import warnings

from cosmouline import library
from cosmouline.errors import UserError
from cosmouline.files.atomic import atomic_path

import numpy as np

exceptions = library("astropy.utils.exceptions")
fits = library("astropy.io.fits")

STRUCTURE = ("SIMPLE", "BITPIX", "NAXIS", "EXTEND", "END", "XTENSION", "BZERO", "BSCALE")
LONGEST = 200  # letters of a reason


def write_repaired(path, target, cards, removed=(), repair=False, filler=None):
    """Write a copy of a FITS file with some cards changed.

    Parameters
    ----------
    path, target : Path
        The file and its copy; nothing is written where that fails.
    cards : dict of str to str
        Values to set in the first image, as texts; numbers, T and F are taken as such.
    removed : sequence of str
        Keywords to remove from all headers.
    repair : bool
        Rewrite cards that break the standard.
    filler : str or None
        Number, or "median", for pixels that are not finite.

    Returns
    -------
    list of str
        What was changed, in words.

    Raises
    ------
    UserError
        If the file cannot be read, or a card belongs to the structure of the file.
    """
    for keyword in [*cards, *removed]:
        if keyword.upper().startswith(STRUCTURE):
            raise UserError(f"{keyword} belongs to the structure of the file.")
    with atomic_path(target) as temporary, warnings.catch_warnings():
        warnings.simplefilter("ignore", exceptions.AstropyUserWarning)
        try:
            with open(path, "rb") as stream, fits.open(
                    stream, memmap=False, do_not_scale_image_data=filler is None) as hdus:
                changes = _change(hdus, cards, removed, filler)
                hdus.writeto(temporary, output_verify="silentfix" if repair else "ignore")
            return changes
        except (OSError, fits.VerifyError, ValueError, TypeError) as error:
            reason = " ".join(str(getattr(error, "strerror", None) or error).split())
            raise UserError(f"{path} cannot be repaired: {reason[:LONGEST]}") from error


def _change(hdus, cards, removed, filler):
    """Change an open file; return what was done, in words."""
    changes = []
    image = next((hdu for hdu in hdus if hdu.is_image and hdu.header.get("NAXIS")), hdus[0])
    # cards to remove, from all headers
    for keyword in removed:
        n = sum(hdu.header.count(keyword) for hdu in hdus if keyword in hdu.header)
        for hdu in hdus:
            hdu.header.remove(keyword, ignore_missing=True, remove_all=True)
        changes.append(f"{keyword}: {n} removed")
    # cards to set, in the first image
    for keyword, text in cards.items():
        # what can be an integer is one, else a float, else a text
        value = {"T": True, "F": False}.get(text, text)
        for kind in (float, int) if value is text else ():
            with contextlib.suppress(ValueError):
                value = kind(text)
        changes.append(f"{keyword} was {image.header.get(keyword, 'absent')}, is {text}")
        image.header[keyword] = value
    # pixels to fill
    if filler is not None and image.data is not None and image.data.dtype.kind == "f":
        bad = ~np.isfinite(image.data)
        value = np.median(image.data[~bad]) if filler == "median" else float(filler)
        image.data[bad] = value
        changes.append(f"{bad.sum()} pixels are {value:g} now")
    return changes
