"""The kind of a raw frame: bias, dark, flat, lamp, focus or object, by header and pixels."""

import fnmatch
import re
from typing import NamedTuple

from cosmouline.errors import ImageRejected
from cosmouline.frames.header_values import (
    CALIBRATION_FOLDERS,
    TYPE_CARDS,
    calibration_kind,
    text_of,
)
from cosmouline.robust import MAD_TO_SIGMA

import numpy as np
from scipy import ndimage

LETTERS = {"bias": "b", "dark": "d", "flat": "f", "object": "o", "lamp": "l", "focus": "x",
           "unclear": "u"}
FOCUS = re.compile(r"\bfocus", re.IGNORECASE)
# Words of the target, as in FlatDither00: longer than those of the type, or at the beginning
TARGET_WORDS = {kind: re.compile(rf"^\W*(\w*[\W_]+)?{words}", re.IGNORECASE) for kind, words in (
    ("bias", "(bias|zero)(e?s|frame)?(?![a-z])"), ("dark", "dark(s|frame)?(?![a-z])"),
    ("flat", "(dome|sky|twi\\w*)?flat"), ("focus", "focus"))}
LOOK_PX = 1024  # of the middle of a frame that is looked at
LOOK_CELL_PX = 32  # of the mesh of its level
PEAK_SIGMAS = 8.0
STAR_AREA_PX = (6, 600)  # hot pixels are smaller, what is larger is no star
STAR_FILL = 0.45  # of its box that a round source fills; a track less
MANY_STARS = 20
FLAT_LEVEL = 0.05  # of the saturation level above the bias: less is no flat
BIAS_EXPTIME_S = 0.01


class Look(NamedTuple):
    """What the pixels of a raw frame show."""

    level_adu: float  # median
    sigma_adu: float  # of the differences of neighbours: noise without structure
    saturated: float  # fraction of the pixels
    n_stars: int  # round sources in the middle of the frame


class Verdict(NamedTuple):
    """The kind of a frame, why, and what is odd about it."""

    kind: str
    reason: str
    flags: tuple


