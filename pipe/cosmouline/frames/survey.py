"""What lies in a folder of frames that nobody has described yet: cameras, filters, pointing."""

import os
from pathlib import Path
from typing import NamedTuple

from cosmouline.errors import ImageRejected, UserError
from cosmouline.files.io_fits import list_frames, read_header, wcs_cards
from cosmouline.frames.header_values import angle_deg, calibration_kind, text_of
from cosmouline.frames.telescope import (
    camera_of,
    filter_of,
    load_telescope,
    read_exposure,
    recognise,
)
from cosmouline.frames.telescope_yaml import RANGES

POINTING_CARDS = (("OBJCTRA", "OBJCTDEC"), ("CAT-RA", "CAT-DEC"), ("RA", "DEC"),
                  ("TELRA", "TELDEC"))
CALIBRATION_FOLDERS = {name + plural: kind for name, kind in (
    ("bias", "bias"), ("zero", "bias"), ("dark", "dark"), ("flat", "flat"), ("lamp", "lamp"))
    for plural in ("", "s", "es")}  # frames in them are calibrations, whatever their headers say
HOURS = ":hH "  # a right ascension with one of these is in hours
POSSIBLE = {name: max(limits[0], 1.0) for name, limits in RANGES.items()}  # values that can be


class Look(NamedTuple):
    """What the header of one frame says.

    Parameters
    ----------
    path : Path
    telescope : str
        Of the one description that recognises it, else "generic".
    recognised : tuple of str
        All that do.
    camera, filter, target : str or None
        As the header has them.
    kind : str or None
        "bias", "dark", "flat" or "lamp" for a calibration frame.
    pointing : tuple or None
        (right ascension, declination, cards), degrees.
    missing : tuple of str
        Names of `overrides` without which the frame cannot be used; "date" for the date.
    """

    path: Path
    telescope: str
    recognised: tuple
    camera: str | None
    filter: str | None
    target: str | None
    kind: str | None
    pointing: tuple | None
    missing: tuple


def survey(folder):
    """Look at all frames below a folder.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    looks : list of Look
    problems : dict of Path to str
        Frames whose header cannot be read, and why.

    Raises
    ------
    UserError
        If there is no such folder.
    """
    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder: where are the frames?")
    looks, problems = [], {}
    for place, below, _ in os.walk(folder):
        below.sort()
        for path in list_frames(place):
            try:
                looks.append(look_at(path, read_header(path)))
            except ImageRejected as problem:
                problems[path] = str(problem)
    return looks, problems


def look_at(path, header):
    """Return the `Look` of one frame.

    Raises
    ------
    ImageRejected
        If a card that is needed to tell frames apart cannot be read.
    """
    recognised = tuple(recognise(header))
    telescope = recognised[0] if len(recognised) == 1 else "generic"
    description = load_telescope(telescope)
    return Look(path, telescope, recognised, camera_of(header),
                filter_of(header, description), text_of(header, "OBJECT"),
                calibration_kind(header) or CALIBRATION_FOLDERS.get(path.parent.name.lower()),
                pointing(header), missing(header, description))


def missing(header, description):
    """Return the names of `overrides` that a frame needs, and "date" if it has none."""
    names = [name for name in RANGES if _is_missing(header, description, name)]
    try:
        read_exposure(header, description, POSSIBLE)
    except ImageRejected as problem:
        if "date" in str(problem):
            names.append("date")
    return tuple(names)


def _is_missing(header, description, name):
    """Tell whether a frame is refused for want of one value, all others being given."""
    others = {other: value for other, value in POSSIBLE.items() if other != name}
    try:
        read_exposure(header, description, others)
    except ImageRejected as problem:
        return f"'{name}'" in str(problem)
    return False


def pointing(header):
    """Return where the header says that the telescope looked, or None.

    Parameters
    ----------
    header : Header

    Returns
    -------
    tuple or None
        Right ascension and declination (degrees), and the cards that gave them.
    """
    for ra_card, dec_card in POINTING_CARDS:
        try:
            ra_text, dec_text = text_of(header, ra_card), text_of(header, dec_card)
            if ra_text is None or dec_text is None:
                continue
            in_hours = any(sign in ra_text for sign in HOURS)
            ra_deg = (15 if in_hours else 1) * angle_deg(_plain(ra_text))
            dec_deg = angle_deg(_plain(dec_text))
        except (ImageRejected, ValueError):
            continue
        if 0 <= ra_deg < 360 and -90 <= dec_deg <= 90:
            return ra_deg, dec_deg, f"{ra_card}, {dec_card}"
    cards = wcs_cards(header)
    if cards is None:
        return None
    return float(cards["CRVAL1"]) % 360, float(cards["CRVAL2"]), "CRVAL1, CRVAL2"


def _plain(text):
    """Give an angle with colons where it had letters."""
    return text.lower().replace("h", ":").replace("m", ":").rstrip("s ")
