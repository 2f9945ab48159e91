from cosmouline.photometry.db_coefficient_tables import by_set

import pytest


def row(set_name, coeff, flux, telescope="T"):
    found = {"set_name": set_name, "telescope": telescope, "c": coeff, "s": 0.01 * coeff, "n": 5}
    return found if flux is None else found | {"f": flux}


def test_a_line_for_each_set_with_the_star_relative_to_the_first():
    rows = [row("A", 1.0, 100.0), row("A", 2.0, 50.0), row("A", 4.0, 25.0),
            row("B", 2.0, 60.0, "U"), row("C", 2.0, None)]

    lines = by_set(rows, "c", "s", "n", "f").splitlines()
    cells = [[cell.strip() for cell in line.split("|")] for line in lines[2:]]

    assert cells[0] == ["A", "T", "3", "2.0000", "1.0000", "4.0000", "1.00", "5", "1.0000", "0.00"]
    assert cells[1][:3] == ["B", "U", "1"]
    assert float(cells[1][8]) == pytest.approx(1.2)  # 2 x 60 beside 100
    assert cells[2][8:] == ["-", "-"]
    assert "star_scatter" not in by_set(rows, "c", "s", "n")
