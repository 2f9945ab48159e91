"""Survey a folder of frames that nobody has described yet: cameras, filters, pointing."""

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

import numpy as np

NEAR_DEG = 1.0  # of the pointings of a mount that was never aligned
POINTING_CARDS = (("OBJCTRA", "OBJCTDEC"), ("CAT-RA", "CAT-DEC"), ("RA", "DEC"),
                  ("TELRA", "TELDEC"))
CALIBRATION_FOLDERS = {name + plural: kind for name, kind in (
    ("bias", "bias"), ("zero", "bias"), ("dark", "dark"), ("flat", "flat"), ("lamp", "lamp"))
    for plural in ("", "s", "es")}  # frames in them are calibrations, whatever their headers say
HOURS = ":hH "  # a right ascension with one of these is in hours
POSSIBLE = {name: max(limits[0], 1.0) for name, limits in RANGES.items()}  # values that can be


class FrameSummary(NamedTuple):
    """What the header of one frame says; camera, filter and target are as in the header."""

    path: Path
    telescope: str  # of the one description that recognises it, else "generic"
    recognised: tuple  # of the names of all that do
    camera: str | None
    filter: str | None
    target: str | None
    kind: str | None  # "bias", "dark", "flat" or "lamp" for a calibration frame
    pointing: tuple | None  # see `pointing`
    missing: tuple  # see `missing`


def survey(folder):
    """Read the headers of all frames below a folder.

    Returns
    -------
    frames : list of FrameSummary
    problems : dict of Path to str
        Frames whose header cannot be read, and why.

    Raises
    ------
    UserError
        If there is no such folder.
    """
    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder: where are the frames?")
    frames, problems = [], {}
    for here, below, _ in os.walk(folder):
        below.sort()
        for path in list_frames(here):
            try:
                frames.append(summary(path, read_header(path)))
            except ImageRejected as problem:
                problems[path] = str(problem)
    return frames, problems


def summary(path, header):
    """Return the `FrameSummary` of a frame; ImageRejected if one of its cards cannot be read."""
    # A frame that several descriptions could be of is of none of them
    recognised = tuple(recognise(header))
    telescope = recognised[0] if len(recognised) == 1 else "generic"
    description = load_telescope(telescope)
    return FrameSummary(
        path, telescope, recognised, camera_of(header), filter_of(header, description),
        text_of(header, "OBJECT"),
        calibration_kind(header) or CALIBRATION_FOLDERS.get(path.parent.name.lower()),
        pointing(header), missing(header, description))


def missing(header, description):
    """Return the names of `overrides` without which a frame is refused, and "date" without one."""
    names = []
    for name in (*RANGES, "date"):
        # Is the frame refused for want of this value, all others being given?
        others = {other: value for other, value in POSSIBLE.items() if other != name}
        try:
            read_exposure(header, description, others)
        except ImageRejected as problem:
            if ("date" if name == "date" else f"'{name}'") in str(problem):
                names.append(name)
    return tuple(names)


def pointing_flag(header, lens_ra_deg, lens_dec_deg, field_deg=0.0):
    """Return a flag where a frame does not look at the lens, else None.

    Parameters
    ----------
    header : Header
    lens_ra_deg, lens_dec_deg : float or None
    field_deg : float
        Half of the diagonal of the frame.
    """
    found = pointing(header)
    if found is None or lens_ra_deg is None or lens_dec_deg is None:
        return None
    ra_deg, dec_deg, cards = found

    def away_deg(ra_factor, lens_factor):
        between = (ra_factor * ra_deg - lens_factor * lens_ra_deg + 180) % 360 - 180
        return np.hypot(between * np.cos(np.radians(dec_deg)), dec_deg - lens_dec_deg)

    near_deg = max(NEAR_DEG, field_deg)
    if away_deg(1, 1) <= near_deg or away_deg(15, 1) <= near_deg:  # the card may be in hours
        return None
    hint = ": 15 x lens_ra_deg fits, it is in hours?" if away_deg(1, 15) <= near_deg else ""
    return (f"the lens (lens_ra_deg, lens_dec_deg of the settings) is {away_deg(1, 1):.1f} deg "
            f"from the pointing of the header ({cards}){hint}")


def pointing(header):
    """Return right ascension and declination (degrees) of a header, and their cards; or None."""
    # The first pair of cards with two possible angles; else the reference point of the WCS
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
    """Return an angle with colons where it had letters."""
    return text.lower().replace("h", ":").replace("m", ":").rstrip("s ")
