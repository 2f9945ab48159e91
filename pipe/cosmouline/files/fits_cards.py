"""Values of an image, by the names of their fields, in the header of a FITS product."""

import math
import re

from cosmouline import library

import numpy as np

fits = library("astropy.io.fits")

NAME = re.compile(r"[a-z][a-z0-9_]*")
STRUCTURE = re.compile(r"SIMPLE|BITPIX|NAXIS\d*|EXTEND|CHECKSUM|DATASUM|COMMENT|HISTORY|"
                       r"MADE[A-Z]+|")  # the last ones name the origin of the file
LONGEST_KEYWORD = 8  # longer names are written as HIERARCH cards


def cards_of(values):
    """Header cards of a dict of values.

    Parameters
    ----------
    values : dict
        Texts, booleans and finite numbers by name: lower-case letters, digits and underscores, as
        the fields of the database are. None is left out.

    Returns
    -------
    Header

    Raises
    ------
    ValueError
        For another name, or a value that a header cannot hold.
    """
    header = fits.Header()
    for name, value in values.items():
        keyword = name.upper()
        if not NAME.fullmatch(name) or STRUCTURE.fullmatch(keyword):
            raise ValueError(f"header: {name!r} cannot be the name of a value")
        # FITS has names of eight letters, longer ones are a convention
        if value is not None:
            prefix = "" if len(keyword) <= LONGEST_KEYWORD else "HIERARCH "
            header[prefix + keyword] = checked_value(name, value)
    return header


def checked_value(name, value):
    """Return a value that a card can hold; ValueError where it is none.

    Characters of a text that FITS does not have become ``?``.
    """
    if isinstance(value, str):
        return "".join(c if c.isascii() and c.isprintable() else "?" for c in value)
    value = value.item() if isinstance(value, np.generic) else value
    if not isinstance(value, bool | int | float) or not math.isfinite(value):
        raise ValueError(f"header: {name} = {value!r} is no text, boolean or finite number")
    return value


def values_of(header):
    """Values by name of a header made by `cards_of`; cards of the file's structure left out."""
    return {keyword.lower(): value for keyword, value in header.items()
            if not STRUCTURE.fullmatch(keyword)}


def native(array):
    """Copy of an array of a file in the byte order of this machine."""
    return np.array(array, dtype=array.dtype.newbyteorder("="))
