"""The tools that look at a database or change it by hand, on the small lens."""

from cosmouline.errors import UserError

import numpy as np
import pytest

FLAGS = "3_align/3_update_flags"
TOOLS = "extrascripts/"


@pytest.fixture
def lens(lens_after):
    return lens_after(FLAGS)


def states(lens):
    """Give the counts of the scripts that status.py tells: {script: (done, out of date)}."""
    lens.run(TOOLS + "status")
    lines = [line.split("|") for line in (lens.work / "report_status.txt").read_text().splitlines()
             if line.startswith(("1_", "2_", "3_"))]
    return {cells[0].strip(): (int(cells[1]), int(cells[3])) for cells in lines}


def test_status_tells_what_is_done_rejected_and_next(lens):
    found = states(lens)

    text = (lens.work / "report_status.txt").read_text()
    assert found["1_character/3a_detect"] == (6, 0)  # 7 frames, one behind a cloud
    assert "1 rejected: not aligned" in text
    assert "R   |      7 |      6 |        1 |" in text
    assert "python pipe/2_skysub/2_sky_pngs.py" in text  # the first that has not run
    assert "ali" in text.split("--- Disk")[1]


def test_fields_are_listed_with_their_ranges(lens):
    lens.run(TOOLS + "list_fields")

    line, = [line.split("|") for line in (lens.work / "report_fields.txt").read_text().splitlines()
             if line.startswith("fwhm_px ")]
    values = lens.values("fwhm_px", [name for name in lens.rows if "fwhm_px" in lens.rows[name]])
    assert int(line[2]) == len(values)
    np.testing.assert_allclose([float(cell) for cell in line[3:6]],
                               np.percentile(values, (0, 50, 100)), rtol=1e-5)  # 6 digits


def test_a_sound_database_is_told(lens, caplog):
    lens.run(TOOLS + "validate_database")
    assert "7 images: nothing is wrong" in caplog.messages


def test_what_is_wrong_with_a_database_is_told(lens, caplog):
    good = lens.truth.good[0]
    (lens.work / f"ali/{good}.fits").unlink()
    (lens.work / "sky/R_other.fits").write_text("")
    lens.update(good, gogogo=False)

    with pytest.raises(UserError, match="3 problems"):
        lens.run(TOOLS + "validate_database")
    assert any("is gone: run 1_character/1b_copy_convert.py" in line for line in caplog.messages)
    assert any("R_other.fits is of no image" in line for line in caplog.messages)
    assert f"{good}: it is rejected, but no whynot tells why" in caplog.messages


def test_an_image_is_told_by_a_part_of_its_name(lens, caplog):
    lens.run(TOOLS + "inspect_image", image="0003")

    text, = [line for line in caplog.messages if line.startswith("--- ")]
    assert text.startswith("--- R_tiny_0003")
    assert "seeing from the image's own sources" in text
    with pytest.raises(UserError, match=r"like 'R_tiny_003'\. Did you mean R_tiny_000\d"):
        lens.run(TOOLS + "inspect_image", image="R_tiny_003")


def test_the_reference_image_can_be_inspected(lens, caplog):
    lens.run(TOOLS + "inspect_image", image="ref")
    name = lens.rows["R_tiny_0000"]["ref_img_name"]
    assert any(line.startswith(f"--- {name}") for line in caplog.messages)


def test_an_image_is_rejected_and_revived_by_hand(lens, caplog):
    name = lens.truth.good[1]

    lens.run(TOOLS + "set_gogogo", reject=[name], reason="trailed")
    assert (lens.rows[name]["gogogo"], lens.rows[name]["whynot"]) == (False, "by hand: trailed")
    lens.run(FLAGS)  # a script that does not know why leaves it alone
    assert lens.rows[name]["gogogo"] is False

    lens.run(TOOLS + "set_gogogo", revive=[name])
    assert lens.rows[name]["gogogo"] is True
    assert "whynot" not in lens.rows[name]
    with pytest.raises(UserError, match="--reject: say why, with --reason"):
        lens.run(TOOLS + "set_gogogo", reject=[name])


