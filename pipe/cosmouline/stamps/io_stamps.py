"""Stamps of one image in one FITS file: DATA, SIGMA and MASK cubes, and a table of OBJECTS."""

from cosmouline import library
from cosmouline.files import origin
from cosmouline.files.atomic import atomic_path
from cosmouline.files.fits_cards import cards_of, native, values_of
from cosmouline.stamps.stamps import Stamps

import numpy as np

fits = library("astropy.io.fits")

MASK_MEANING = "sum of 1 bad, 2 saturated, 4 neighbour, 8 cosmic, 16 outside, 32 drawn"


def write_stamps(path, stamps, names, header):
    """Write the stamps of one image.

    Parameters
    ----------
    path : str or Path
    stamps : Stamps
    names : sequence of str
        Name of each object, ASCII.
    header : dict
        Values of the image by name (`fits_cards.cards_of`).

    Raises
    ------
    ValueError
        If there is not one name per stamp, or a value cannot be written.
    """
    if len(names) != len(stamps.data_e):
        raise ValueError(f"names must be one per stamp: {len(names)} for {len(stamps.data_e)}")
    # the objects: name, position, first pixel of the stamp
    text = np.array(names, dtype="S")
    columns = [
        fits.Column("name", f"{text.itemsize}A", array=text),
        fits.Column("x_px", "D", "pixel", array=stamps.position_px[:, 0]),
        fits.Column("y_px", "D", "pixel", array=stamps.position_px[:, 1]),
        fits.Column("x_corner_px", "J", "pixel", array=stamps.corner_px[:, 0]),
        fits.Column("y_corner_px", "J", "pixel", array=stamps.corner_px[:, 1]),
        fits.Column("is_usable", "L", array=stamps.is_usable),
    ]
    hdus = [
        fits.PrimaryHDU(header=origin.mark(cards_of(header))),
        fits.ImageHDU(stamps.data_e.astype(np.float32), name="DATA"),
        fits.ImageHDU(stamps.sky_sigma_e.astype(np.float32), name="SIGMA"),
        _mask_hdu(stamps.mask),
        fits.BinTableHDU.from_columns(columns, name="OBJECTS"),
    ]
    hdus[1].header["BUNIT"] = hdus[2].header["BUNIT"] = "electron"
    with atomic_path(path) as temporary:
        fits.HDUList(hdus).writeto(temporary)


def read_stamps(path):
    """Read the stamps of one image.

    Returns
    -------
    stamps : Stamps
    names : list of str
    header : dict
        As written by `write_stamps`.
    """
    with fits.open(path, memmap=False) as hdus:
        table = hdus["OBJECTS"].data
        corner_px = np.stack([table["x_corner_px"], table["y_corner_px"]], 1).astype(int)
        position_px = np.stack([table["x_px"], table["y_px"]], 1).astype(float)
        cubes = (native(hdus[name].data) for name in ("DATA", "SIGMA", "MASK"))
        stamps = Stamps(*cubes, corner_px, position_px, native(table["is_usable"]))
        return stamps, [str(name) for name in table["name"]], values_of(hdus[0].header)


def update_mask(path, mask):
    """Replace the masks in a file of stamps; ValueError if they have not the stamps' shape."""
    with fits.open(path, memmap=False) as hdus:
        if mask.shape != hdus["MASK"].data.shape:
            raise ValueError(f"mask must have the shape {hdus['MASK'].data.shape} of the stamps: "
                             f"{mask.shape}")
        hdus["MASK"] = _mask_hdu(mask)
        origin.mark(hdus[0].header)
        with atomic_path(path) as temporary:
            hdus.writeto(temporary)


def _mask_hdu(mask):
    """Return the extension with the masks."""
    hdu = fits.ImageHDU(np.asarray(mask, dtype=np.uint8), name="MASK")
    hdu.header["MEANING"] = MASK_MEANING
    return hdu