def look_at(data_adu, saturated):
    """Return the `Look` of a raw frame, (ny, nx), whose saturated pixels are marked."""
    middle = tuple(slice(max(0, (side - LOOK_PX) // 2), (side + LOOK_PX) // 2)
                   for side in data_adu.shape)
    part = data_adu[middle]
    level = float(np.nanmedian(data_adu[::4, ::4]))
    steps = np.diff(part, axis=1) / np.sqrt(2)
    steps = steps[np.isfinite(steps)]
    sigma = float(MAD_TO_SIGMA * np.median(np.abs(steps - np.median(steps)))) if steps.size else 0.
    # Stars above a mesh of medians, which follows vignetting and the light of the twilight
    cell = LOOK_CELL_PX
    rows, cols = (side // cell * cell for side in part.shape)
    n_stars = 0
    if rows and cols:
        part = np.nan_to_num(part[:rows, :cols], nan=level)
        cells = part.reshape(rows // cell, cell, cols // cell, cell)
        mesh = np.median(cells.swapaxes(1, 2).reshape(rows // cell, cols // cell, -1), axis=-1)
        mesh = ndimage.median_filter(mesh, 3, mode="nearest")
        smooth = ndimage.zoom(mesh, cell, order=1, mode="nearest", grid_mode=True)
        # Not in the outer half of the outer cells, where the mesh has no slope
        inside = (slice(cell // 2, -(cell // 2)),) * 2
        labels, n = ndimage.label((part - smooth)[inside] > PEAK_SIGMAS * max(sigma, 1e-6))
        areas = np.bincount(labels.ravel(), minlength=n + 1)[1:]
        boxes = ndimage.find_objects(labels)
        n_stars = sum(STAR_AREA_PX[0] <= area <= STAR_AREA_PX[1] and _is_round(area, box)
                      for area, box in zip(areas, boxes, strict=True))
    return Look(level, sigma, float(np.mean(saturated)), int(n_stars))


def _is_round(area, box):
    """Return whether a source fills its box as a round one does."""
    height, width = (side.stop - side.start for side in box)
    return area / (height * width) > STAR_FILL and max(height, width) <= 2 * min(height, width)


def kind_by_cards(header, camera, stem="", folder=""):
    """Return the kind of a frame by its header, its name or its folder, and by what; or None.

    Parameters
    ----------
    header : Header
    camera : RawCamera
        Its words go before those that all observatories use.
    stem, folder : str
        Names of the file and of its folder.
    """
    for card in camera.kinds["cards"] if camera.kinds else ():
        text = _text(header, card)
        for kind, patterns in camera.kinds["words"].items():
            if text and any(fnmatch.fnmatchcase(text.lower(), one) for one in patterns):
                return kind, f"{card} = {text}"
    # Cards of the type, then the target: cameras of amateurs write Light Frame for flats too
    typed = next(((card, text) for card in TYPE_CARDS if (text := _text(header, card))), None)
    if typed and FOCUS.search(typed[1]):
        return "focus", f"{typed[0]} = {typed[1]}"
    named = calibration_kind(header) if typed else None
    target = next(((card, text) for card in camera.target if (text := _text(header, card))), None)
    of_target = next((kind for kind, word in TARGET_WORDS.items()
                      if target and word.search(target[1])), None)
    if of_target and named in (None, "dark") and of_target != named:
        return of_target, f"{target[0]} = {target[1]}"
    if named:
        return named, f"{typed[0]} = {typed[1]}"
    if folder.lower() in CALIBRATION_FOLDERS:
        return CALIBRATION_FOLDERS[folder.lower()], f"the folder {folder}"
    if not typed and (kind := calibration_kind(header, stem)):
        return kind, f"the name {stem}"
    return ("object", f"{typed[0]} = {typed[1]}") if typed else None


def kind_by_pixels(look, exptime_s, saturation_adu, bias_adu=0.0):
    """Return what a frame is by its pixels: a bias, dark, flat or object."""
    level = (look.level_adu - bias_adu) / (saturation_adu - bias_adu)
    if look.n_stars >= MANY_STARS:
        return "object"
    if level > FLAT_LEVEL:
        return "flat" if look.n_stars < MANY_STARS // 4 else "object"
    if exptime_s <= BIAS_EXPTIME_S:
        return "bias"
    return "object" if look.n_stars >= MANY_STARS // 4 else "dark"


def decide(by_cards, look, exptime_s, saturation_adu, bias_adu=0.0):
    """Return the `Verdict` on a frame from its cards (`kind_by_cards`) and its pixels.

    Cards go before pixels, unless they contradict each other: a bias or dark with many stars, a
    bias or dark near saturation are "unclear" and used for nothing.
    """
    seen = kind_by_pixels(look, exptime_s, saturation_adu, bias_adu)
    shown = (f"level {look.level_adu:.0f} ADU, {look.n_stars} stars, {exptime_s:g} s, "
             f"{100 * look.saturated:.2g} % saturated")
    if by_cards is None:
        return Verdict(seen, f"pixels: {shown}", ("no card says what it is: taken by its pixels",))
    kind, why = by_cards
    reason, flags = f"{why}; pixels: {shown}", []
    level = (look.level_adu - bias_adu) / (saturation_adu - bias_adu)
    if kind in ("bias", "dark") and ((seen == "object" and look.n_stars >= MANY_STARS)
                                     or level > 0.5):
        return Verdict("unclear", reason, (f"a {kind} by {why}, but its pixels are those of a "
                                           f"frame with light ({shown})",))
    if kind in ("bias", "dark") and level > FLAT_LEVEL:
        flags.append(f"a {kind} with a level of {look.level_adu:.0f} ADU: light?")
    if kind == "bias" and exptime_s > 1.0:
        flags.append(f"a bias of {exptime_s:g} s")
    if kind == "flat" and look.n_stars >= 1:
        flags.append(f"{look.n_stars} stars in a flat")
    if kind == "flat" and level < FLAT_LEVEL:
        flags.append(f"a faint flat: {look.level_adu:.0f} ADU")
    if kind == "object" and seen == "flat" and level > 2 * FLAT_LEVEL and not look.n_stars:
        flags.append(f"no star: a flat? ({shown})")
    return Verdict(kind, reason, tuple(flags))


def _text(header, card):
    """Return a card as text; None also where it cannot be read."""
    try:
        return text_of(header, card)
    except ImageRejected:
        return None


