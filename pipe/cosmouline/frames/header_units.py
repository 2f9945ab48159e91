"""What one unit of the pixels is in counts or electrons, by BUNIT and the cards beside it."""

import re
from typing import NamedTuple

from cosmouline.errors import ImageRejected
from cosmouline.frames.header_values import comment_of, first_number, text_of

import numpy as np

ELECTRONS = re.compile(r"photo-?electron|electron|^e-?(?=$|[\s/])", re.IGNORECASE)
COUNTS = re.compile(r"^(adu|dn|counts?|cts?|data numbers?)\b", re.IGNORECASE)
PER_SECOND = re.compile(r"/ ?s(ec\w*)?$|\bs\^?-1|per sec", re.IGNORECASE)
# Units of flux, and the cards that say how many of them one count (per second) is
CONVERTED = (
    (re.compile(r"^mjy\s*(/\s*sr|sr\^?-1)", re.IGNORECASE), "PHOTMJSR", True),  # JWST
    (re.compile(r"nano-?magg", re.IGNORECASE), "NMGY", False))  # SDSS
UNITS_OF_FLUX = re.compile(r"jy|maggy|erg|mag", re.IGNORECASE)
SCALED_BY_ASINH = ("BSOFTEN", "BOFFSET")  # the stacks of Pan-STARRS
ASINH_MAX = 60.0  # of values on that scale: 24 decades of flux
MAG_PER_E = 0.4 * np.log(10)


class PixelUnit(NamedTuple):
    """How many counts, or electrons, one unit of the pixels is; and a note (or None)."""

    per_unit: float = 1.0
    is_electrons: bool = False
    is_rate: bool = False
    note: str | None = None
    flag: str | None = None


def pixel_unit(header, exptime_s, named=None):
    """Return what a unit of the pixels is.

    Parameters
    ----------
    header : Header
    exptime_s : float
    named : str, optional
        The unit where a description knows better than BUNIT.

    Returns
    -------
    PixelUnit
        Counts where the header names no unit. A unit of flux without the card that converts it
        counts as counts, with a flag.

    Notes
    -----
    Electrons of the exposure in one unit, for a camera of g electrons per count: ``t`` for
    electron/s, ``g t`` for counts/s, ``g t / PHOTMJSR`` for MJy/sr (PHOTMJSR: MJy/sr of one count
    per second), ``g / NMGY`` for nanomaggies (NMGY: nanomaggies of one count).
    """
    try:
        text = named or text_of(header, "BUNIT") or ""
    except ImageRejected as error:
        return PixelUnit(flag=str(error))
    comment = "" if named else comment_of(header, "BUNIT")
    where = f"the unit {text} of the description" if named else f"BUNIT = {text!r}"
    is_rate = bool(PER_SECOND.search(text))
    seconds = exptime_s if is_rate else 1.0
    if ELECTRONS.search(text) or (COUNTS.search(text) and ELECTRONS.search(comment)):
        rate = "a rate; the gain is the exposure time" if is_rate else "electrons; the gain is 1"
        return PixelUnit(seconds, True, is_rate, f"{where}: {rate}")
    if COUNTS.search(text):
        return PixelUnit(seconds, False, is_rate, f"{where}: a rate; the gain is that of the "
                         "camera x the exposure time" if is_rate else None)
    for unit, card, is_rate in CONVERTED:
        if unit.search(text) and (found := first_number(header, [card], (1e-12, 1e12))):
            return PixelUnit((exptime_s if is_rate else 1.0) / found.value, False, is_rate,
                             f"{where}: the gain is that of the camera "
                             f"{'x the exposure time ' if is_rate else ''}/ {card}")
    if UNITS_OF_FLUX.search(text):
        return PixelUnit(flag=f"{where}: no counts; set 'gain_e_per_adu' in 'overrides' so that "
                         "the noise of the sky fits")
    return PixelUnit()


def linear(data, header):
    """Return the pixels of a frame on a linear scale, and a flag where they were not (or None).

    Notes
    -----
    Pan-STARRS stores its stacks as v = 2.5 log10(e) asinh((f - BOFFSET) / (2 BSOFTEN)); so the
    flux f = BOFFSET + 2 BSOFTEN sinh(.4 ln(10) v).
    """
    soften, offset = (first_number(header, [card]) for card in SCALED_BY_ASINH)
    if not soften or not offset or soften.value <= 0:
        return data, None
    if np.nanmax(np.abs(data)) > ASINH_MAX:
        return data, "BSOFTEN and BOFFSET are in the header, but the pixels are linear: not used"
    with np.errstate(over="ignore"):
        data = offset.value + 2 * soften.value * np.sinh(MAG_PER_E * data)
    return data.astype(np.float32), "pixels on an asinh scale (BSOFTEN, BOFFSET): made linear"