def test_to_reject_the_reference_image_is_told(lens, caplog):
    name = lens.rows["R_tiny_0000"]["ref_img_name"]
    lens.run(TOOLS + "set_gogogo", reject=[name], reason="double")
    assert any("is the reference image: choose another one" in line for line in caplog.messages)


def test_the_kicklist_is_applied(lens):
    name = lens.truth.good[1]
    (lens.config / "kicklist.txt").write_text(f"{name} a satellite\n")
    lens.run(TOOLS + "set_gogogo")
    assert lens.rows[name]["whynot"] == "kicklist: a satellite"


def test_a_set_is_set_aside_and_taken_up(lens):
    lens.run(TOOLS + "set_treatme", state="off", set="R")
    assert not lens.values("treatme").any()
    lens.run(TOOLS + "set_treatme", state="on", telescope="TINY")
    assert lens.values("treatme").all()
    with pytest.raises(UserError, match=r"^no image has set_name 'V'. There are: set_name: R\.$"):
        lens.run(TOOLS + "set_treatme", state="off", set="V")


@pytest.mark.parametrize("option", ["best", "typical"])
def test_the_test_list_by_seeing_has_the_reference_image(lens, option):
    lens.run(TOOLS + "set_testlist", **{option: 2})

    rows = {name: row for name, row in lens.rows.items() if row["gogogo"]}
    seeing = {name: row["fwhm_arcsec"] for name, row in rows.items()}
    middle = 0 if option == "best" else np.median(list(seeing.values()))
    expected = sorted(seeing, key=lambda name: abs(seeing[name] - middle))[:2]
    reference = lens.rows["R_tiny_0000"]["ref_img_name"]
    assert {name for name, row in lens.rows.items() if row["testlist"]} == {*expected, reference}

    lens.run(TOOLS + "reset_testlist")
    assert not any(row["testlist"] for row in lens.rows.values())


def test_the_test_list_by_file_keeps_its_comments(lens):
    name = lens.truth.good[1]
    (lens.config / "testlist.txt").write_text(f"{name} sharp\n")
    lens.run(TOOLS + "set_testlist")
    assert lens.rows[name]["test_comment"] == "sharp"
    with pytest.raises(UserError, match="give a number of images from 1 on"):
        lens.run(TOOLS + "set_testlist", best=-1)


def test_fields_are_removed_only_when_told_so(lens):
    before = lens.rows
    lens.run(TOOLS + "remove_fields", pattern="sky_level_e")
    assert lens.rows == before

    lens.run(TOOLS + "remove_fields", pattern="sky_*_e", yes=True)
    row = lens.rows[lens.truth.good[0]]
    assert not [name for name in row if name.startswith("sky_") and name.endswith("_e")]
    assert "sky_box_px" in row
    lens.run("1_character/4a_sky_stats")  # it knows that it has to do it again
    assert lens.values("sky_level_e").all()


@pytest.mark.parametrize(("pattern", "says"), [
    ("*", "without which an image is nothing"), ("none", "no image has a field like 'none'")])
def test_a_pattern_that_fits_too_much_or_nothing_is_refused(lens, pattern, says):
    with pytest.raises(UserError, match=says):
        lens.run(TOOLS + "remove_fields", pattern=pattern, yes=True)


def test_a_changed_field_makes_what_needs_it_out_of_date(lens):
    assert states(lens)["1_character/2a_astrocalc"] == (6, 0)

    lens.run(TOOLS + "change_field", field="mjd", value="60280.5", only=["0003"])

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
        lens.run(TOOLS + "change_field", field=field, value=value, only=["0003"])


def test_a_change_needs_images(lens):
    with pytest.raises(UserError, match="say which images, with --only"):
        lens.run(TOOLS + "change_field", field="mjd", value="1")
