"""The detectors that a file holds, each joined from its amplifiers, without overscan."""

from dataclasses import dataclass
from typing import NamedTuple

from cosmouline.errors import ImageRejected
from cosmouline.files.amplifiers import (
    DATA_CARDS,
    DETECTOR_CARDS,
    LEFT_OUT,
    SECTION,
    Amplifier,
    amplifiers,
    joined_header,
)
from cosmouline.files.fits_bytes import MAX_UNPACKED_BYTES, card_value, open_frame, read_hdus
from cosmouline.files.fits_image import SIDE_IMAGES, choose_image, image_header, image_pixels
from cosmouline.frames.header_pointing import off_frame_arcsec

import numpy as np
from astropy.io import fits

OVERSCAN_CLIP_SIGMAS = 5.0  # rows of an overscan that a bright star has smeared into


class Detector(NamedTuple):
    """One detector of a file, or a part of a split one; its name is empty where it is the only."""

    name: str
    amplifiers: tuple
    crop: tuple | None = None  # of the joined detector, slices (y, x)
    filter: str | None = None  # of a part with a filter of its own
    notes: tuple = ()


@dataclass(frozen=True, eq=False)
class RawImage:
    """A detector as it was read out, joined and without overscan.

    Attributes
    ----------
    data_adu : ndarray of float32, shape (ny, nx)
        In ADU of the mean gain; NaN where the file has no value.
    saturated : ndarray of bool, shape (ny, nx)
        At or above the saturation level before anything was taken off.
    header : Header
        GAIN is the mean one, FILTER that of a part.
    overscan_adu : float or None
        Mean level that was taken off; None without overscan.
    factors : tuple of (slices, float)
        Where each amplifier lies, and its gain over the mean one.
    notes : tuple of str
    """

    data_adu: np.ndarray
    saturated: np.ndarray
    header: fits.Header
    overscan_adu: float | None
    factors: tuple
    notes: tuple


def detectors(hdus, camera, extension=None):
    """Return the detectors of a file.

    Parameters
    ----------
    hdus : list of Hdu
    camera : RawCamera
    extension : int, optional
        The image to take, where it is not to be found.

    Returns
    -------
    list of Detector
        Several images are the amplifiers of one detector if they fill it (DETSEC), else those of
        one CCD each, or of its amplifiers, by CCDNUM, CCDNAME or the like, or by EXTNAME.
    """
    images = [hdu for hdu in hdus if len(hdu.shape) == 2
              and not hdu.name.upper().startswith(SIDE_IMAGES)]
    if extension is not None or len(images) < 2:
        hdu = choose_image(hdus, extension)
        one = Detector("", *_of_one_image(hdu, camera))
        ny, nx = (max(part.place[axis].stop for part in one.amplifiers) for axis in (0, 1))
        found = [one._replace(name=name, filter=name_of_filter,
                              crop=_inside(part, (ny, nx), f"part {name}"))
                 for name, (part, name_of_filter) in (camera.parts or {}).items()]
        return found or [one]
    if parts := amplifiers(hdus):
        return [Detector("", parts)]
    # A mosaic: the images of each CCD
    groups = {}
    for hdu in images:
        name = next((str(card_value(hdu.header, card)).strip() for card in DETECTOR_CARDS
                     if card_value(hdu.header, card) is not None), hdu.name or str(hdu.index))
        groups.setdefault(name, []).append(hdu)
    found = []
    for name, group in groups.items():
        parts = amplifiers(group) if len(group) > 1 else ()
        if parts:
            found.append(Detector(name, parts))
            continue
        found += [Detector(name if len(group) == 1 else f"{name}-{hdu.index}",
                           *_of_one_image(hdu, camera)) for hdu in group]
    return found


def with_lens(stream, hdus, found, ra_deg, dec_deg):
    """Return the detectors whose footprint holds a position, by their WCS; all without a WCS.

    Raises
    ------
    ImageRejected
        If it lies on none of them: between two, with the distance to both, or outside.
    """
    off = [(off_frame_arcsec(header_of(stream, hdus, one), ra_deg, dec_deg), one)
           for one in found]
    if any(distance is None for distance, _ in off):
        return found
    there = [one for distance, one in off if distance == 0.0]
    if not there:
        near = sorted(off, key=lambda pair: pair[0])[:2]
        raise ImageRejected("the lens is on no CCD: it is " + " and ".join(
            f'{distance:.0f}" off {one.name}' for distance, one in near))
    return there


