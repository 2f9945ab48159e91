"""What a camera adds to its raw frames: the part ``raw`` of a telescope's description."""

from typing import NamedTuple

from cosmouline.errors import UserError
from cosmouline.files.amplifiers import SECTION
from cosmouline.frames.telescope_yaml import number_in, unknown_name

KINDS = ("bias", "dark", "flat", "lamp", "focus", "object")
DEGREE_MAX = 10
# Cards with what a master frame and a frame must have in common
BINNING_CARDS = ("CCDSUM", "XBINNING", "CCDXBIN", "BINNING", "BINX", "CCDBINX")
MODE_CARDS = ("READMODE", "READOUTM", "CONFMODE", "RDSPEED", "READSPD", "CAM-GAIN", "GAINMODE")
TEMPERATURE_CARDS = ("SET-TEMP", "CCDSTEMP", "CCDATEMP", "CCD-TEMP", "CCDTEMP", "DETTEMP")
TARGET_CARDS = ("OBJECT", "TARGNAME", "FIELD")
KEYS = ("kinds", "amplifiers", "overscan_degree", "linearity", "parts", "bias", "dark",
        "binning", "mode", "temperature", "target")


class AmplifierCard(NamedTuple):
    """An amplifier of an image; sections are ((y1, y2), (x1, x2)), pixels from 1."""

    data: tuple
    overscan: tuple | None
    place: tuple | None  # where it lies on the joined detector; None: in the order of its pixels
    gain_e_per_adu: float | None


class RawCamera(NamedTuple):
    """How raw frames of a camera are read; the defaults are those of a camera without a word."""

    kinds: dict | None = None  # cards, and patterns by kind; None: those of all observatories
    amplifiers: tuple = ()
    overscan_degree: int = 3  # of the polynomial along the overscan; 0: one level
    linearity: tuple = (1.0,)  # true / measured counts as a polynomial of the measured ones
    parts: dict | None = None  # of a split detector: {name: (section, filter)}
    has_bias: bool = True  # without: its frames have no bias level to be taken off
    has_dark: bool = True
    binning: tuple = BINNING_CARDS
    mode: tuple = MODE_CARDS
    temperature: tuple = TEMPERATURE_CARDS
    target: tuple = TARGET_CARDS


def raw_camera(telescope):
    """Return the `RawCamera` of a `Telescope`.

    Raises
    ------
    UserError
        If a key of its ``raw`` is unknown, or a value cannot be used.
    """
    entry, where = telescope.raw or {}, f"{telescope.name}: raw"
    for key in entry:
        if key not in KEYS:
            raise unknown_name(key, KEYS, where, "key")
    # Each key: read where it is there, else as of a camera without a word
    found = {name: tuple(_listed(entry[name])) for name in (
        "binning", "mode", "temperature", "target") if name in entry}
    if "kinds" in entry:
        words = {kind: tuple(str(word).lower() for word in _listed(texts))
                 for kind, texts in entry["kinds"].items() if kind != "cards"}
        for kind in words:
            if kind not in KINDS:
                raise unknown_name(kind, KINDS, f"{where}: kinds", "kind")
        found["kinds"] = {"cards": tuple(_listed(entry["kinds"].get("cards", []))),
                          "words": words}
    if "amplifiers" in entry:
        found["amplifiers"] = tuple(_amplifier(one, f"{where}: amplifiers")
                                    for one in _listed(entry["amplifiers"]))
    if "overscan_degree" in entry:
        found["overscan_degree"] = int(number_in(entry["overscan_degree"], (0, DEGREE_MAX),
                                                 f"{where}: overscan_degree"))
    if "linearity" in entry:
        found["linearity"] = tuple(number_in(one, (-2.0, 2.0), f"{where}: linearity")
                                   for one in _listed(entry["linearity"]))
    if "parts" in entry:
        found["parts"] = {str(name): (section(part["section"], f"{where}: parts"),
                                      part.get("filter"))
                          for name, part in entry["parts"].items()}
    for key in ("bias", "dark"):
        if key in entry:
            found[f"has_{key}"] = bool(entry[key])
    return RawCamera(**found)


def section(text, where):
    """Return a section such as ``[1:1024, 5:2052]`` as ((y1, y2), (x1, x2)), pixels from 1."""
    match = SECTION.fullmatch(str(text))
    if not match or "0" in match.groups():
        raise UserError(f"{where}: {text!r} is not a section such as '[1:1024, 1:512]' (put "
                        "quotes around it; the first pixel is 1)")
    x1, x2, y1, y2 = map(int, match.groups())
    return (y1, y2), (x1, x2)


def _amplifier(entry, where):
    """Read one amplifier."""
    keys = ("data", "overscan", "place", "gain_e_per_adu")
    for key in entry:
        if key not in keys:
            raise unknown_name(key, keys, where, "key")
    if "data" not in entry:
        raise UserError(f"{where}: the key 'data' is missing")
    gain = entry.get("gain_e_per_adu")
    return AmplifierCard(*(section(entry[key], f"{where}: {key}") if key in entry else None
                           for key in keys[:3]),
                         None if gain is None else number_in(gain, (0.05, 50.0), where))


def _listed(entry):
    """Return a list as it is, and anything else as a list of one."""
    return entry if isinstance(entry, list) else [entry]
