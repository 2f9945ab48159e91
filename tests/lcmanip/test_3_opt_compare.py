from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.lightcurve.io_rdb import read_rdb, write_rdb

import numpy as np
import pytest

SCRIPT = "lcmanip/3_opt_compare"


@pytest.fixture
def lens(lens_after):
    return lens_after("lcmanip/1_join")


def shifted(lens, **changes):
    """Write another table: A is 0.2 mag fainter, B is called Z, and dates differ by minutes."""
    table = read_rdb(paths.light_curve(lens.settings()))
    table["mhjd"] = table["mhjd"] + 0.003
    table["mag_A"] = table["mag_A"] + 0.2 + changes.get("noise", 0.0)
    renamed = {name.replace("_B", "_Z"): values for name, values in table.items()}
    path = lens.folder / "other.rdb"
    write_rdb(path, renamed)
    return path


def report_of(lens, name="other"):
    text = (lens.work / f"report_compare_{name}.txt").read_text()
    return {line.split()[0]: [float(word) for word in line.replace("|", " ").split()[1:]]
            for line in text.splitlines() if line[1:2] == "-" and line[0] in "AB"}


def test_offset_and_scatter_are_found(lens, pages):
    noise = np.array([0.01, -0.01, 0.01, -0.01, 0.01, -0.01])

    lens.run(SCRIPT, second=shifted(lens, noise=noise), sources=["A=A", "B=Z"])

    found = report_of(lens)
    # first - second: the noise has the median 0 and the standard deviation sqrt(6/5) 0.01
    assert found["A-A"][:2] == [6, -0.2]
    assert found["A-A"][3] == pytest.approx(0.01 * np.sqrt(6 / 5), abs=6e-5)
    assert found["B-Z"][1:5] == [0, 0, 0, 0]
    curve = read_rdb(paths.light_curve(lens.settings()))
    error = np.median(np.sqrt(2) * curve["magerr_A_cov"])
    assert found["A-A"][5] == pytest.approx(error, abs=6e-5)
    assert "TINY: TINY_lens_by_night - other" in pages.texts("compare_other")
    shown = pages.heights("compare_other")
    assert shown[0] == pytest.approx(-1e3 * noise)
    assert shown[1] == pytest.approx(np.zeros(6), abs=1e-6)


def test_what_cannot_be_compared_is_told(lens):
    path = shifted(lens)
    with pytest.raises(UserError, match=r"no point of .* is within 0\.001 d of one of"):
        lens.run(SCRIPT, second=path, near=0.001)
    with pytest.raises(UserError, match=r"none\.rdb cannot be read"):
        lens.run(SCRIPT, second=lens.folder / "none.rdb")