def read_detector(path, name, camera, saturation_adu, extension=None,
                  max_bytes=MAX_UNPACKED_BYTES):
    """Read one detector of a file: joined, without overscan.

    Parameters
    ----------
    path : str or Path
    name : str
        Of the detector, empty for the only one.
    camera : RawCamera
    saturation_adu : float
        Of the raw counts.

    Returns
    -------
    RawImage

    Raises
    ------
    ImageRejected
        If there is no such detector, or its sections lie outside of the image.

    Notes
    -----
    The level of each row (or column, of an overscan behind the last row) is the median of the
    overscan; a Legendre polynomial through them is taken off, since a single row of 24 columns
    knows its level to a quarter of the read noise only.
    """
    with open_frame(path, max_bytes) as stream:
        hdus = read_hdus(stream)
        one = _named(detectors(hdus, camera, extension), name)
        header = header_of(stream, hdus, one)
        shape = [max(part.place[axis].stop for part in one.amplifiers) for axis in (0, 1)]
        is_one = len(one.amplifiers) == 1 and one.amplifiers[0].flips == (1, 1)
        data = None if is_one else np.full(shape, np.nan, np.float32)
        saturated = np.zeros(shape, bool)
        gains, levels, factors = gains_of(one.amplifiers, camera), [], []
        pixels, read_from = None, None
        for i, part in enumerate(one.amplifiers):
            if read_from != part.hdu.index:  # several amplifiers may share an image
                pixels, read_from = image_pixels(stream, part.hdu, max_bytes), part.hdu.index
            level = np.float32(0)
            if part.bias:
                level = overscan_level(pixels, part.bias, part.data, camera.overscan_degree)
                levels.append(float(np.mean(level)))
            factor = np.float32(gains[i] / np.mean(gains) if gains else 1.0)
            factors.append((part.place, factor))
            step, there = part.flips, pixels[part.data]
            if there.shape != saturated[part.place].shape:
                raise ImageRejected(f"amplifier {i + 1} has {there.shape[::-1]} pixels, its place "
                                    f"on the detector {saturated[part.place].shape[::-1]}")
            saturated[part.place] = (there >= saturation_adu)[::step[0], ::step[1]]
            there -= level  # in place: a frame of 4k is 64 MB
            if factor != 1.0:
                there *= factor
            if is_one:
                data = there
            else:
                data[part.place] = there[::step[0], ::step[1]]
    if one.crop:
        data, saturated, factors = data[one.crop], saturated[one.crop], factors[:1]
    return RawImage(data, saturated, header, float(np.mean(levels)) if levels else None,
                    tuple(factors) if len(factors) > 1 else (),
                    one.notes)


def read_detector_header(path, name, camera, extension=None):
    """Return the header that `read_detector` gives, without the pixels."""
    with open_frame(path) as stream:
        hdus = read_hdus(stream)
        return header_of(stream, hdus, _named(detectors(hdus, camera, extension), name))


def header_of(stream, hdus, one):
    """Return the header of a detector: sections left out, WCS and size of the joined image."""
    first = one.amplifiers[0]
    if len({part.hdu.index for part in one.amplifiers}) > 1:
        header = joined_header(stream, hdus, one.amplifiers)
    else:
        header = image_header(stream, hdus, first.hdu)
        for axis, number in ((0, 2), (1, 1)):  # of FITS: x is the first
            header[f"NAXIS{number}"] = int(max(p.place[axis].stop for p in one.amplifiers))
            if isinstance(header.get(f"CRPIX{number}"), int | float):
                header[f"CRPIX{number}"] += first.place[axis].start - first.data[axis].start
        for card in LEFT_OUT:
            header.remove(card, ignore_missing=True, remove_all=True)
    if one.crop:
        for axis, number in ((0, 2), (1, 1)):
            header[f"NAXIS{number}"] = one.crop[axis].stop - one.crop[axis].start
            if isinstance(header.get(f"CRPIX{number}"), int | float):
                header[f"CRPIX{number}"] -= one.crop[axis].start
    if one.filter:
        header["FILTER"] = one.filter
    return header


