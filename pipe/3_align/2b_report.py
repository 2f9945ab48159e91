"""List the transform of every image: scale, angle, shift, residuals; first those without one.

Needs   : the transforms (3_align/1b_identify_stars)
Writes  : report_transforms.txt
Settings: lens_name, sets
Next    : 3_align/3_update_flags

Run as  : python pipe/3_align/2b_report.py configs/MYLENS

The shift is the position of the middle of the reference image, from the middle of the image and
in its pixels. "aligned_part" is the fraction of the reference image that an image covers, once
3_align/2a_opt_align has run.
"""

from cosmouline.astrometry import db_transform
from cosmouline.astrometry.align import apply
from cosmouline.database import paths
from cosmouline.files import io_report
from cosmouline.run import log_line, run

import numpy as np

NEEDS = ("is_aligned",)
WRITES = ()

COLUMNS = ("img_name", "n_align_stars", "align_scale", "align_angle_deg", "align_parity",
           "shift_x_px", "shift_y_px", "align_rms_px", "aligned_part")
FORMATS = {"align_rms_px": ".3f", "align_angle_deg": ".3f", "align_scale": ".5f",
           "shift_x_px": ".2f", "shift_y_px": ".2f", "aligned_part": ".2f"}


def with_shift(image, reference):
    """Return the row of an image with the shift of the middle of the reference in it."""
    middle, own = (np.array([row["nx_px"] - 1, row["ny_px"] - 1]) / 2
                   for row in (reference, image))
    shift = apply(db_transform.matrix(image), middle) - own
    return image | {"shift_x_px": shift[0], "shift_y_px": shift[1]}


def main(settings, db):
    """Write the report, by set; in each the worst residuals first."""
    images = db.to_treat(settings, NEEDS)
    reference = db.reference()
    lost = [image for image in images if not image["is_aligned"]]
    parts = [f"reference: {reference['img_name']}", f"{len(lost)} images without a transform",
             io_report.table(lost, ("img_name", "align_note", "n_sources"))]
    for one in settings.sets:
        found = [with_shift(image, reference) for image in images
                 if image["set_name"] == one["name"] and image["is_aligned"]]
        found.sort(key=lambda image: -image["align_rms_px"])
        parts += [f"set {one['name']}: {len(found)} images with a transform",
                  io_report.table(found, COLUMNS, FORMATS)]
    path = paths.report(settings, "transforms")
    io_report.write_report(path, f"{settings.lens_name}: transforms", "\n\n".join(parts))
    log_line("%d of %d images have no transform: %s", len(lost), len(images),
             paths.relative(path))


if __name__ == "__main__":
    run(main, __doc__)
