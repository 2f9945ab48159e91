from cosmouline.database import paths
from cosmouline.lightcurve.io_rdb import read_rdb

import pytest

SCRIPT = "9_quicklook/by_night"


def test_the_nights_are_those_of_the_joined_curve(lens_before, pages):
    lens = lens_before(SCRIPT)
    first, second = lens.truth.good[:2]
    for field in ("mjd", "mhjd"):
        lens.update(second, **{field: lens.rows[first][field] + 8 / 1440})

    lens.run(SCRIPT)
    lens.run("lcmanip/1_join")

    curve = read_rdb(paths.light_curve(lens.settings()))
    shown = pages.heights("lens_by_night")
    assert len(curve["mhjd"]) == 5
    assert shown[0] == pytest.approx(curve["mag_A"])
    assert shown[1] == pytest.approx(curve["mag_B"])
    assert "6 images, 5 nights" in pages.texts("lens_by_night")
