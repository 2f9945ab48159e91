"""Catalogues of detected sources: one FITS table per image."""

from cosmouline import library
from cosmouline.files import origin
from cosmouline.files.atomic import atomic_path

import numpy as np

fits = library("astropy.io.fits")

UNITS = {"x_px": "pix", "y_px": "pix", "flux_e": "electron", "peak_e": "electron",
         "fwhm_px": "pix", "pa_deg": "deg"}


def write_sources(path, catalog):
    """Write a structured array, such as ``detect.detect_sources`` gives, as a FITS table."""
    table = fits.BinTableHDU(catalog, name="SOURCES")
    for column in table.columns:
        column.unit = UNITS.get(column.name)
    table.header["COMMENT"] = "Pixels count from 0 at the centre of the first one."
    origin.mark(table.header)
    with atomic_path(path) as temporary:
        table.writeto(temporary)


def read_sources(path):
    """Return the structured array of a FITS table, brightest first, in native byte order."""
    records = fits.getdata(path, 1)
    columns = {name: np.asarray(records[name]) for name in records.names}
    dtype = [(name, values.dtype.newbyteorder("=")) for name, values in columns.items()]
    catalog = np.empty(len(records), dtype)
    for name, values in columns.items():
        catalog[name] = values
    return catalog
