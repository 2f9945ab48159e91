"""The choice of calibration frames: its list, edited by the user, and its contact sheet."""

from cosmouline.errors import UserError

import pytest

SCRIPT = "0_preparation/0b_choose_calibrations"


def used(night, kind):
    return [row["cal_use"] for row in night.rows().values() if row["cal_kind"] == kind]


def test_all_good_frames_are_used_and_listed_and_shown(done_night):
    assert [used(done_night, kind) for kind in ("bias", "dark", "flat")] == [[True] * 5] * 3
    lines = (done_night.work / "calibrations.txt").read_text().splitlines()

    assert len(lines) == 16
    assert lines[0].startswith("# name, and use, skip")
    assert all(" use  " in line for line in lines[1:])
    assert (done_night.work / "plots" / "calibrations_1.png").stat().st_size > 10_000


def test_the_list_of_the_user_decides_and_auto_ignores_it(night):
    name = night.rows()["flat_02.fits"]["standard_name"]
    science = night.rows()["tiny_0000.fits"]["standard_name"]
    (night.config / "calibrations.txt").write_text(
        f"# mine\n{name} skip a cloud\n{science} focus\n")

    night.run(SCRIPT)

    row = night.rows()["flat_02.fits"]
    assert not row["cal_use"]
    assert row["cal_reason"].startswith("calibrations.txt: skip (a cloud); level ")
    assert night.rows()["tiny_0000.fits"]["cal_kind"] == "focus"
    night.run(SCRIPT, auto=True)
    assert night.rows()["flat_02.fits"]["cal_use"]


def test_limits_of_the_command_line_stand_for_those_of_the_settings(night):
    night.run(SCRIPT, limits=[0.5, 0.8])

    assert not any(used(night, "flat"))
    assert all(used(night, "bias"))


def test_a_word_that_is_none_is_told_with_its_line(night):
    (night.config / "calibrations.txt").write_text("20231201T183826C0b drop\n")

    with pytest.raises(UserError, match=r"line 1: '20231201T183826C0b drop': give a name and one "
                                        "of use, skip, bias"):
        night.run(SCRIPT)
