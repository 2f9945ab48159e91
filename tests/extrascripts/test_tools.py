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
    assert "python pipe/3_align/4_png_check.py" in text  # the first behind all that has run
    assert "ali" in text.split("--- Disk")[1]
    assert text.startswith("TINY: status\n")


def test_fields_are_listed_with_their_ranges(lens):
    lens.run(TOOLS + "list_fields")

    text = (lens.work / "report_fields.txt").read_text()
    assert text.startswith("TINY: fields\n")
    line, = [line.split("|") for line in text.splitlines() if line.startswith("fwhm_px ")]
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

    with pytest.raises(UserError, match=f"3 problems in {lens.work}, see above"):
        lens.run(TOOLS + "validate_database")
    assert any("is missing: run 1_character/1b_copy_convert" in line for line in caplog.messages)
    assert any("R_other.fits is of no image" in line for line in caplog.messages)
    assert f"{good}: it is rejected, but no whynot tells why" in caplog.messages


def test_an_image_is_told_by_a_part_of_its_name(lens, caplog):
    lens.run(TOOLS + "inspect_image", image="0003")

    text, = [line for line in caplog.messages if line.startswith("--- ")]
    assert text.startswith("--- R_tiny_0003")
    assert "seeing from the image's own sources" in text
    with pytest.raises(UserError, match=r"like 'R_tiny_003'\. Did you mean 'R_tiny_000\d'"):
        lens.run(TOOLS + "inspect_image", image="R_tiny_003")


def test_the_reference_image_can_be_inspected(lens, caplog):
    lens.run(TOOLS + "inspect_image", image="ref")
    name = lens.rows["R_tiny_0000"]["ref_img_name"]
    assert any(line.startswith(f"--- {name}") for line in caplog.messages)
