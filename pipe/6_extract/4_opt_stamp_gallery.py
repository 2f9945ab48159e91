"""Draw the lens night by night, from the best seeing to the worst.

Needs   : stamps with marked cosmics (6_extract/1_extract_objects, 6_extract/2_find_cosmics)
Writes  : plots/stamp_gallery_<n>.png, of each band
Settings: lens_name
Next    : 7_deconv/0_star_photometry

Run as  : python pipe/6_extract/4_opt_stamp_gallery.py configs/MYLENS

Of each band 21 nights are shown, spread evenly over the order of their seeing. A night is the
median of its stamps, moved onto each other; pixels are interpolated here, only to look at. What
to look for: down to which seeing the images of the lens can be told apart.
"""

from cosmouline import library
from cosmouline.database import bands
from cosmouline.database.columns import column, texts
from cosmouline.frames.nights import group_by_night
from cosmouline.pages import contact_sheets
from cosmouline.plots.stamps import stamp_colours
from cosmouline.robust import median_of_finite
from cosmouline.run import run
from cosmouline.stamps import db_stamps

import numpy as np

ndimage = library("scipy.ndimage")

NEEDS = ("n_objects", "n_object_cosmics", "field_fwhm_arcsec", "medcoeff", "mjd",
         "align_angle_deg")
WRITES = ()
N_SHOWN = 21  # nights
SAME_ANGLE_DEG = 1.0  # images turned by more against the first of a night are left out of it


def nights_of(images):
    """Return one row per night: that of its first image, with all its images and its seeing."""
    longitude = np.nan_to_num(column(images, "site_lon_deg"))
    groups = group_by_night(column(images, "mjd"), longitude, labels=texts(images, "set_name"))
    rows = []
    for group in groups:
        first = images[group[0]]
        those = [images[i] for i in group if abs(
            images[i]["align_angle_deg"] - first["align_angle_deg"]) < SAME_ANGLE_DEG]
        seeing = float(np.median(column(those, "field_fwhm_arcsec")))
        rows.append(first | {"night": those, "night_fwhm_arcsec": seeing})
    return sorted(rows, key=lambda row: row["night_fwhm_arcsec"])


def picture(row, settings):
    """Return the colours of the lens in one night."""
    moved = []
    for image in row["night"]:
        stamps, names, _ = db_stamps.objects(image, settings)
        lens = names.index("lens")
        data_e = np.where(stamps.good[lens], stamps.data_e[lens], np.nan) * image["medcoeff"]
        back = -stamps.offset_px[lens][::-1]
        weight = ndimage.shift(np.isfinite(data_e).astype(float), back, order=1)
        seen = ndimage.shift(np.nan_to_num(data_e), back, order=1)
        moved.append(np.where(weight > 0.5, seen / np.maximum(weight, 0.5), np.nan))
    return stamp_colours(median_of_finite(np.array(moved)))


def main(settings, db):
    """Draw the sheets, one for each band."""
    images = db.to_treat(settings, NEEDS)
    for one, those in bands.split(images, settings):
        nights = nights_of(those)
        places = np.unique(np.linspace(0, len(nights) - 1, N_SHOWN).round().astype(int))
        contact_sheets.save([nights[i] for i in places], "stamp_gallery", one, __file__, picture,
                            note=lambda row: f"{row['night_fwhm_arcsec']:.2f}\"  "
                                             f"n = {len(row['night'])}",
                            title=f"{one.band} lens by night, best seeing first".strip())


if __name__ == "__main__":
    run(main, __doc__)
