"""Take frames that are aligned already as they are, instead of 1b_identify_stars.

Needs   : the size of the images (1_character/1b_copy_convert), the reference image
Writes  : is_aligned, align_note, the matrix align_*, lens_x_px, lens_y_px -> database
Settings: lens_ra_deg, lens_dec_deg, lens_position_px, ref_img_name
Next    : 3_align/1c_report

Run as  : python pipe/3_align/1b_alt_no_align.py configs/MYLENS
          (or run_all.py --alt 3_align/1b_alt_no_align, which runs it instead)

Every image gets the identity as its transform: stacks, made-up frames, and fields with too few
stars for a match. An image of another size than the reference image is not aligned.
"""

from functools import partial

from cosmouline.astrometry import db_transform
from cosmouline.astrometry.db_lens_position import lens_on_reference
from cosmouline.run import for_each_image, run

import numpy as np

NEEDS = ("n_sources", "ref_img_name")
WRITES = ("is_aligned", "align_note", "n_align_stars", "align_rms_px", "align_angle_deg",
          "align_scale", "align_parity", "align_m11", "align_m12", "align_dx_px", "align_m21",
          "align_m22", "align_dy_px", "lens_x_px", "lens_y_px")


def measure(image, settings, size, lens_xy):
    """Return the identity, or why the image cannot be aligned to the reference image."""
    own = image["nx_px"], image["ny_px"]
    if own != size:
        return {"is_aligned": False,
                "align_note": "{} x {} pixels, the reference image {} x {}".format(*own, *size)}
    identity = np.eye(2, 3)
    return db_transform.matrix_fields(identity) | {
        "is_aligned": True, "n_align_stars": 0, "align_rms_px": 0.0, "align_angle_deg": 0.0,
        "align_scale": 1.0, "align_parity": 1, "lens_x_px": float(lens_xy[0]),
        "lens_y_px": float(lens_xy[1])}


def main(settings, db):
    """Give every image in use its transform."""
    images = db.to_treat(settings, NEEDS)
    reference = db.reference()
    work = partial(measure, size=(reference["nx_px"], reference["ny_px"]),
                   lens_xy=lens_on_reference(reference, settings))
    return for_each_image(work, images, settings, db, needs=NEEDS, writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
