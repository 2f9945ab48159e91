from types import SimpleNamespace

from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.files.io_table import read_ecsv_columns
from cosmouline.lightcurve import db_curves
from cosmouline.lightcurve.io_rdb import read_rdb

import numpy as np
import pytest

SCRIPT = "lcmanip/1b_opt_exclude_nights"
READY = "lcmanip/1_join"


@pytest.fixture
def lens(lens_after):
    return lens_after(READY)


def days_of(lens):
    return [int(value) for value in lens.values("mhjd")]


def files(lens):
    """Return the texts of both files, but for the lines that tell which script has made them."""
    path = paths.light_curve(lens.settings())
    return [[line for line in one.read_text().splitlines() if "MADE" not in line]
            for one in (path, path.with_suffix(".ecsv"))]


def test_a_night_is_flagged_and_comes_back(lens, caplog):
    before, day = files(lens), days_of(lens)[2]
    nights = lens.config / "excluded_nights.txt"
    nights.write_text(f"# mine\n{day} clouds\n40000\n")

    lens.run(SCRIPT)
    lens.run(SCRIPT)  # twice is as once

    curve = read_rdb(paths.light_curve(lens.settings()))
    expected = [one != day for one in days_of(lens)]
    assert curve["flag"].tolist() == expected
    whole = read_ecsv_columns(paths.light_curve(lens.settings()).with_suffix(".ecsv"))
    assert whole["flag"].all()
    assert whole["excluded"].tolist() == [not one for one in expected]
    told = "\n".join(caplog.messages)
    assert f"mjd {day} clouds: 1 points excluded" in told
    assert "mjd 40000 : no point on this day" in told

    nights.unlink()
    lens.run(SCRIPT)
    assert files(lens) == before
    assert "no night is excluded" in "\n".join(caplog.messages)


def test_a_night_can_be_left_out_and_is_still_in_the_whole_table(lens):
    day = days_of(lens)[0]
    (lens.config / "excluded_nights.txt").write_text(f"{day}\n")
    lens.set("excluded_nights = 'drop'\n")

    lens.run(SCRIPT)
    by_script = files(lens)
    lens.run(READY)  # joining reads the list too

    curve = read_rdb(paths.light_curve(lens.settings()))
    assert [int(one) for one in curve["mhjd"]] == [one for one in days_of(lens) if one != day]
    assert files(lens) == by_script
    assert len(by_script[1]) == len(by_script[0]) + len(
        [line for line in by_script[1] if line.startswith("#")])


def test_days_are_integers_or_dates(tmp_path):
    path = tmp_path / "nights.txt"
    path.write_text("58543 first\n2019-03-02   second # and more\n\n# 58545\n")

    # 2019-03-01 is mjd 58543
    assert db_curves.excluded_days(path) == {58543: "first", 58544: "second"}
    assert db_curves.excluded_days(tmp_path / "none.txt") == {}
    path.write_text("58543\n58544.3\n")
    with pytest.raises(UserError, match=r"nights\.txt, line 2: '58544\.3' is neither an integer"):
        db_curves.excluded_days(path)


def test_a_point_belongs_to_the_day_of_utc_in_which_it_lies(tmp_path):
    (tmp_path / db_curves.NIGHTS_FILE).write_text("58543\n")
    points = np.array([58542.99, 58543.01, 58543.99, 58544.01])

    out = db_curves.excluded(points, SimpleNamespace(config_dir=tmp_path))

    assert out.tolist() == [False, True, True, False]


def test_the_script_before_is_named(lens_before):
    with pytest.raises(UserError, match=r"_by_night\.ecsv\. Run lcmanip/1_join\.py first"):
        lens_before(READY).run(SCRIPT)
