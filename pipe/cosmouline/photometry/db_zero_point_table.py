"""The zero points of images and nights, as a table."""

from cosmouline.database.columns import column, texts
from cosmouline.frames import db_nights
from cosmouline.photometry import zero_point
from cosmouline.robust import median_of_finite

import numpy as np

FIELDS = {
    "img_name": (str, "", "image"), "mjd": (float, "d", "middle of the exposure, UTC"),
    "night": (int, "1", "number of the night, from 1"),
    "zero_point": (float, "mag", "magnitude of a star of one electron per second"),
    "zero_point_sigma": (float, "mag", "its error"),
    "night_zero_point": (float, "mag", "median of its night")}


def of_images(rows, found, renorm):
    """Return one line per image: its zero point for electrons per second.

    Parameters
    ----------
    rows : list of dict
        Images that have the coefficient.
    found : ZeroPoint
        Of the reference scale.
    renorm : str
        Name of the coefficient.
    """
    sigma = np.fmax(column(rows, f"renorm_abs_sigma__{renorm}"),  # NaN without draws of the PSF
                    column(rows, f"renorm_sigma__{renorm}"))
    values, sigma = zero_point.of_images(found, column(rows, f"renorm__{renorm}"), sigma,
                                       column(rows, "exptime_s"))
    lines = [{"img_name": name, "mjd": row["mjd"], "zero_point": value, "zero_point_sigma": error}
             for name, row, value, error in zip(texts(rows, "img_name"), rows, values, sigma,
                                                strict=True)]
    for number, group in enumerate(db_nights.grouped(rows, "night", None), 1):
        for i in group:
            lines[i] |= {"night": number, "night_zero_point": median_of_finite(values[group])}
    return lines
