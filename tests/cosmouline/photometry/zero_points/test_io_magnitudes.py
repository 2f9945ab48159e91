from cosmouline.errors import UserError
from cosmouline.photometry.zero_points.io_magnitudes import read_magnitudes

import numpy as np
import pytest
from astropy.table import Table


def test_lines_and_tables_are_read(tmp_path):
    (tmp_path / "a.txt").write_text("# name mag\na 15.25 0.01\n\nb 16 # red\n")
    Table({"name": ["a", "b"], "mag": [15.25, 16.0], "mag_error": [0.01, np.nan]}).write(
        tmp_path / "a.ecsv")

    for name in ("a.txt", "a.ecsv"):
        found = read_magnitudes(tmp_path / name)
        assert found["a"] == (15.25, 0.01)
        assert found["b"][0] == 16.0
        assert np.isnan(found["b"][1])


@pytest.mark.parametrize(("text", "words"), [
    ("a 15 0.1 3\n", "line 1: write name mag"), ("\na x\n", "line 2: write name mag"),
    ("a\n", "line 1: write name mag"), ("# none\n", "has no magnitude")])
def test_wrong_lines_are_told(tmp_path, text, words):
    (tmp_path / "a.txt").write_text(text)
    with pytest.raises(UserError, match=words):
        read_magnitudes(tmp_path / "a.txt")


def test_a_table_without_magnitudes_is_told(tmp_path):
    Table({"name": ["a"], "V": [1.0]}).write(tmp_path / "a.ecsv")
    with pytest.raises(UserError, match="must have the columns name and mag"):
        read_magnitudes(tmp_path / "a.ecsv")
