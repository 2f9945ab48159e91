"""Stacks as FITS files, written and read row by row: never a complete stack in memory."""

import contextlib

from cosmouline import library
from cosmouline.errors import ImageRejected
from cosmouline.files.atomic import atomic_path
from cosmouline.files.fits_bytes import (
    BLOCK_BYTES,
    check_complete,
    open_frame,
    padded_size,
    read_hdus,
    read_pixels,
)
from cosmouline.files.fits_image import choose_image
from cosmouline.files.io_fits import image_cards

import numpy as np

fits = library("astropy.io.fits")

PLANES = (("", ">f4"), ("VARIANCE", ">f4"), ("COUNT", ">i2"))  # extension and type of each
WEIGHT = ("WEIGHT", ">f4")  # one over the variance of the sky, as other programs take it
UNITS = {"VARIANCE": "adu2", "COUNT": "image", "WEIGHT": "1/adu2"}
BITPIX = {">f4": -32, ">i2": 16}


def row_reader(path):
    """Prepare to read rows of an image written by `io_fits.write_image`.

    Returns
    -------
    shape : tuple of int
        (ny, nx) of the image.
    read : callable
        ``read(rows, cols)`` with two slices gives float32. It opens the file each time (there may
        be more files than a process may hold open), but its header is read once, here.

    Raises
    ------
    ImageRejected
        If the file is missing or damaged.
    """
    with open_frame(path) as stream:
        hdu = choose_image(read_hdus(stream), 0)
        check_complete(hdu)
    if hdu.header["BITPIX"] != BITPIX[">f4"] or "BSCALE" in hdu.header:
        raise ImageRejected(f"{path} is not an image of float32, as io_fits writes them")
    ny, nx = hdu.shape

    def read(rows, cols):
        # one read for all rows, or for a part of one: `read_pixels` takes twice as long
        n_rows = rows.stop - rows.start
        first, width = (0, nx) if n_rows > 1 else (cols.start, cols.stop - cols.start)
        offset = hdu.data_at + 4 * (rows.start * nx + first)
        try:
            found = np.fromfile(path, ">f4", n_rows * width, offset=offset)
        except OSError as error:
            raise ImageRejected(f"{path} cannot be read: {error.strerror}") from error
        if found.size < n_rows * width:
            raise ImageRejected(f"{path} became shorter while it was read")
        part = found.reshape(n_rows, width)[:, cols.start - first:cols.stop - first]
        return part.astype(np.float32)

    return (ny, nx), read


@contextlib.contextmanager
def stack_writer(path, shape, cards, wcs_header=None, planes=PLANES):
    """Write a stack part by part; the file is complete or not there.

    Parameters
    ----------
    path : str or Path
    shape : tuple of int
        (ny, nx).
    cards : dict
        As in `io_fits.write_image`.
    wcs_header : Header, optional
        From `io_fits.wcs_cards`; all planes get it.
    planes : sequence of (str, str)
        Name and type of each: `PLANES`, and `WEIGHT` behind them.

    Yields
    ------
    callable
        ``write(rows, cols, parts)`` with two slices, and the part of each plane there.
    """
    ny, nx = shape
    with atomic_path(path) as temporary, open(temporary, "wb+") as stream:
        # the headers of all planes, with room for their pixels; `starts` is where those begin
        starts = []
        for name, kind in planes:
            header = image_cards({} if name else cards, wcs_header)
            if name:
                header["BUNIT"] = UNITS[name]
            structure = [("XTENSION", "IMAGE") if name else ("SIMPLE", True),
                         ("BITPIX", BITPIX[kind]), ("NAXIS", 2), ("NAXIS1", nx), ("NAXIS2", ny)]
            structure += ([("PCOUNT", 0), ("GCOUNT", 1), ("EXTNAME", name)] if name
                          else [("EXTEND", True)])
            text = fits.Header([*fits.Header(structure).cards, *header.cards]).tostring()
            stream.write(text.encode("ascii"))
            starts.append(stream.tell())
            stream.seek(padded_size(ny * nx * np.dtype(kind).itemsize) - BLOCK_BYTES, 1)
            stream.write(bytes(BLOCK_BYTES))

        def write(rows, cols, parts):
            for (_, kind), start, plane in zip(planes, starts, parts, strict=True):
                size = np.dtype(kind).itemsize
                if cols.start == 0 and cols.stop == nx:
                    stream.seek(start + rows.start * nx * size)
                    stream.write(np.ascontiguousarray(plane, kind).tobytes())
                    continue
                for row, line in zip(range(rows.start, rows.stop), plane, strict=True):
                    stream.seek(start + (row * nx + cols.start) * size)
                    stream.write(np.ascontiguousarray(line, kind).tobytes())

        yield write


def read_stack(path):
    """Read a stack written by `stack_writer`.

    Returns
    -------
    image, variance : ndarray of float32, shape (ny, nx)
    count : ndarray of int, shape (ny, nx)
    header : Header
        Of the image.
    """
    with open_frame(path) as stream:
        hdus = read_hdus(stream)
        for hdu in hdus:
            check_complete(hdu)
        image, variance, count = (read_pixels(stream, hdu) for hdu in hdus[:3])
    return image, variance, count.astype(int), hdus[0].header


def read_weight(path):
    """Read one over the variance of the sky, (ny, nx) of float32, of a stack that has it."""
    with open_frame(path) as stream:
        hdus = read_hdus(stream)
        check_complete(hdus[-1])
        return read_pixels(stream, hdus[-1])


def add_cards(path, cards):
    """Write cards into the header of a stack; the file is at no time incomplete."""
    with fits.open(path, memmap=True) as hdus, atomic_path(path) as temporary:
        for name, value in cards.items():
            hdus[0].header[name] = value
        hdus.writeto(temporary)
