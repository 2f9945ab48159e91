"""Values of header cards with the type that is needed; what is missing is None."""

import math
import re
from typing import NamedTuple

from cosmouline.errors import ImageRejected
from cosmouline.files.fits_bytes import card_value

from astropy.io import fits

# what programs write where they know nothing
NO_VALUE = frozenset({"", "n/a", "(n/a)", "na", "none", "null", "unknown", "undefined", "nan"})
_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d+)?)(\s*[A-Za-z([].*)?\s*")
_ANGLE = re.compile(
    r"([+-]?)\s*(\d+(?:\.\d*)?)(?:[:d°\s]\s*(\d+(?:\.\d*)?)(?:[:m'\s]\s*(\d+(?:\.\d*)?)[s\"]?)?)?"
    r"[dm'°]?\s*([NSEW]?)"
)


class Found(NamedTuple):
    """A number of the header, the card that has it, and what is odd about it (or None)."""

    value: float
    keyword: str
    flag: str | None


def text_of(header, keyword):
    """Give a card as text without blanks around it, or None where it says nothing.

    Raises
    ------
    ImageRejected
        If the card is there and cannot be read.
    """
    value = card_value(header, keyword)
    if value is None or isinstance(value, fits.card.Undefined):
        return None
    text = str(value).strip()
    return None if text.lower() in NO_VALUE else text


def number_of(header, keyword):
    """Give a card as a number.

    Parameters
    ----------
    header : Header
    keyword : str
        ``1/KEYWORD`` stands for the inverse of the card.

    Returns
    -------
    Found or None
        None where the card is missing or says nothing. A text that is a number counts as one;
        a number with a unit behind it does too, with a flag.

    Raises
    ------
    ImageRejected
        If the card is there and holds no number.
    """
    keyword, inverse = keyword.removeprefix("1/"), keyword.startswith("1/")
    text = text_of(header, keyword)
    if text is None:
        return None
    match = _NUMBER.fullmatch(text)
    if not match or isinstance(card_value(header, keyword), bool):
        raise ImageRejected(f"{keyword} = {text!r} is not a number")
    value = float(match[1].upper().replace("D", "E"))
    if not math.isfinite(value) or (inverse and value == 0.0):
        raise ImageRejected(f"{keyword} = {text!r} is not a usable number")
    flag = f"{keyword} = {text!r} is a text: taken as {match[1]}" if match[2] else None
    return Found(1.0 / value if inverse else value, keyword, flag)


def first_number(header, keywords, valid=None):
    """Give the first of several cards that holds a number, inside `valid` = (lowest, highest)."""
    for keyword in keywords:
        found = number_of(header, keyword)
        if found and (valid is None or valid[0] <= found.value <= valid[1]):
            return found
    return None


def first_text(header, keywords):
    """Give the first of several cards that says something, as (text, keyword), or None."""
    for keyword in keywords:
        text = text_of(header, keyword)
        if text is not None:
            return text, keyword
    return None


def angle_deg(value):
    """Turn a number of degrees, or ``-70:43:48``, ``70 43 48 W`` or ``70d43m48s W``, into degrees.

    Raises
    ------
    ValueError
        If it is no angle.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    match = _ANGLE.fullmatch(str(value).strip())
    if not match:
        raise ValueError(f"{value!r} is not an angle in degrees")
    sign, degrees, minutes, seconds, side = match.groups()
    angle = float(degrees) + float(minutes or 0) / 60.0 + float(seconds or 0) / 3600.0
    return -angle if (sign == "-") != (side in ("S", "W")) else angle


TYPE_CARDS = ("IMAGETYP", "OBSTYPE", "EXPTYPE", "FRAME", "ESO DPR TYPE", "ESO DPR CATG")
# words in these cards, as far as they tell a calibration; the first that fits names the kind
KINDS = {
    "bias": re.compile(r"\b(bias|zero)", re.IGNORECASE),
    "dark": re.compile(r"\bdark", re.IGNORECASE),
    "flat": re.compile(r"flat|\bdome\b|twilight", re.IGNORECASE),
    "lamp": re.compile(r"\b(lamp|arc|wave|comp|focus|calib)\b", re.IGNORECASE),
}


def calibration_kind(header):
    """Tell bias, dark, flat or lamp; None for a science frame, or where the header is silent.

    Parameters
    ----------
    header : Header

    Notes
    -----
    The cards in which observatories write it are looked at in turn; the first that is there
    counts. A card that cannot be read counts as missing.
    """
    for keyword in TYPE_CARDS:
        try:
            text = text_of(header, keyword)
        except ImageRejected:
            continue
        if text is not None:
            return next((kind for kind, word in KINDS.items() if word.search(text)), None)
    return None
