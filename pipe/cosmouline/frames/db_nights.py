"""Group the rows of images by image, night or minutes."""

import logging

from cosmouline.database.columns import column, texts
from cosmouline.errors import UserError
from cosmouline.frames.nights import group_by_image, group_by_minutes, group_by_night

import numpy as np

log = logging.getLogger("cosmouline")


def grouped(rows, by, minutes):
    """Return the groups of images that become one point each: by night, image or minutes.

    Telescopes are never mixed. A night lasts from local noon to noon where the site is known.
    Raises UserError for an image without a date, as after an edit of the database.
    """
    mjd, telescopes = column(rows, "mjd"), texts(rows, "telescope")
    if undated := [row["img_name"] for row, date in zip(rows, mjd, strict=True)
                   if not np.isfinite(date)]:
        raise UserError(f"{len(undated)} images have no 'mjd' (first: {undated[0]}). Run "
                        f"1_character/1a_add_to_database.py --redo --only {undated[0]}.")
    if by == "image":
        return group_by_image(mjd)
    if by == "minutes":
        return group_by_minutes(mjd, minutes, telescopes)
    lon_deg = column(rows, "site_lon_deg")
    known = np.isfinite(lon_deg).all()
    if not known:
        log.warning("%d images have no longitude of their telescope: nights end at a gap of 0.4 "
                    "days instead of at local noon", np.isnan(lon_deg).sum())
    return group_by_night(mjd, lon_deg if known else None, labels=telescopes)
