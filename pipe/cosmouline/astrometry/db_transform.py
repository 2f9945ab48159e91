"""The transform from the reference image to an image, in the fields of its row."""

import numpy as np

MATRIX = ("align_m11", "align_m12", "align_dx_px", "align_m21", "align_m22", "align_dy_px")


def matrix(image):
    """Return the transform from reference to image pixels, (2, 3); None if not aligned."""
    if not image.get("is_aligned"):
        return None
    return np.array([image[name] for name in MATRIX]).reshape(2, 3)


def matrix_fields(matrix):
    """Return the fields of a row that hold a transform."""
    return dict(zip(MATRIX, np.ravel(matrix).tolist(), strict=True))
