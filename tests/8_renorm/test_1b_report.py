from cosmouline.errors import UserError

import pytest

SCRIPT = "8_renorm/1b_report"


def test_the_faintest_image_comes_first_with_its_numbers(lens_before, caplog):
    lens = lens_before(SCRIPT)

    lens.run(SCRIPT)

    text = (lens.work / "report_renorm1.txt").read_text()
    assert text.startswith("TINY: renorm1\n")
    rows = [[cell.strip() for cell in line.split("|")] for line in text.splitlines()
            if line.startswith("R_tiny")]
    faintest = max(lens.truth.good, key=lambda name: lens.rows[name]["renorm__renorm1"])
    assert len(rows) == 6
    assert rows[0][:4] == [faintest, f"{lens.rows[faintest]['renorm__renorm1']:.4f}",
                           f"{lens.rows[faintest]['renorm_sigma__renorm1']:.4f}", "8"]
    assert rows[-1][0] == min(lens.truth.good,
                              key=lambda name: lens.rows[name]["renorm__renorm1"])
    assert caplog.messages[-1].startswith("6 coefficients: ")


def test_the_script_before_is_named(lens_before):
    with pytest.raises(UserError, match=r"Run 8_renorm/1a_renormalize\.py first"):
        lens_before("8_renorm/1a_renormalize").run(SCRIPT)
