from cosmouline.errors import UserError

import pytest

SCRIPT = "3_align/1c_report"


def test_fewest_matches_come_first_and_what_is_not_aligned_last(lens_before, caplog):
    lens = lens_before(SCRIPT)
    lens.update("R_tiny_0003", n_align_stars=7)

    lens.run(SCRIPT)

    text = (lens.work / "report_alignment.txt").read_text()
    assert text.startswith("TINY: alignment\n")
    assert "reference: R_tiny_0001" in text
    aligned, rest = text.split("1 images not aligned")
    rows = [line for line in aligned.splitlines() if line.startswith("R_tiny")]
    assert len(rows) == 6
    assert rows[0].split(" | ")[0].strip() == "R_tiny_0003"
    clouded, = lens.truth.spoilt
    assert f"{clouded}" in rest
    assert "a match by chance" in rest
    assert caplog.messages[-1].startswith("6 aligned, 1 not: ")


def test_the_numbers_are_those_of_the_rows(lens_before):
    lens = lens_before(SCRIPT)
    lens.run(SCRIPT)

    text = (lens.work / "report_alignment.txt").read_text()
    line, = (line for line in text.splitlines() if line.startswith("R_tiny_0002"))
    row = lens.rows["R_tiny_0002"]
    cells = [cell.strip() for cell in line.split("|")]
    assert cells[1:4] == [str(row["n_align_stars"]), f"{row['align_rms_px']:.3f}",
                          f"{row['align_angle_deg']:.3f}"]


def test_the_script_before_is_named(lens_before):
    with pytest.raises(UserError, match=r"Run 3_align/1b_identify_stars\.py first"):
        lens_before("3_align/1b_identify_stars").run(SCRIPT)
