"""Draw all images that are out of use, each with the reason.

Needs   : the rows of the database; ali/<img_name>.fits (1_character/1b_copy_convert)
Writes  : plots/out_of_use_<n>.png, report_out_of_use.txt
Settings: lens_name
Next    : take images off kicklist.txt, or loosen the limit that rejected them

Run as  : python extrascripts/kick_sheet.py configs/MYLENS

An image whose frame could not be read has an empty cell. The report counts the reasons.
"""

import re
from collections import Counter

from cosmouline.database import paths
from cosmouline.database.database import KICKED
from cosmouline.files import io_report
from cosmouline.pages import contact_sheets
from cosmouline.run import log_line, run


def kind(why):
    """Return a reason without its numbers, to count reasons that are alike."""
    return re.sub(r"-?\d+(\.\d+)?", "#", why)


def main(settings, db):
    """Draw the sheets and write the report."""
    images = contact_sheets.in_order(db.select(gogogo=False))
    kinds = Counter(kind(image.get("whynot", "no reason given")) for image in images)
    path = paths.report(settings, "out_of_use")
    io_report.write_parts(path, f"{settings.lens_name}: out of use", [
        io_report.Part(f"{len(images)} of {len(db.rows)} images are out of use",
                       [{"images": n, "reason": why} for why, n in kinds.most_common()],
                       ("images", "reason")),
        *io_report.by_set(images, ("img_name", "whynot", "fwhm_arcsec", "ellipticity",
                                   "sky_level_e", "n_sources"), lambda im: im.get("mjd"))])
    log_line("%d of %d images are out of use: %s", len(images), len(db.rows),
             paths.relative(path))
    contact_sheets.save(
        images, "out_of_use", settings, __file__, contact_sheets.frame, note_lines=4,
        note=lambda image: image.get("whynot", "no reason given"),
        status=lambda image: "set aside" if image.get("whynot", "").startswith(KICKED)
        else "rejected", title="images out of use")


if __name__ == "__main__":
    run(main, __doc__)
