from cosmouline.photometry import db_zero_point_table
from cosmouline.photometry.zero_point import ZeroPoint

import numpy as np
import pytest


def test_the_error_of_an_image_is_that_of_its_coefficient_as_an_absolute_one():
    """Of 3 % where the PSF's sum is known to that, else the 1 % of the coefficient."""
    rows = [{"img_name": name, "mjd": 60000.1, "telescope": "T", "site_lon_deg": -70.0,
             "exptime_s": 100.0, "renorm__r": 1.0, "renorm_sigma__r": 0.01} for name in "ab"]
    rows[0]["renorm_abs_sigma__r"] = 0.03

    lines = db_zero_point_table.of_images(rows, ZeroPoint(25.0, 0.0, 0.0, None, None), "r")

    assert [line["zero_point"] for line in lines] == pytest.approx([20.0, 20.0])
    assert [line["zero_point_sigma"] for line in lines] == pytest.approx(
        2.5 / np.log(10) * np.array([0.03, 0.01]))
    assert [line["night"] for line in lines] == [1, 1]
