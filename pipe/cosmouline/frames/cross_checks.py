"""Cards of a header that give one quantity twice: in one unit, and which of them is used."""

import re
from typing import NamedTuple

from cosmouline.errors import ImageRejected
from cosmouline.files.io_fits import wcs_pixel_scale_arcsec
from cosmouline.frames.header_values import comment_of, first_number, number_of

import numpy as np

# Units that cards give, in comments or behind their numbers (then in brackets), and the power
# and the factor that lead to ours
UNITS_OF_CARDS = {
    "exptime_s": (
        (re.compile(r"\b(ms|msec|milli-?sec\w*)\b", re.IGNORECASE), 1, 1e-3),
        (re.compile(r"\b(us|usec|micro-?sec\w*)\b", re.IGNORECASE), 1, 1e-6),
        (re.compile(r"\[m(in)?\]|\bin min\b|\(min\)|\bminutes?\b", re.IGNORECASE), 1, 60.0),
        (re.compile(r"\[h(r|ours?)?\]|\bin (h|hrs?)\b|\bhours?\b", re.IGNORECASE), 1, 3600.0)),
    "gain_e_per_adu": (
        (re.compile(r"\b(adu|dn|counts?)\s*(/|per)\s*e", re.IGNORECASE), -1, 1.0),),
    "pixel_scale_arcsec": (
        (re.compile(r"\[deg\]|\bdeg(rees?)?\s*(/|per)\s*pix", re.IGNORECASE), 1, 3600.0),),
}
NOT_A_SCALE = re.compile(r"micro|micron|\bum\b|\bmm\b|µm", re.IGNORECASE)
AGREE_WITHIN = {"exptime_s": 0.02, "gain_e_per_adu": 0.05, "pixel_scale_arcsec": 0.05}
EXPTIME_AGREES_WITHIN_S = 0.1
SECONDS_PER_MINUTE = 60.0
ARCSEC_PER_RADIAN_OF_UM_PER_MM = 206.265
PIXEL_CARDS = ("XPIXSZ", "PIXSIZE1", "PIXSZ")  # micrometres
FOCAL_CARDS = ("FOCALLEN", "FOCAL", "FOCLEN")  # millimetres, or metres
PIXEL_RANGE_UM, FOCAL_RANGE, LONGEST_FOCUS_M = (1.0, 60.0), (0.01, 100000.0), 50.0
SQUARE_WITHIN = 0.02
SIDES_OF_PIXELS = (("XBINNING", "YBINNING"), ("XPIXSZ", "YPIXSZ"), ("CCDXBIN", "CCDYBIN"))


class Claim(NamedTuple):
    """A value in our unit, what says so, and what is suspicious about it (or None)."""

    value: float
    name: str
    flag: str | None = None


def claims_of(header, name, keywords, others=(), valid=None):
    """Return what the header says of a quantity, first the cards in their order.

    Parameters
    ----------
    header : Header
    name : {"exptime_s", "gain_e_per_adu", "pixel_scale_arcsec", ...}
        For these the unit in the comment of a card is understood, and for the pixel scale the WCS
        and the optics count too (206.265 x pixel in micrometres / focal length in mm).
    keywords, others : sequence of str
        Cards; an unreadable one of `others` counts as missing.
    valid : tuple of float, optional
        Lowest and highest value; cards outside count as missing.

    Returns
    -------
    list of Claim

    Raises
    ------
    ImageRejected
        If a card of `keywords` that is there holds no number.
    """
    claims, is_scale = [], name == "pixel_scale_arcsec"
    pixel_um = _number_or_none(header, PIXEL_CARDS, PIXEL_RANGE_UM) if is_scale else None
    if pixel_um and pixel_um.keyword == "PIXSIZE1":  # of INDI: not binned, XPIXSZ is
        binning = _number_or_none(header, ["XBINNING"], (1, 16))
        pixel_um = pixel_um._replace(value=pixel_um.value * (binning.value if binning else 1))
    named = [keyword.removeprefix("1/") for keyword in keywords]
    for keyword in (*keywords, *(one for one in dict.fromkeys(others) if one not in named)):
        found = (number_of(header, keyword) if keyword in keywords
                 else _number_or_none(header, [keyword]))
        if found is None or (valid and not valid[0] <= found.value <= valid[1]):
            continue
        comment = comment_of(header, found.keyword)
        if is_scale and (NOT_A_SCALE.search(comment) or (
                pixel_um and found.keyword == "PIXSIZE" and found.value == pixel_um.value)):
            continue  # the size of a pixel on the detector
        value, flag = found.value, found.flag
        says = f"[{found.unit}]" if found.unit else comment
        for unit, power, factor in UNITS_OF_CARDS.get(name, ()):
            if unit.search(says) and value:
                value = value**power * factor
                flag = f"{keyword} = {found.value:g} ({found.unit or comment}): taken as {value:g}"
        claims.append(Claim(value, found.keyword, flag))
    if is_scale:
        scale = wcs_pixel_scale_arcsec(header)
        claims += [Claim(scale, "the WCS")] if scale else []
        focus = _number_or_none(header, FOCAL_CARDS, FOCAL_RANGE)
        if pixel_um and focus:
            focus_mm = focus.value * (1000.0 if focus.value < LONGEST_FOCUS_M else 1.0)
            binned = _number_or_none(header, ["XBINNING"], (1.5, 16))
            doubt = None if claims or not binned or pixel_um.keyword == "PIXSIZE1" else (
                f"{pixel_um.keyword} = {pixel_um.value:g} with XBINNING = {binned.value:g}: taken "
                "as the size of a binned pixel")
            claims.append(Claim(ARCSEC_PER_RADIAN_OF_UM_PER_MM * pixel_um.value / focus_mm,
                                f"{pixel_um.keyword}/{focus.keyword}", doubt))
    return claims


