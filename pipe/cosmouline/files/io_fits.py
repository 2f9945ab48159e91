"""Frames as they come from telescopes, and the images that the scripts write."""

import errno
import hashlib
import logging
import math
import re
import stat
import warnings
from dataclasses import dataclass
from pathlib import Path

from cosmouline import library
from cosmouline.errors import UserError
from cosmouline.files import origin
from cosmouline.files.amplifiers import amplifiers, joined_header, joined_pixels
from cosmouline.files.atomic import atomic_path
from cosmouline.files.fits_bytes import (
    MAX_UNPACKED_BYTES,
    check_complete,
    n_bytes_behind,
    open_frame,
    read_hdus,
    read_pixels,
)
from cosmouline.files.fits_cards import checked_value
from cosmouline.files.fits_checksum import checksum_problem
from cosmouline.files.fits_image import (
    STRUCTURE_CARDS,
    choose_image,
    image_header,
    image_pixels,
    side_images,
)

import numpy as np

fits = library("astropy.io.fits")
wcs = library("astropy.wcs")

LOG = logging.getLogger("cosmouline")

UNREAD_PACKINGS = (".z", ".zip", ".xz", ".zst", ".lz4", ".lzma", ".7z", ".rar", ".tar", ".tgz",
                   ".tar.gz", ".part", ".crdownload", ".filepart")  # and half copied
FRAME_SUFFIXES = tuple(
    f"{fits_ending}{packing}"
    for fits_ending in (".fits", ".fit", ".fts")
    for packing in ("", ".gz", ".bz2", ".fz")
)
UNREAD_SUFFIXES = tuple(f"{fits_ending}{packing}" for fits_ending in (".fits", ".fit", ".fts")
                        for packing in UNREAD_PACKINGS)
WCS_CARDS = re.compile(
    r"(CTYPE|CRPIX|CRVAL|CUNIT|CDELT|CROTA)[12]|CD[12]_[12]|PC[12]_[12]|PV[12]_\d+|"
    r"LONPOLE|LATPOLE|RADESYS|RADECSYS|EQUINOX|(A|B|AP|BP)_(ORDER|DMAX|\d_\d)"
)
OLD_MATRIX = re.compile(r"PC00([12])00([12])")  # before 1999; Pan-STARRS writes it
WCS_TEXTS = ("CTYPE", "CUNIT", "RADESYS")
SIP_ORDER_MAX = 9  # its terms are called A_p_q, of one digit each; astropy asks for all of them


@dataclass(frozen=True)
class Frame:
    """A frame as the telescope wrote it.

    Attributes
    ----------
    data_adu : ndarray of float32, shape (ny, nx)
        Counts; NaN where the file has no value.
    header : Header
        Cards of the image's extension, then those of the primary that it does not have itself.
    extension : int
        Number of the image: 0 for the primary.
    warnings : tuple of str
        What is unexpected in the file, though it could be read.
    """

    data_adu: np.ndarray
    header: "fits.Header"
    extension: int
    warnings: tuple


def list_frames(folder, warn=True):
    """List the files of a folder that can be frames, sorted by name.

    Returns
    -------
    list of Path
        Regular files (or links to them) that end with one of FRAME_SUFFIXES in any case. Hidden
        files and other endings are left out in silence; folders, FIFOs, broken links and
        unprintable names that look like frames are left out and, with `warn`, logged.

    Raises
    ------
    UserError
        If the folder does not exist.
    """
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder: where are the frames?")
    # what looks like a frame and is none
    refused = passed_over(folder)
    for name, problem in refused if warn else ():
        LOG.warning("%r is skipped: %s", name, problem)
    names = {name for name, _ in refused}
    return [path for path in _named_like_frames(folder) if path.name not in names]


def passed_over(folder):
    """Return (name, reason) of what looks like a frame by its name in a folder, and is none."""
    refused = []
    for path in _named_like_frames(folder):
        # a broken link has no mode
        mode, problem = 0, ""
        try:
            mode = path.stat().st_mode
        except OSError as error:
            problem = f"cannot be read: {error.strerror}"
        if not path.name.isprintable():
            problem = "its name has characters that cannot be printed"
        elif stat.S_ISDIR(mode):
            problem = "a folder"
        elif not problem and path.name.lower().endswith(UNREAD_SUFFIXES):
            problem = ("packed in a way that is not read, or half copied: unpack it, or copy it "
                       "again")
        elif not problem and not stat.S_ISREG(mode):
            problem = "not a regular file"
        if problem:
            refused.append((path.name, problem))
    return refused


def frame_stem(path):
    """Name of a frame without its folder and endings: ``a.b`` for ``/raw/a.b.FITS.gz``."""
    name = Path(path).name
    # the longest ending first: .fits.gz before .gz
    for suffix in sorted(FRAME_SUFFIXES, key=len, reverse=True):
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    return name


