"""What goes into the HDF5 file of a deconvolution, from the rows of its images."""

from cosmouline import library
from cosmouline.astrometry.db_lens_position import ARCSEC_PER_DEG
from cosmouline.database.columns import column, texts

import numpy as np

astropy_wcs = library("astropy.wcs")

COLUMNS = ("mjd", "mhjd", "exptime_s", "gain_e_per_adu", "airmass", "sky_level_e",
           "pixel_scale_arcsec")


def conditions(rows, dec_name):
    """Return dates, seeing, coefficient and so on by name, each (n,); NaN or "": not known."""
    found = {"img_name": texts(rows, "img_name")}
    found |= {name: texts(rows, name) for name in ("telescope", "set_name", "filter")}
    found |= {name: column(rows, name) for name in COLUMNS}
    return found | {"fwhm_arcsec": column(rows, "field_fwhm_arcsec"),
                    "coeff": column(rows, f"dec_coeff__{dec_name}"),
                    "coeff_sigma": column(rows, f"dec_coeff_sigma__{dec_name}")}


def stamp_wcs(epochs, shift_px, of_reference, centre_arcsec, lens_deg):
    """Return the WCS of each stamp: tangent planes about the lens.

    Parameters
    ----------
    epochs : Epochs
    shift_px : ndarray of float, shape (n, 2)
        Where the origin of the positions lies from the centre of each stamp.
    of_reference : ndarray of float, shape (2, 2)
        From pixels of the reference image to arcsec east and north.
    centre_arcsec : ndarray of float, shape (2,)
        Where that origin lies from the lens, east and north.
    lens_deg : tuple of float
        Right ascension and declination of the lens.
    """
    found, middle = [], (epochs.data_e.shape[1] - 1) / 2
    for linear, shift in zip(epochs.linear, shift_px, strict=True):
        wcs = astropy_wcs.WCS(naxis=2)
        wcs.wcs.ctype = "RA---TAN", "DEC--TAN"
        wcs.wcs.cunit = "deg", "deg"
        wcs.wcs.crval = lens_deg
        to_sky = of_reference @ np.linalg.inv(linear)
        wcs.wcs.cd = to_sky / ARCSEC_PER_DEG
        # the pixel, from 1, where the lens is
        wcs.wcs.crpix = middle + shift + 1 - np.linalg.inv(to_sky) @ centre_arcsec
        wcs.wcs.set()
        found.append(wcs)
    return found


def north_deg(wcs):
    """Return the angle from +y to north of a WCS, positive towards -x."""
    x, y = np.linalg.inv(wcs.wcs.cd) @ [0.0, 1.0]
    return float(np.degrees(np.arctan2(-x, y)))
