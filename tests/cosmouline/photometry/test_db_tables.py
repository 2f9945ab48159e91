from cosmouline.photometry import db_tables
from cosmouline.photometry.zero_point import ZeroPoint

import numpy as np
import pytest


def row(set_name, coeff, flux, telescope="T"):
    found = {"set_name": set_name, "telescope": telescope, "c": coeff, "s": 0.01 * coeff, "n": 5}
    return found if flux is None else found | {"f": flux}


def test_a_line_for_each_set_with_the_star_relative_to_the_first():
    rows = [row("A", 1.0, 100.0), row("A", 2.0, 50.0), row("A", 4.0, 25.0),
            row("B", 2.0, 60.0, "U"), row("C", 2.0, None)]

    lines = db_tables.by_set(rows, "c", "s", "n", "f").splitlines()
    cells = [[cell.strip() for cell in line.split("|")] for line in lines[2:]]

    assert cells[0] == ["A", "T", "3", "2.0000", "1.0000", "4.0000", "1.00", "5", "1.0000", "0.00"]
    assert cells[1][:3] == ["B", "U", "1"]
    assert float(cells[1][8]) == pytest.approx(1.2)  # 2 x 60 beside 100
    assert cells[2][8:] == ["-", "-"]
    assert "star_scatter" not in db_tables.by_set(rows, "c", "s", "n")


def test_the_error_of_an_image_is_that_of_its_coefficient_as_an_absolute_one():
    """Of 3 % where the PSF's sum is known to that, else the 1 % of the coefficient."""
    rows = [{"img_name": name, "mjd": 60000.1, "telescope": "T", "site_lon_deg": -70.0,
             "exptime_s": 100.0, "renorm__r": 1.0, "renorm_sigma__r": 0.01} for name in "ab"]
    rows[0]["renorm_abs_sigma__r"] = 0.03

    lines = db_tables.zero_points(rows, ZeroPoint(25.0, 0.0, 0.0, None, None), "r")

    assert [line["zero_point"] for line in lines] == pytest.approx([20.0, 20.0])
    assert [line["zero_point_sigma"] for line in lines] == pytest.approx(
        2.5 / np.log(10) * np.array([0.03, 0.01]))
    assert [line["night"] for line in lines] == [1, 1]