def read_frame(path, extension=None, max_bytes=MAX_UNPACKED_BYTES):
    """Read a frame from any usable FITS file.

    Parameters
    ----------
    path : str or Path
        Plain, gzip, bzip2 (found by content, not by name) or tile-compressed.
    extension : int or str, optional
        Number or EXTNAME of the image; needed only where a file has several.
    max_bytes : int
        Largest size in memory of what a compressed file holds.

    Returns
    -------
    Frame

    Raises
    ------
    ImageRejected
        Where the file does not give one 2-d image, with the reason in one line.

    Notes
    -----
    The amplifiers of one detector (see `amplifiers`) are joined.
    """
    with open_frame(path, max_bytes) as stream:
        hdus = read_hdus(stream)
        parts = amplifiers(hdus) if extension is None else ()
        hdu = parts[0].hdu if parts else choose_image(hdus, extension)
        if parts:
            data_adu, problem = joined_pixels(stream, parts, max_bytes)
        else:
            data_adu = image_pixels(stream, hdu, max_bytes)
            problem = checksum_problem(stream, hdu)
        header = _header(stream, hdus, hdu, parts)
        n_more = n_bytes_behind(stream, hdus)
    # what is unexpected outside the image
    cut = hdus[-1].n_bytes_there < hdus[-1].n_bytes
    notes = (problem, "truncated: behind the image, which is complete" if cut else None,
             f"size: {n_more} bytes too many behind the image, which is complete"
             if n_more else None)
    return Frame(data_adu, header, hdu.index, tuple(note for note in notes if note))


def read_side_images(path, extension=None, max_bytes=MAX_UNPACKED_BYTES):
    """Read the masks and noise maps of the image that `read_frame` would give.

    Returns
    -------
    dict of str to ndarray of float64, shape (ny, nx)
        By their kind: "mask" (DQ, BPM), "noise" (ERR), "variance", "weight" or "coverage" (WHT).
    """
    with open_frame(path, max_bytes) as stream:
        hdus = read_hdus(stream)
        if extension is None and amplifiers(hdus):
            return {}
        sides = side_images(hdus, choose_image(hdus, extension))
        return {kind: image_pixels(stream, hdu, max_bytes, np.float64)
                for kind, hdu in sides.items()}


def read_header(path, extension=None, max_bytes=MAX_UNPACKED_BYTES):
    """Read the header that `read_frame` would give, without the pixels."""
    with open_frame(path, max_bytes) as stream:
        hdus = read_hdus(stream)
        parts = amplifiers(hdus) if extension is None else ()
        hdu = parts[0].hdu if parts else choose_image(hdus, extension)
        return _header(stream, hdus, hdu, parts)


def _header(stream, hdus, hdu, parts):
    """Return the header of an image, or of the frame that amplifiers make."""
    return joined_header(stream, hdus, parts) if parts else image_header(stream, hdus, hdu)


def pixel_hash(data):
    """Return a text that is the same for the same pixels, however the file holds them."""
    return hashlib.sha256(np.ascontiguousarray(data)).hexdigest()[:16]


def write_image(path, data_e, cards=None, wcs_header=None):
    """Write an image in electrons as float32, completely or not at all.

    Parameters
    ----------
    path : str or Path
    data_e : ndarray, shape (ny, nx)
        NaN is kept.
    cards : dict, optional
        Cards to write: texts, booleans and finite numbers; a value of None is left out.
        Characters that FITS does not have are replaced by ``?``.
    wcs_header : Header, optional
        From `wcs_cards`.

    Raises
    ------
    ValueError
        If a keyword is not one of FITS (8 capitals, digits, ``-`` and ``_``) or belongs to the
        file's structure, or a number is not finite.
    """
    header = image_cards(cards, wcs_header)
    image = fits.PrimaryHDU(np.asarray(data_e, dtype=np.float32), header)
    with atomic_path(path) as temporary:
        image.writeto(temporary)


def image_cards(cards=None, wcs_header=None):
    """Cards of an image as a Header, checked as `write_image` says."""
    header = fits.Header({"BUNIT": "electron"})
    for keyword, value in (cards or {}).items():
        if value is None:
            continue
        if not re.fullmatch(r"[A-Z0-9_-]{1,8}", keyword) or STRUCTURE_CARDS.fullmatch(keyword):
            raise ValueError(f"cards: {keyword!r} cannot be the keyword of a card")
        header[keyword] = checked_value(keyword, value)
    for card in wcs_header.cards if wcs_header is not None else ():
        header.append(card, end=True)
    return origin.mark(header)


