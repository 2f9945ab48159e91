"""A transform in the fields of a row, and back."""

from cosmouline.astrometry import db_transform
from cosmouline.astrometry.align import apply
from cosmouline.errors import UserError

import numpy as np
import pytest

MATRIX = np.array([[0.9, -0.2, 30.5], [0.1, 1.1, -7.25]])


def test_each_element_has_its_field():
    fields = db_transform.matrix_fields(MATRIX)

    assert fields == {"align_m11": 0.9, "align_m12": -0.2, "align_dx_px": 30.5,
                      "align_m21": 0.1, "align_m22": 1.1, "align_dy_px": -7.25}
    assert all(type(value) is float for value in fields.values())  # as the database wants them


def test_the_matrix_of_a_row_transforms_as_the_fields_say():
    row = db_transform.matrix_fields(MATRIX) | {"is_aligned": True}

    # x' = m11 x + m12 y + dx, y' = m21 x + m22 y + dy
    expected = (0.9 * 10 - 0.2 * 20 + 30.5, 0.1 * 10 + 1.1 * 20 - 7.25)
    assert apply(db_transform.matrix(row), (10.0, 20.0)) == pytest.approx(expected, rel=1e-14)


def test_a_row_whose_transform_is_none_is_told():
    row = db_transform.matrix_fields(MATRIX) | {
        "is_aligned": True, "img_name": "R_1", "align_m11": 0.0, "align_m12": 0.0}

    with pytest.raises(UserError, match=r"^R_1: align_m11, .* turn the image into a line\. Run "
                                        r"3_align/1b_identify_stars\.py --redo --only R_1\.$"):
        db_transform.matrix(row)


@pytest.mark.parametrize("row", [{}, {"is_aligned": False}, {"is_aligned": None}])
def test_an_image_that_is_not_aligned_has_none(row):
    assert db_transform.matrix(db_transform.matrix_fields(MATRIX) | row) is None


@pytest.mark.parametrize(("align_scale", "header", "right"), [
    (1.0, 0.5, 0.5), (1.02, 0.5, 0.5), (0.625, 0.5, 0.8), (0.625, 0.8, 0.8), (2.0, 0.25, 0.25)])
def test_the_pixel_scale_is_that_of_the_stars_where_the_header_has_another(
        align_scale, header, right):
    """A reference of 0.5 arcsec; where a pixel is 1.6 times as large, shifts are 0.625 times."""
    image = {"pixel_scale_arcsec": header, "align_scale": align_scale}

    found = db_transform.pixel_scale_arcsec(image, {"pixel_scale_arcsec": 0.5})

    assert found == pytest.approx(right)
