"""FITS files as bytes: where each header and each image lies, whether it is complete, pixels.

astropy opens most broken files without a warning (a wrong BITPIX, SIMPLE = F) or stops with a
message about its own buffers, so the structure is read here, where each mistake has a message.
Tile compression alone is left to astropy.
"""

import bz2
import contextlib
import gzip
import io
import math
import stat
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path

from cosmouline import library
from cosmouline.errors import ImageRejected

import numpy as np

fits = library("astropy.io.fits")

BLOCK_BYTES = 2880  # FITS standard 4.0, section 3.1
CARD_BYTES = 80
MAX_HEADER_BYTES = 8 << 20  # the largest header met in the wild has 0.4 MB
MAX_UNPACKED_BYTES = 512 << 20  # a 11500 x 11500 frame of float32
BOMB_BYTES = 64 << 20  # from here on what unpacks to ...
BOMB_RATIO = 100  # ... more than this many times its size is no frame; those shrink to a fifth
CHUNK_BYTES = 4 << 20  # stays in the processor's cache from reading to writing
STORED_AS = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}
PADDING = b"\0 "
CONTROLS = dict.fromkeys([*range(32), 127], "?")  # FITS has none; they would act on a terminal
MAX_BLANK_BLOCKS = 10  # a tape record


@dataclass(frozen=True)
class Hdu:
    """One header and data unit of a file.

    Attributes
    ----------
    index : int
        0 for the primary.
    header : Header
        As it is in the file.
    header_at, data_at : int
        First byte of each.
    n_bytes, n_bytes_there : int
        Size of the data that the header announces, and what the file has of it.
    """

    index: int
    header: "fits.Header"
    header_at: int
    data_at: int
    n_bytes: int
    n_bytes_there: int

    @property
    def name(self):
        """EXTNAME, or an empty text."""
        return str(card_value(self.header, "EXTNAME", "")).strip()

    @property
    def is_compressed(self):
        """Whether it is a table that holds a tile-compressed image (``.fz``)."""
        return self._kind == "BINTABLE" and card_value(self.header, "ZIMAGE") is True

    @property
    def shape(self):
        """Shape of the image as numpy counts it, without planes of 1; () for no image."""
        if not self.is_compressed and self._kind != "IMAGE":
            return ()
        axes = image_axes(self.header, "Z" if self.is_compressed else "")
        # a cube of one plane is an image
        while len(axes) > 2 and axes[-1] == 1:
            axes = axes[:-1]
        return tuple(reversed(axes)) if axes and math.prod(axes) > 0 else ()

    @property
    def _kind(self):
        """XTENSION; IMAGE for the primary."""
        return str(card_value(self.header, "XTENSION", "IMAGE")).strip()


@contextlib.contextmanager
def open_frame(path, max_bytes=MAX_UNPACKED_BYTES):
    """Open a FITS file, plain or packed by gzip or bzip2 whatever its name.

    Parameters
    ----------
    path : str or Path
    max_bytes : int
        Largest size of a packed file once unpacked: it is held in memory, and 300 kB of gzip
        can unpack to 300 MB.

    Yields
    ------
    file object
        Readable and seekable, at its start.

    Raises
    ------
    ImageRejected
        If it is not a regular file (opening a FIFO would wait for ever), cannot be read, or is
        packed and damaged or too large.
    """
    path = Path(path)
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ImageRejected("not a regular file")
        with open(path, "rb") as raw:
            # the first bytes tell how it is packed: names lie
            start = raw.read(3)
            raw.seek(0)
            if start[:2] == b"\x1f\x8b":
                yield _inflate(gzip.GzipFile(fileobj=raw), raw, max_bytes, "gzip")
            elif start == b"BZh":
                yield _inflate(bz2.BZ2File(raw), raw, max_bytes, "bzip2")
            else:
                yield raw
    except FileNotFoundError:
        raise ImageRejected(f"missing file: {str(path)!r}") from None
    except OSError as error:
        raise ImageRejected(f"cannot be read: {error.strerror or error}") from error