def overscan_level(pixels, bias, data, degree):
    """Return the bias level under the data of an amplifier, by its overscan.

    Parameters
    ----------
    pixels : ndarray of float32, shape (ny, nx)
    bias, data : tuple of slice
        Sections (y, x).
    degree : int
        Of the polynomial along the overscan.

    Returns
    -------
    ndarray of float32, shape (rows, 1) or (1, columns) of the data, or ()
        One level where the overscan covers neither its rows nor its columns.
    """
    for axis in (0, 1):
        if bias[axis].start <= data[axis].start and bias[axis].stop >= data[axis].stop:
            where = list(bias)
            where[axis] = data[axis]
            lines = np.nanmedian(pixels[tuple(where)], axis=1 - axis)
            at = np.linspace(-1.0, 1.0, lines.size)
            good = np.isfinite(lines)
            for _ in range(3):
                fit = np.polynomial.Legendre.fit(at[good], lines[good], min(
                    degree, np.count_nonzero(good) - 1), domain=(-1, 1))
                left = lines - fit(at)
                keep = np.abs(left) <= OVERSCAN_CLIP_SIGMAS * np.std(left[good]) + 1e-6
                if np.array_equal(keep & good, good):
                    break
                good &= keep
            level = fit(at).astype(np.float32)
            return level[:, None] if axis == 0 else level[None, :]
    return np.float32(np.nanmedian(pixels[bias]))


def gains_of(parts, camera):
    """Return the gains of amplifiers, by the description or their cards; [] where not all have."""
    given = [one.gain_e_per_adu for one in camera.amplifiers]
    if len(parts) == len(given) and all(given):
        return given
    gains = [card_value(part.hdu.header, "GAIN") for part in parts]
    different = len({part.hdu.index for part in parts}) > 1
    return gains if different and all(
        isinstance(gain, int | float) and gain > 0 for gain in gains) else []


def _named(found, name):
    """Return the detector of a name."""
    for one in found:
        if one.name == name:
            return one
    raise ImageRejected(f"no detector {name!r} in the file (it has "
                        f"{', '.join(repr(one.name) for one in found)})")


def _of_one_image(hdu, camera):
    """Return the amplifiers of one image by description or cards, crop, filter and notes."""
    if camera.amplifiers:
        cards = camera.amplifiers
        data = [_inside(card.data, hdu.shape, "data") for card in cards]
        # Without a place: the data pixels in their order, what lies between them left out
        starts = [{}, {}]
        for axis in (0, 1):
            at = 0
            for part in sorted({(one[axis].start, one[axis].stop) for one in data}):
                starts[axis][part[0]] = at
                at += part[1] - part[0]
        parts = []
        for card, one in zip(cards, data, strict=True):
            place = tuple(slice(first, first + side.stop - side.start) for first, side in zip(
                [starts[axis][one[axis].start] for axis in (0, 1)], one, strict=True))
            flips = (1, 1)
            if card.place:
                place = tuple(slice(min(pair) - 1, max(pair)) for pair in card.place)
                flips = tuple(1 if a <= b else -1 for a, b in card.place)
            bias = card.overscan and _inside(card.overscan, hdu.shape, "overscan")
            parts.append(Amplifier(hdu, one, bias, place, flips))
        return tuple(parts), None, None, ()
    sections, notes = {}, []
    for kind, names in (("data", DATA_CARDS), ("bias", ("BIASSEC",))):
        for name in names:
            text = str(card_value(hdu.header, name, ""))
            match = SECTION.fullmatch(text)
            if match:
                x1, x2, y1, y2 = map(int, match.groups())
                try:
                    sections[kind] = _inside(((y1, y2), (x1, x2)), hdu.shape, name)
                    break
                except ImageRejected as problem:
                    notes.append(f"{problem}: not used")
            elif text.strip() and text.strip().upper() not in ("UNKNOWN", "N/A", "NONE"):
                notes.append(f"{name} = {text} is no section such as [1:1024,1:1024]: not used")
    data = sections.get("data", tuple(slice(0, side) for side in hdu.shape))
    bias = sections.get("bias")
    place = tuple(slice(0, side.stop - side.start) for side in data)
    return (Amplifier(hdu, data, bias, place, (1, 1)),), None, None, tuple(notes)


def _inside(section, shape, what):
    """Return a section, pixels from 1, as slices; ImageRejected where it is outside the image."""
    slices = tuple(slice(min(pair) - 1, max(pair)) for pair in section)
    if any(one.start < 0 or one.stop > side for one, side in zip(slices, shape, strict=True)):
        (y1, y2), (x1, x2) = section
        raise ImageRejected(f"{what}: the section [{x1}:{x2},{y1}:{y2}] is not inside the image "
                            f"of {shape[1]} x {shape[0]} pixels")
    return slices