def read_image(path, rows=None, cols=None):
    """Read an image written by `write_image`, or a window of it.

    Parameters
    ----------
    path : str or Path
    rows, cols : tuple of int, optional
        First row and the one after the last, and columns alike, inside the image. Only these
        rows are read from the file.

    Returns
    -------
    ndarray of float32, shape (rows, cols)

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ImageRejected
        If the file is damaged.
    ValueError
        If the window does not lie inside the image.
    """
    if not Path(path).exists():
        raise FileNotFoundError(errno.ENOENT, "no such image", str(path))
    with open_frame(path) as stream:
        hdu = choose_image(read_hdus(stream), 0)
        check_complete(hdu)
        ny, nx = hdu.shape
        # the window must lie inside the image
        first, last = (0, ny) if rows is None else rows
        left, right = (0, nx) if cols is None else cols
        for name, start, end, size in (("rows", first, last, ny), ("cols", left, right, nx)):
            if not 0 <= start < end <= size:
                raise ValueError(f"{name} = ({start}, {end}) is not inside 0 to {size}")
        pixels = read_pixels(stream, hdu, first, last)
    return pixels if (left, right) == (0, nx) else pixels[:, left:right].copy()


def read_image_header(path):
    """Read the header of an image written by `write_image`; errors as those of `read_image`."""
    if not Path(path).exists():
        raise FileNotFoundError(errno.ENOENT, "no such image", str(path))
    with open_frame(path) as stream:
        return read_hdus(stream)[0].header


def wcs_cards(header):
    """Keep the cards of the celestial coordinates alone.

    Returns
    -------
    Header or None
        CTYPE, CRPIX, CRVAL, CD, PC, CDELT, CROTA, PV, SIP terms and the like of the two first
        axes. None where they give no usable celestial coordinates (none there, a singular
        matrix, an unknown projection).

    Notes
    -----
    SIP terms without ``-SIP`` in CTYPE are used by astropy, which warns of it for each image; the
    ending is added here. RADECSYS, its former name, becomes RADESYS.
    """
    cards = fits.Header()
    try:
        for card in header.cards:
            keyword = "RADESYS" if card.keyword == "RADECSYS" else card.keyword
            keyword = OLD_MATRIX.sub(r"PC\1_\2", keyword)
            if WCS_CARDS.fullmatch(keyword) and keyword not in cards:
                value = card.value
                if not keyword.startswith(WCS_TEXTS):
                    # numbers, also those that stand as texts
                    value = float(value) if isinstance(value, str) else value
                    if not math.isfinite(value) or (keyword.endswith("_ORDER")
                                                    and not 0 <= value <= SIP_ORDER_MAX):
                        return None
                cards[keyword] = value
        # a distortion that CTYPE does not announce
        if "A_ORDER" in cards and not str(cards["CTYPE1"]).endswith("-SIP"):
            cards["CTYPE1"], cards["CTYPE2"] = (f"{cards[f'CTYPE{i}']}-SIP" for i in (1, 2))
        if not any(keyword.startswith(("CD1_", "CD2_", "CDELT", "PC")) for keyword in cards):
            return None  # a place without a scale: astropy takes 1 degree per pixel
        # can astropy turn a pixel into a position in the sky?
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            coordinates = wcs.WCS(cards)
            coordinates.wcs_pix2world([[1.0, 1.0]], 1)  # finds a singular matrix
        return cards if coordinates.has_celestial and _pixel_area(cards) > 0.0 else None
    except (ValueError, TypeError, KeyError, AttributeError, fits.VerifyError):
        return None


def wcs_pixel_scale_arcsec(header):
    """Pixel scale in arcsec (geometric mean of both axes) by a header's coordinates, or None."""
    cards = wcs_cards(header)
    return None if cards is None else 3600.0 * math.sqrt(_pixel_area(cards))


def shift_wcs(wcs_header, left_px, bottom_px):
    """Coordinates of an image of which columns on the left and rows at the bottom were cut."""
    shifted = wcs_header.copy()
    shifted["CRPIX1"] = wcs_header.get("CRPIX1", 0.0) - left_px
    shifted["CRPIX2"] = wcs_header.get("CRPIX2", 0.0) - bottom_px
    return shifted


def _named_like_frames(folder):
    """Return the paths of a folder that have the name of a frame, or of a packed one, sorted."""
    return [path for path in sorted(Path(folder).iterdir())
            if not path.name.startswith(".")
            and path.name.lower().endswith((*FRAME_SUFFIXES, *UNREAD_SUFFIXES))]


def _pixel_area(cards):
    """Area of a pixel in square degrees; wcslib takes a CD matrix of zeros for none at all."""
    # a CD matrix, or a PC matrix (unity by default) times CDELT
    name, scale = "CD", 1.0
    if not any(keyword.startswith("CD") and "_" in keyword for keyword in cards):
        name, scale = "PC", cards.get("CDELT1", 1.0) * cards.get("CDELT2", 1.0)
    matrix = np.eye(2) if name == "PC" else np.zeros((2, 2))
    for i, j in np.ndindex(2, 2):
        matrix[i, j] = cards.get(f"{name}{i + 1}_{j + 1}", matrix[i, j])
    return abs(scale * np.linalg.det(matrix))
