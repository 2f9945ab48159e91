"""Master frames as files, and frames put aside while they are combined."""

from pathlib import Path
from typing import NamedTuple

from cosmouline import library
from cosmouline.errors import ImageRejected, UserError
from cosmouline.files.atomic import atomic_path
from cosmouline.files.fits_bytes import open_frame, read_hdus
from cosmouline.files.io_fits import list_frames, read_frame, read_header, read_side_images
from cosmouline.images.calibration.calibrate import Planes
from cosmouline.images.io_stack import read_stack
from cosmouline.robust import MAD_TO_SIGMA

import numpy as np

fits = library("astropy.io.fits")

VARIANCE_NAME = "VARMASTER"  # no other program takes it for the variance of the frame
ROWS_AT_ONCE = 256  # no second copy of a frame of 4k in memory
KIND = "MASTER"  # the card by which a file is a master frame of ours


class Master(NamedTuple):
    """What a master frame is of, by its cards; None where that does not matter."""

    path: Path
    kind: str
    set_name: str
    config: str | None
    filter: str | None
    exptime_s: float | None
    temperature_c: float | None
    mjd: float | None
    n_frames: int
    recipe: str
    is_scalable: bool = True  # False of a dark that holds a bias: only for its own exposure time
    is_own: bool = True

    @property
    def name(self):
        """The file without folder and ending."""
        return self.path.stem


def masters_in(folder):
    """Return the `Master` of each file that the scripts of 0_preparation have written."""
    found = []
    for path in sorted(Path(folder).glob("*.fits")):
        try:
            with open_frame(path) as stream:
                header = read_hdus(stream)[0].header
        except ImageRejected:
            continue
        if KIND in header:
            found.append(Master(
                path, header[KIND], header.get("SETNAME", ""), header.get("CONFIG"),
                header.get("FILTER"), header.get("EXPTIME"), header.get("DETTEMP"),
                header.get("MJDMID"), header.get("NCOMBINE", 0), header.get("RECIPE", ""),
                header.get("SCALABLE", True)))
    return found


def read_planes(master):
    """Return image and variance of a master frame."""
    if master.is_own:
        image, variance, _, _ = read_stack(master.path)
        return Planes(image, variance)
    frame = read_frame(master.path)
    image = frame.data_adu
    sides = read_side_images(master.path)
    if "variance" in sides or "noise" in sides:
        variance = sides.get("variance", sides.get("noise", 0.0) ** 2).astype(np.float32)
    else:  # as the pixels scatter: the masters of others say nothing
        steps = np.diff(image, axis=1)[::3, ::3] / np.sqrt(2)
        sigma = MAD_TO_SIGMA * np.nanmedian(np.abs(steps - np.nanmedian(steps)))
        variance = np.full(image.shape, sigma**2, np.float32)
    variance = np.where(np.isfinite(variance), variance, np.float32(0))
    # Dark and flat in the units of our own
    if master.kind == "dark" and master.exptime_s:
        is_rate = "/s" in str(frame.header.get("BUNIT", "")).lower()
        per_s = np.float32(1.0 if is_rate else master.exptime_s)
        return Planes(image / per_s, variance / per_s**2)
    if master.kind == "flat":
        level = np.float32(np.nanmedian(image))
        return Planes(image / level, variance / level**2)
    return Planes(image, variance)


def given_masters(folder, set_name, describe):
    """Return the masters of a folder that were made elsewhere.

    `describe` gives kind, filter, exptime_s, temperature_c and mjd of a header and a path, or
    None for a file that is no master. UserError if there is none.
    """
    found = []
    for path in list_frames(folder):
        try:
            header = read_header(path)
            described = describe(header, path)
        except ImageRejected as problem:
            raise UserError(f"masters of {set_name}: {path.name}: {problem}") from problem
        if described:
            kind, name_of_filter, exptime_s, temperature_c, mjd = described
            found.append(Master(path, kind, set_name, None, name_of_filter, exptime_s,
                                temperature_c, mjd, 0, "", is_own=False))
    if not found:
        raise UserError(f"masters of {set_name}: no bias, dark or flat in {folder}.")
    return found


def put_aside(path, data):
    """Write a prepared frame as plain float32, for `rows_of`."""
    with atomic_path(path, is_synced=False) as temporary, open(temporary, "wb") as stream:
        for first in range(0, len(data), ROWS_AT_ONCE):
            np.ascontiguousarray(data[first:first + ROWS_AT_ONCE], np.float32).tofile(stream)


def rows_of(path, shape):
    """Return ``read(rows, cols)`` of a frame that was put aside."""
    def read(rows, cols):
        part = np.fromfile(path, np.float32, (rows.stop - rows.start) * shape[1],
                           offset=4 * rows.start * shape[1])
        return part.reshape(-1, shape[1])[:, cols]
    return read


def variance_table(variance_adu2):
    """Return the pixels with a variance above 0 as a table of a FITS file."""
    pixels = np.flatnonzero(variance_adu2 > 0).astype(np.int32)
    columns = [fits.Column("PIXEL", "J", array=pixels),
               fits.Column("VARIANCE", "E", array=variance_adu2.ravel()[pixels])]
    return fits.BinTableHDU.from_columns(columns, name=VARIANCE_NAME)


def variance_of_masters(path, shape):
    """Return the variance that masters brought into a frame, (ny, nx), 0 in most pixels; or None.

    None for a frame without the table, as every frame has that was not calibrated here.
    """
    with fits.open(path, memmap=False) as hdus:
        if VARIANCE_NAME not in hdus:
            return None
        table = hdus[VARIANCE_NAME].data
        variance = np.zeros(shape[0] * shape[1], np.float32)
        if len(table) and not 0 <= table["PIXEL"].min() <= table["PIXEL"].max() < variance.size:
            raise ImageRejected(f"{path}: {VARIANCE_NAME} is not of an image of {shape[1]} x "
                                f"{shape[0]} pixels")
        variance[table["PIXEL"]] = table["VARIANCE"]
    return variance.reshape(shape)
