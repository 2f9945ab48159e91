"""List time, airmass, Moon and Sun of every image: the flagged ones first, then by airmass.

Needs   : airmass, Moon and Sun (1_character/2a_astrocalc)
Writes  : report_astrocalc.txt
Settings: lens_name
Next    : 1_character/2c_hot_pixels

Run as  : python pipe/1_character/2b_report.py configs/MYLENS

What to look for: every image is flagged for the same reason: then lens_ra_deg, lens_dec_deg, the
site of the telescope or its clock is wrong. A single one: the frame is of another target, or its
header is damaged.
"""

import math

from cosmouline.database import paths
from cosmouline.files import io_report
from cosmouline.run import log_line, run

NEEDS = ("mjd",)  # without a site there is no airmass
WRITES = ()
COLUMNS = ("img_name", "datetime_utc", "mhjd", "airmass", "alt_deg", "az_deg", "moon_dist_deg",
           "moon_alt_deg", "moon_percent", "sun_alt_deg")


def by_airmass(image):
    """Return the key to sort by: images without an airmass last, by time."""
    return image.get("airmass", math.inf), image["mjd"]


def main(settings, db):
    """Write the report."""
    images = db.to_treat(settings, NEEDS)
    flagged = [image for image in images if "astro_note" in image]
    fine = [image for image in images if "astro_note" not in image]
    path = paths.report(settings, "astrocalc")
    io_report.write_parts(path, f"{settings.lens_name}: time, airmass, Moon and Sun", [
        *io_report.by_set(flagged, ("img_name", "astro_note", *COLUMNS[1:]), by_airmass,
                          "flagged images"),
        *io_report.by_set(fine, COLUMNS, by_airmass, "images, lowest airmass first")])
    log_line("%d images, %d of them flagged: %s", len(images), len(flagged),
             paths.relative(path))


if __name__ == "__main__":
    run(main, __doc__)
