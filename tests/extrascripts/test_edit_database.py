"""Changes of the database by hand, on the small lens."""

from cosmouline.errors import UserError

import numpy as np
import pytest

FLAGS = "3_align/3_update_flags"
EDIT = "extrascripts/edit_database"


@pytest.fixture
def lens(lens_after):
    return lens_after(FLAGS)


def states(lens):
    """Give the counts of the scripts that status.py tells: {script: (done, out of date)}."""
    lens.run("extrascripts/status")
    lines = [line.split("|") for line in (lens.work / "report_status.txt").read_text().splitlines()
             if line.startswith(("1_", "2_", "3_"))]
    return {cells[0].strip(): (int(cells[1]), int(cells[3])) for cells in lines}


def test_an_image_is_rejected_and_revived_by_hand(lens, caplog):
    name = lens.truth.good[1]

    lens.run(EDIT, reject=[name], reason="trailed")
    assert (lens.rows[name]["gogogo"], lens.rows[name]["whynot"]) == (False, "by hand: trailed")
    lens.run(FLAGS)  # a script that does not know why leaves it alone
    assert lens.rows[name]["gogogo"] is False

    lens.run(EDIT, revive=[name])
    assert lens.rows[name]["gogogo"] is True
    assert "whynot" not in lens.rows[name]
    with pytest.raises(UserError, match="--reject: say why, with --reason"):
        lens.run(EDIT, reject=[name])


def test_to_reject_the_reference_image_is_told(lens, caplog):
    name = lens.rows["R_tiny_0000"]["ref_img_name"]
    lens.run(EDIT, reject=[name], reason="double")
    assert any("is the reference image: choose another one" in line for line in caplog.messages)


def test_the_kicklist_is_applied(lens):
    name = lens.truth.good[1]
    (lens.config / "kicklist.txt").write_text(f"{name} a satellite\n")
    lens.run(EDIT, kicklist=True)
    assert lens.rows[name]["whynot"] == "kicklist: a satellite"


def test_a_set_is_set_aside_and_taken_up(lens):
    lens.run(EDIT, treat="off", set="R")
    assert not lens.values("treatme").any()
    lens.run(EDIT, treat="on", telescope="TINY")
    assert lens.values("treatme").all()
    with pytest.raises(UserError, match=r"^no image has set_name 'V'. There are: set_name: R\.$"):
        lens.run(EDIT, treat="off", set="V")


@pytest.mark.parametrize("option", ["best", "typical"])
def test_the_test_list_by_seeing_has_the_reference_image(lens, option):
    lens.run(EDIT, **{option: 2})

    rows = {name: row for name, row in lens.rows.items() if row["gogogo"]}
    seeing = {name: row["fwhm_arcsec"] for name, row in rows.items()}
    middle = 0 if option == "best" else np.median(list(seeing.values()))
    expected = sorted(seeing, key=lambda name: abs(seeing[name] - middle))[:2]
    reference = lens.rows["R_tiny_0000"]["ref_img_name"]
    assert {name for name, row in lens.rows.items() if row["testlist"]} == {*expected, reference}

    lens.run(EDIT, no_tests=True)
    assert not any(row["testlist"] for row in lens.rows.values())


def test_the_test_list_by_file_keeps_its_comments(lens):
    name = lens.truth.good[1]
    (lens.config / "testlist.txt").write_text(f"{name} sharp\n")
    lens.run(EDIT, testlist=True)
    assert lens.rows[name]["test_comment"] == "sharp"
    with pytest.raises(UserError, match="give a number of images from 1 on"):
        lens.run(EDIT, best=-1)


def test_fields_are_removed_only_when_told_so(lens):
    before = lens.rows
    lens.run(EDIT, remove="sky_level_e")
    assert lens.rows == before

    lens.run(EDIT, remove="sky_*_e", yes=True)
    row = lens.rows[lens.truth.good[0]]
    assert not [name for name in row if name.startswith("sky_") and name.endswith("_e")]
    assert "sky_box_px" in row
    lens.run("1_character/4a_sky_stats")  # it knows that it has to do it again
    assert lens.values("sky_level_e").all()


@pytest.mark.parametrize(("pattern", "says"), [
    ("*", "without which an image is nothing"), ("none", "no image has a field like 'none'")])
def test_a_pattern_that_fits_too_much_or_nothing_is_refused(lens, pattern, says):
    with pytest.raises(UserError, match=says):
        lens.run(EDIT, remove=pattern, yes=True)


def test_a_changed_field_makes_what_needs_it_out_of_date(lens):
    assert states(lens)["1_character/2a_astrocalc"] == (6, 0)

    lens.run(EDIT, change=("mjd", "60280.5"), only=["0003"])

    assert lens.rows["R_tiny_0003"]["mjd"] == 60280.5
    after = states(lens)
    assert after["1_character/2a_astrocalc"] == (5, 1)
    assert after["1_character/1a_add_to_database"] == (6, 0)


@pytest.mark.parametrize(("field", "value", "says"), [
    ("mjd", "soon", "mjd: 'soon' is no float"), ("nofield", "1", "'nofield' is not declared"),
    ("gogogo", "off", "gogogo is not changed by hand here"), ("n_sources", "1.5", "is no int"),
    ("has_wcs", "perhaps", "'perhaps' is no bool"), ("mjd", "inf", "'inf' is no float")])
def test_a_wrong_change_is_one_line(lens, field, value, says):
    with pytest.raises(UserError, match=says):
        lens.run(EDIT, change=(field, value), only=["0003"])


def test_a_change_needs_images(lens):
    with pytest.raises(UserError, match="say which images, with --only"):
        lens.run(EDIT, change=("mjd", "1"))


def test_marks_of_all_kinds_and_a_second_change_in_one_call(lens, caplog):
    first, second = lens.truth.good[1:3]

    lens.run(EDIT, reject=[first], reason="trailed", best=1, change=("airmass", "none"),
             only=[second])

    assert lens.rows[first]["whynot"] == "by hand: trailed"
    assert "airmass" not in lens.rows[second]
    assert "airmass" in lens.rows[lens.truth.good[0]]
    assert lens.rows[lens.rows[second]["ref_img_name"]]["testlist"] is True
    assert caplog.messages[-1] == "5 of 7 images are in use"


def test_without_an_option_nothing_is_changed(lens):
    before = lens.rows
    lens.run(EDIT)
    assert lens.rows == before
