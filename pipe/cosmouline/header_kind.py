"""What kind of exposure a header says it is: calibration or science."""

import re

from cosmouline.errors import ImageRejected
from cosmouline.header_values import text_of

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