def choose(claims, name, keep_first=False):
    """Choose one of several claims; return it, and a flag where they differ (else None).

    Parameters
    ----------
    claims : list of Claim
        Not empty.
    name : str
        The quantity.
    keep_first : bool
        Use the first, and only flag the others.

    Returns
    -------
    Claim
        The first, if all agree or the quantity is not one of `AGREE_WITHIN`. Of different exposure
        times the shorter one, for what was asked for stays in the header when an exposure is
        ended (the longer one, if the other is the same in minutes); of different gains EGAIN; of
        different scales the one that two claims give, or the WCS.
    str or None
    """
    first = claims[0]
    if name not in AGREE_WITHIN:
        return first, None
    within = AGREE_WITHIN[name]
    least = EXPTIME_AGREES_WITHIN_S if name == "exptime_s" else 0.0

    def agree(one, other):
        return abs(one.value - other.value) <= max(within * min(one.value, other.value), least)

    others = [claim for claim in claims if not agree(first, claim)]
    if not others:
        return first, None
    used = first
    if keep_first:
        pass
    elif name == "exptime_s":
        lowest = min(claims, key=lambda claim: claim.value)
        highest = max(claims, key=lambda claim: claim.value)
        in_minutes = np.isclose(highest.value, SECONDS_PER_MINUTE * lowest.value, rtol=within)
        used = highest if in_minutes else lowest
    elif name == "gain_e_per_adu":  # GAIN is the setting of a camera where EGAIN is there
        used = next((claim for claim in claims if claim.name == "EGAIN"), first)
    elif name == "pixel_scale_arcsec":
        backed = [claim for claim in claims
                  if any(agree(claim, other) for other in claims if other is not claim)]
        of_wcs = [claim for claim in claims if claim.name == "the WCS"]
        used = (backed or of_wcs or claims)[0]
    rival = next(claim for claim in claims if not agree(used, claim))
    return used, (f"{used.name} and {rival.name} differ, {used.value:g} and {rival.value:g} "
                  f"{name.rpartition('_')[2]}: {used.name} is used")


def square_flag(header):
    """Return a flag where WCS, binning or pixel size say that pixels are not square, else None."""
    for cards in SIDES_OF_PIXELS:
        sides = [_number_or_none(header, [card], (1e-3, 1e3)) for card in cards]
        if all(sides) and not np.isclose(*[one.value for one in sides], rtol=SQUARE_WITHIN):
            return (f"the pixels are not square by {cards[0]} = {sides[0].value:g} and {cards[1]} "
                    f"= {sides[1].value:g}")
    try:
        matrix = [[number_of(header, f"CD{i}_{j}") for j in (1, 2)] for i in (1, 2)]
        steps = [number_of(header, f"CDELT{i}") for i in (1, 2)]
    except ImageRejected:
        return None
    if all(one for row in matrix for one in row):
        sides = np.hypot(*[[one.value for one in row] for row in matrix])
    elif all(steps):
        sides = np.abs([one.value for one in steps])
    else:
        return None
    if min(sides) <= 0 or max(sides) / min(sides) < 1 + SQUARE_WITHIN:
        return None
    return f"the pixels are not square by the WCS: {max(sides) / min(sides):.2f} times as long"


def _number_or_none(header, keywords, valid=None):
    """Return the first of several cards with a number; None where one cannot be read."""
    try:
        return first_number(header, keywords, valid)
    except ImageRejected:
        return None
