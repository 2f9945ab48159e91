"""One detector that a file holds as several images, one for each of its amplifiers."""

import re
from typing import NamedTuple

from cosmouline.files.fits_bytes import Hdu, card_value
from cosmouline.files.fits_image import SIDE_IMAGES, image_header, image_pixels

import numpy as np

SECTION = re.compile(r"\s*\[\s*(\d+)\s*:\s*(\d+)\s*,\s*(\d+)\s*:\s*(\d+)\s*\]\s*")
DETECTOR_CARDS = ("CCDNUM", "CCDNAME", "CCDID", "DETNAME")  # different ones are no amplifiers
PLACE_CARDS = ("DETSEC", "CCDSEC")
DATA_CARDS = ("DATASEC", "TRIMSEC")
LEFT_OUT = (*PLACE_CARDS, *DATA_CARDS, "BIASSEC", "AMPSEC", "EXTNAME", "EXTVER")


class Amplifier(NamedTuple):
    """A part of a detector; sections are slices (y, x) of arrays, bias is None without a card."""

    hdu: Hdu
    data: tuple
    bias: tuple | None
    place: tuple
    flips: tuple  # of y and x: 1 or -1


def amplifiers(hdus):
    """Return the parts of the one detector that the images of a file are; () where they are not.

    Each image must say where it lies on the detector (DETSEC) and which of its pixels do
    (DATASEC); together they must fill a rectangle, without gaps and without overlaps.
    """
    images = [hdu for hdu in hdus if len(hdu.shape) == 2
              and not hdu.name.upper().startswith(SIDE_IMAGES)]
    sections = [(_section(hdu, PLACE_CARDS), _section(hdu, DATA_CARDS)) for hdu in images]
    detectors = {tuple(str(card_value(hdu.header, card)) for card in DETECTOR_CARDS)
                 for hdu in images}
    if len(images) < 2 or len(detectors) > 1 or not all(map(all, sections)):
        return ()
    # Binned pixels, from the lower left corner of what is there
    ends = np.array([[sorted(pair) for pair in place] for place, _ in sections])
    sizes = ends[..., 1] - ends[..., 0] + 1
    inside = np.array([[abs(b - a) + 1 for a, b in data] for _, data in sections])
    binning = sizes // inside
    if np.any(binning < 1) or np.any(binning * inside != sizes) or np.ptp(binning, axis=0).any():
        return ()
    starts = (ends[..., 0] - ends[..., 0].min(axis=0)) // binning
    covered = np.zeros((starts + inside).max(axis=0), int)
    parts = []
    for hdu, (place, data), start, size in zip(images, sections, starts, inside, strict=True):
        where = tuple(slice(one, one + n) for one, n in zip(start, size, strict=True))
        covered[where] += 1
        bias = _section(hdu, ("BIASSEC",))
        parts.append(Amplifier(hdu, _slices(data), bias and _slices(bias), where,
                               tuple(1 if a <= b else -1 for a, b in place)))
    return tuple(parts) if np.all(covered == 1) else ()


def joined_header(stream, hdus, parts):
    """Return the header of a joined frame: cards of the first part, then those of the primary.

    GAIN is the mean of those of the parts, where all have one.
    """
    first = parts[0]
    header = image_header(stream, hdus, first.hdu)
    own_wcs = "CRPIX1" in first.hdu.header
    for axis, (data, place, flip) in enumerate(zip(first.data, first.place, first.flips,
                                                   strict=True)):
        number = 2 - axis  # of FITS: x is the first
        header[f"NAXIS{number}"] = int(max(part.place[axis].stop for part in parts))
        if own_wcs:  # x of the whole frame = shift + flip * x of the part, both counted from 1
            shift = place.start - data.start if flip > 0 else place.stop + data.start + 1
            header[f"CRPIX{number}"] = shift + flip * header[f"CRPIX{number}"]
            for card in (f"CD1_{number}", f"CD2_{number}"):
                if card in header:
                    header[card] *= flip
    for card in LEFT_OUT:
        header.remove(card, ignore_missing=True, remove_all=True)
    gains = _gains(parts)
    if gains:
        header["GAIN"] = float(np.mean(gains))
    return header


def joined_pixels(stream, parts, max_bytes):
    """Return the pixels of a joined frame in ADU of its mean gain, and what was done in words.

    The median of its overscan (BIASSEC) is taken off each part.
    """
    data = np.full([max(part.place[axis].stop for part in parts) for axis in (0, 1)], np.nan,
                   np.float32)
    gains = _gains(parts)
    for i, part in enumerate(parts):
        pixels = image_pixels(stream, part.hdu, max_bytes)
        level = np.nanmedian(pixels[part.bias]) if part.bias else 0.0
        factor = gains[i] / np.mean(gains) if gains else 1.0
        data[part.place] = ((pixels[part.data] - level) * factor)[
            :: part.flips[0], :: part.flips[1]]
    bias = "their overscans taken off" if all(part.bias for part in parts) else (
        "no BIASSEC: is the bias still in?")
    by_gain = f"gains of {min(gains):g} to {max(gains):g}" if gains else "without gains"
    return data, f"joined from {len(parts)} amplifiers ({bias}; {by_gain})"


def _gains(parts):
    """Return the gains of all parts, or [] where not all have a positive one."""
    gains = [card_value(part.hdu.header, "GAIN") for part in parts]
    return gains if all(isinstance(gain, int | float) and gain > 0 for gain in gains) else []


def _section(hdu, cards):
    """Return a section of a card as ((y1, y2), (x1, x2)), or None without one."""
    for card in cards:
        match = SECTION.fullmatch(str(card_value(hdu.header, card, "")))
        if match:
            x1, x2, y1, y2 = map(int, match.groups())
            return (y1, y2), (x1, x2)
    return None


def _slices(section):
    """Return a section as slices of an array."""
    return tuple(slice(min(pair) - 1, max(pair)) for pair in section)
