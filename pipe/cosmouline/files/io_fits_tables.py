"""FITS files of several tables, as dicts of arrays."""

from cosmouline import library
from cosmouline.files.atomic import atomic_path
from cosmouline.files.fits_cards import native

import numpy as np

fits, astropy_table = library("astropy.io.fits"), library("astropy.table")


def write_tables(path, tables, cards=None):
    """Write tables, each an extension of its name.

    Parameters
    ----------
    path : Path
        Its folder is made.
    tables : dict of str to dict of ndarray
        Columns by name, all of one length.
    cards : dict, optional
        Values for the first header, by keyword.
    """
    primary = fits.PrimaryHDU()
    for key, value in (cards or {}).items():
        primary.header[key] = value
    hdus = [fits.table_to_hdu(astropy_table.Table({
        column: np.asarray(values) for column, values in columns.items()}))
        for columns in tables.values()]
    for hdu, name in zip(hdus, tables, strict=True):
        hdu.name = name
    with atomic_path(path) as temporary:
        fits.HDUList([primary, *hdus]).writeto(temporary)


def read_table(path, name):
    """Return the columns of one table as a dict of ndarray, texts as str."""
    with fits.open(path, memmap=False) as hdus:
        data = hdus[name].data
        return {column: np.array(data[column]).astype(str) if data[column].dtype.kind in "SU"
                else native(np.asarray(data[column])) for column in data.columns.names}