def read_hdus(stream):
    """Find all headers of a file.

    Parameters
    ----------
    stream : file object
        From `open_frame`.

    Returns
    -------
    list of Hdu

    Raises
    ------
    ImageRejected
        If the file is empty, not FITS, cut inside a header, contradicts itself, or holds much
        more than its headers announce (BITPIX or NAXIS lie: the pixels would be nonsense).
    """
    size = stream.seek(0, io.SEEK_END)
    if size == 0:
        raise ImageRejected("the file is empty")
    # each extension begins after the data of the one before
    hdus, position = [], 0
    while position < size:
        stream.seek(position)
        if hdus and stream.read(8) != b"XTENSION":
            break
        hdus.append(_read_hdu(stream, len(hdus), position, size))
        position = _after(stream, hdus[-1])
    # junk is harmless; whole blocks more mean that the pixels lie elsewhere
    last = hdus[-1]
    if size - position >= BLOCK_BYTES and size % BLOCK_BYTES == 0:
        raise ImageRejected(
            f"size: the header announces {last.n_bytes} bytes of data, "
            f"the file has {size - last.data_at}: BITPIX or NAXIS is wrong")
    return hdus


def read_pixels(stream, hdu, first_row=0, last_row=None, dtype=np.float32):
    """Read the pixels of an uncompressed 2-d image.

    Parameters
    ----------
    stream : file object
    hdu : Hdu
    first_row, last_row : int, optional
        Rows ``first_row`` to ``last_row - 1``; all by default.
    dtype : type
        Float64 keeps the bits of a mask of 32.

    Returns
    -------
    ndarray of that type, shape (rows, nx)
        BSCALE and BZERO applied; pixels that equal BLANK and infinite ones are NaN.

    Notes
    -----
    Read in chunks that are byte-swapped, scaled and written into the result in one go: a frame
    of 16-bit integers costs its float32 array and 4 MB more, and no memory map that would kill
    the process if the file shrank meanwhile.
    """
    ny, nx = hdu.shape
    last_row = ny if last_row is None else last_row
    stored = np.dtype(STORED_AS[hdu.header["BITPIX"]])
    pixels = np.empty((last_row - first_row, nx), dtype=dtype)
    scale, zero = _number(hdu.header, "BSCALE", 1.0), _number(hdu.header, "BZERO", 0.0)
    # 32-bit integers with BZERO = 2^31 lose all their digits in float32
    exact = np.float32 if stored.itemsize <= 2 or stored == ">f4" else np.float64
    # a chunk is some complete rows
    row_bytes = nx * stored.itemsize
    rows_per_chunk = max(1, CHUNK_BYTES // row_bytes)
    stream.seek(hdu.data_at + first_row * row_bytes)
    for row in range(0, len(pixels), rows_per_chunk):
        out = pixels[row : row + rows_per_chunk]
        chunk = stream.read(out.size * stored.itemsize)
        if len(chunk) < out.size * stored.itemsize:
            raise ImageRejected("truncated: the file became shorter while it was read")
        raw = np.frombuffer(chunk, dtype=stored).reshape(out.shape)
        # raw * BSCALE + BZERO
        with np.errstate(over="ignore", invalid="ignore"):
            if scale != 1.0:
                np.add(np.multiply(raw, scale, dtype=exact), zero, out=out, casting="same_kind")
            elif zero != 0.0:
                np.add(raw, zero, out=out, dtype=exact, casting="same_kind")
            else:
                out[...] = raw
        # pixels without a value
        if stored.kind == "f":
            out[np.isinf(out)] = np.nan
        elif "BLANK" in hdu.header:
            out[raw == _number(hdu.header, "BLANK", 0)] = np.nan
    return pixels


def n_bytes_behind(stream, hdus):
    """Number of bytes after the last block of a file; 0 where it ends with it, or before."""
    return max(0, stream.seek(0, io.SEEK_END) - _after(stream, hdus[-1]))


def check_complete(hdu):
    """Refuse an HDU that is cut in the file (ImageRejected)."""
    if hdu.n_bytes_there < hdu.n_bytes:
        raise ImageRejected(
            f"truncated: the header announces {hdu.n_bytes} bytes of data, "
            f"the file has {hdu.n_bytes_there}"
        )


def image_axes(header, prefix=""):
    """NAXIS1, NAXIS2, ... of a header as a tuple; `prefix` Z for those of a compressed image."""
    n_axes = _count(header, f"{prefix}NAXIS")
    return tuple(_count(header, f"{prefix}NAXIS{i + 1}") for i in range(n_axes))


def padded_size(n_bytes):
    """Round a number of bytes up to whole blocks."""
    return -(-n_bytes // BLOCK_BYTES) * BLOCK_BYTES


def card_value(header, keyword, default=None):
    """Value of a card; ImageRejected where the card is there and cannot be read."""
    try:
        return header.get(keyword, default)
    except fits.VerifyError:
        card = ""
        with warnings.catch_warnings(), contextlib.suppress(ValueError, fits.VerifyError):
            warnings.simplefilter("ignore")
            card = f": {header.cards[keyword].image.strip()!r}"  # as it stands, if astropy can
        raise ImageRejected(f"{keyword}: the card of the header cannot be read{card}") from None


def _inflate(packed, raw, max_bytes, kind):
    """Unpack into memory, up to a limit, and only if the first bytes are FITS."""
    content = io.BytesIO()
    try:
        while chunk := packed.read(1 << 20):
            # what is no FITS file is not unpacked any further
            if content.tell() == 0:
                _check_magic(chunk)
            if content.tell() + len(chunk) > max_bytes:
                raise ImageRejected(
                    f"size: more than {max_bytes >> 20} MB once unpacked; unpack the file by hand"
                )
            content.write(chunk)
            if content.tell() > max(BOMB_BYTES, BOMB_RATIO * raw.tell()):
                raise ImageRejected(
                    f"size: {raw.tell() >> 10} kB of {kind} give more than "
                    f"{content.tell() >> 20} MB: no frame shrinks so much"
                )
    except EOFError:
        raise ImageRejected(f"truncated: the {kind} file ends early") from None
    except (zlib.error, OSError) as error:
        raise ImageRejected(f"damaged {kind} file: {error}") from error
    content.seek(0)
    return content


def _check_magic(start):
    """Refuse what does not begin as a FITS file does."""
    if not start.startswith(b"SIMPLE"):
        raise ImageRejected(f"not a FITS file: it begins with {start[:12]!r}")


def _read_hdu(stream, index, position, size):
    """Read the header at a position and work out its data."""
    # blocks up to the one with the END card
    stream.seek(position)
    raw, has_end = bytearray(), False
    while not has_end:
        if len(raw) >= MAX_HEADER_BYTES:
            raise ImageRejected(f"size: a header of more than {MAX_HEADER_BYTES >> 20} MB")
        block = stream.read(BLOCK_BYTES)
        if index == 0 and not raw:
            _check_magic(block)
        raw += block
        has_end = any(block[i : i + CARD_BYTES].rstrip() == b"END"
                      for i in range(0, len(block), CARD_BYTES))
        if len(block) < BLOCK_BYTES and not has_end:
            raise ImageRejected("truncated: the file ends inside a header (no END card)")
    # accents in latin-1 would make their complete card unreadable; unexpected cards are read, or
    # refused, only when they are needed
    text = raw.decode("ascii", "replace").replace("\ufffd", "?").translate(CONTROLS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        header = fits.Header.fromstring(text)
    if card_value(header, "SIMPLE") is False:
        raise ImageRejected("SIMPLE = F: the file itself says that it does not follow FITS")
    # size of the data (FITS standard 4.0, equation 2)
    bitpix, n_bytes = card_value(header, "BITPIX"), 0
    if bitpix not in STORED_AS:
        raise ImageRejected(f"BITPIX = {bitpix!r} is none of 8, 16, 32, 64, -32, -64")
    if axes := image_axes(header):
        n_elements = _count(header, "PCOUNT", 0) + math.prod(axes)
        n_bytes = abs(bitpix) // 8 * _count(header, "GCOUNT", 1) * n_elements
    data_at = position + len(raw)
    return Hdu(index, header, position, data_at, n_bytes, max(0, min(n_bytes, size - data_at)))


def _count(header, keyword, default=None):
    """Give a card that must be a whole number >= 0."""
    value = card_value(header, keyword, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ImageRejected(f"{keyword} = {value!r} is not a whole number >= 0")
    return value


def _number(header, keyword, default):
    """Give a card that must be a number."""
    value = card_value(header, keyword, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ImageRejected(f"{keyword} = {value!r} is not a number")
    return value


def _after(stream, hdu):
    """Where the next extension may begin: after the data and blank blocks."""
    position = hdu.data_at + padded_size(hdu.n_bytes)
    if hdu.n_bytes_there < hdu.n_bytes:
        return position  # nothing follows; NAXIS may lie by so much that no seek goes there
    # some tapes have blank blocks between the extensions
    stream.seek(position)
    for _ in range(MAX_BLANK_BLOCKS):
        block = stream.read(BLOCK_BYTES)
        if not block or block.strip(PADDING):
            break
        position += len(block)
    return position
