"""The transform from the reference image to an image, in the fields of its row."""

from cosmouline.astrometry.align import apply
from cosmouline.errors import UserError

import numpy as np

SCALE_WITHIN = 0.03
LEAST_AREA = 1e-6  # of a pixel of the reference image, in pixels of another one
MATRIX = ("align_m11", "align_m12", "align_dx_px", "align_m21", "align_m22", "align_dy_px")


def matrix(image):
    """Return the transform from reference to image pixels, (2, 3); None if not aligned.

    Raises UserError where it cannot be one.
    """
    if not image.get("is_aligned"):
        return None
    found = np.array([image[name] for name in MATRIX]).reshape(2, 3)
    if abs(np.linalg.det(found[:, :2])) < LEAST_AREA:  # of a database changed by hand
        raise UserError(f"{image['img_name']}: {', '.join(MATRIX)} turn the image into a line. "
                        "Run 3_align/1b_identify_stars.py --redo --only "
                        f"{image['img_name']}.")
    return found


def pixel_scale_arcsec(image, reference):
    """Return the pixel scale of an aligned image in arcsec: of its header, or by the alignment.

    The alignment compares it with the reference image; where they differ by more than 3 %, the
    stars are right and the header is that of other optics or binning.
    """
    by_stars = reference["pixel_scale_arcsec"] / image.get("align_scale", 1.0)
    by_header = image["pixel_scale_arcsec"]
    return by_header if abs(by_stars / by_header - 1) <= SCALE_WITHIN else by_stars


def matrix_fields(matrix):
    """Return the fields of a row that hold a transform."""
    return dict(zip(MATRIX, np.ravel(matrix).tolist(), strict=True))


def alignment_fields(found, lens_xy):
    """Return the fields of an image that is aligned; `lens_xy` is the lens on the reference."""
    lens_x_px, lens_y_px = apply(found.matrix, lens_xy[None])[0].tolist()
    return matrix_fields(found.matrix) | {
        "is_aligned": True, "n_align_stars": found.n_matches, "align_rms_px": found.rms_px,
        "align_angle_deg": found.angle_deg, "align_scale": found.scale,
        "align_parity": found.parity, "lens_x_px": lens_x_px, "lens_y_px": lens_y_px}
