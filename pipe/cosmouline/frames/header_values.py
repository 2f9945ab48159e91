"""Values of header cards with the type that is needed; what is missing is None."""

import math
import re
from typing import NamedTuple

from cosmouline import library
from cosmouline.errors import ImageRejected
from cosmouline.files.fits_bytes import card_value

fits = library("astropy.io.fits")

# what programs write where they know nothing
NO_VALUE = frozenset({"", "n/a", "(n/a)", "na", "none", "null", "unknown", "undefined", "nan"})
_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d+)?)(\s*[A-Za-z([]\D*)?\s*")
_ANGLE = re.compile(
    r"([+-]?)\s*(\d+(?:\.\d*)?)(?:[:d°\s]\s*(\d+(?:\.\d*)?)(?:[:m'\s]\s*(\d+(?:\.\d*)?)[s\"]?)?)?"
    r"[dm'°]?\s*([NSEW]?)"
)
OPEN_POSITIONS = ("open", "free", "empty", "blank")  # of a second filter wheel
LETTERS_OF_A_BAND = 2  # such as r, R and i'
WITH_OPEN = re.compile(r"^(open|free|empty|blank)[\s_-]+(?!pos|slot|hole|wheel|filter|\d)(?=\S)",
                       re.IGNORECASE)  # and a band behind it, as in Empty-R
CLEAR = ("clear", "air")  # of a second wheel; alone it is the name of a filter


class Found(NamedTuple):
    """A number of the header, its card, what is suspicious (or None), and the unit behind it."""

    value: float
    keyword: str
    flag: str | None
    unit: str = ""


def text_of(header, keyword):
    """Return a card as text without blanks around it, or None where it has no value.

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
    """Return a card as a `Found` number, or None where it is missing or has no value.

    A text that is a number counts as one; so does a number with a unit behind it, with a flag, but
    not one with a second number (5m00s).
    The keyword ``1/KEYWORD`` stands for the inverse of the card.

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
    # Fortran writes exponents with D
    value = float(match[1].upper().replace("D", "E"))
    if not math.isfinite(value) or (inverse and value == 0.0):
        raise ImageRejected(f"{keyword} = {text!r} is not a usable number")
    flag = f"{keyword} = {text!r} is a text: taken as {match[1]}" if match[2] else None
    return Found(1.0 / value if inverse else value, keyword, flag, (match[2] or "").strip(" []()"))


def first_number(header, keywords, valid=None):
    """Return the first of several cards with a number, within `valid` = (lowest, highest)."""
    for keyword in keywords:
        found = number_of(header, keyword)
        if found and (valid is None or valid[0] <= found.value <= valid[1]):
            return found
    return None


def first_text(header, keywords):
    """Return the first of several cards that has a value, as (text, keyword), or None."""
    for keyword in keywords:
        text = text_of(header, keyword)
        if text is not None:
            return text, keyword
    return None


def by_table(header, source):
    """Return the default of a source, by the cards that its table names, where it has one."""
    code = "".join(text_of(header, keyword) or "" for keyword in source.by).lower()
    return (source.table or {}).get(code, source.default)


def filter_of(header, telescope):
    """Return the name of the filter by a header, else by the telescope's description, or None.

    Positions of a wheel that are called open, free or empty do not count. ImageRejected if a card
    cannot be read.
    """
    named = _named_filters(header, telescope)
    if not named:
        return telescope.filter.default
    # Two wheels with a card each: light has passed both
    keyword, name = named[0]
    both = [name, *(other for card, other in named[1:] if _is_other_wheel(card, keyword)
                    and not other.lower().startswith(CLEAR) and other != name)]
    return "+".join(both)


def filter_flag(header, telescope):
    """Return a flag where two cards, not of two wheels, name different filters, else None.

    Names agree where they have a word in common, as V and Bessell V; numbers say nothing.
    """
    named = [(card, name, set(re.findall(r"[A-Za-z0-9]+", name)))
             for card, name in _named_filters(header, telescope)
             if not name.lower().startswith(CLEAR) and not name.isdigit()]
    for card, name, words in named[1:]:
        used, first, words_of_first = named[0]
        if not (words & words_of_first or _is_other_wheel(card, used)):
            return f"{used} and {card} differ, {first} and {name}: {used} is used"
    return None


def _is_other_wheel(card, other):
    """Return whether two cards are those of two wheels, as FILTER1 and FILTER2."""
    return card[:-1] == other[:-1] and {card[-1], other[-1]} == {"1", "2"}


def _named_filters(header, telescope):
    """Return the cards that name a filter and the names; with two wheels one of them is open."""
    named = []
    for keyword in telescope.filter.keywords:
        text = text_of(header, keyword) or ""
        # One card may hold the positions of two wheels, as in Empty/R
        parts = [WITH_OPEN.sub("", part.strip()) for part in re.split(r"[/,+;|]", text)
                 if part.strip()]
        filters = [part for part in parts if not part.lower().startswith(OPEN_POSITIONS)]
        if filters:
            whole = len(filters) == len(parts) and not WITH_OPEN.match(text)
            named.append((keyword, text if whole else "+".join(filters)))
    return named


def filter_key(name):
    """Return a filter in the form to compare: r and R are two filters, Clear and CLEAR are one."""
    name = name.strip()
    return name if len(name) <= LETTERS_OF_A_BAND else name.lower()


def comment_of(header, keyword):
    """Return the comment of a card; empty where there is none, or it cannot be read."""
    try:
        return str(header.comments[keyword])
    except (AttributeError, KeyError, ValueError, IndexError):
        return ""


def angle_deg(value):
    """Convert a number, or ``-70:43:48``, ``70 43 48 W`` or ``70d43m48s W``, into degrees.

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
    # South and west are negative, unless the number is negative already
    sign, degrees, minutes, seconds, letter = match.groups()
    angle = float(degrees) + float(minutes or 0) / 60.0 + float(seconds or 0) / 3600.0
    return -angle if (sign == "-") != (letter in ("S", "W")) else angle


TYPE_CARDS = ("IMAGETYP", "OBSTYPE", "EXPTYPE", "FRAME", "ESO DPR TYPE", "ESO DPR CATG")
CALIBRATION_FOLDERS = {name + plural: kind for name, kind in (
    ("bias", "bias"), ("zero", "bias"), ("dark", "dark"), ("flat", "flat"), ("lamp", "lamp"))
    for plural in ("", "s", "es")}  # frames in them are calibrations, whatever their headers say
# words of these cards by which a frame is a calibration; the first that fits names the kind
KINDS = {
    "bias": re.compile(r"\b(bias|zero)", re.IGNORECASE),
    "dark": re.compile(r"\bdark", re.IGNORECASE),
    "flat": re.compile(r"flat|\bdome\b|twilight", re.IGNORECASE),
    "lamp": re.compile(r"\b(lamp|arc|wave|comp|focus|calib)\b", re.IGNORECASE),
}
CALIBRATION_NAMES = re.compile(
    r"(master|super|sky|dome|twi\w*?)?[_-]?(bias|zero|dark|flat)(field)?s?(?![A-Za-z])",
    re.IGNORECASE)


def calibration_kind(header, stem=""):
    """Return "bias", "dark", "flat" or "lamp"; None for a science frame or without a card.

    The first card counts that is there, of those in which observatories write it; without one the
    beginning of the name. A card that cannot be read counts as missing.
    """
    for keyword in TYPE_CARDS:
        try:
            text = text_of(header, keyword)
        except ImageRejected:
            continue
        if text is not None:
            return next((kind for kind, word in KINDS.items() if word.search(text)), None)
    named = CALIBRATION_NAMES.match(stem)
    return named and {"zero": "bias"}.get(named[2].lower(), named[2].lower())
