"""reports.py: text laid out character by character as expected."""

from cosmouline.reports import table, write_report

ROWS = [
    {"img_name": "R_001", "fwhm_px": 3.14159, "n": 12, "gogogo": True},
    {"img_name": "R_10", "fwhm_px": None, "gogogo": False, "whynot": "two\nlines"},
]


def test_numbers_stand_right_and_texts_left_and_absent_values_are_dashes():
    text = table(ROWS, ["img_name", "fwhm_px", "n", "gogogo", "whynot"], {"fwhm_px": ".2f"})

    assert text == (
        "img_name | fwhm_px |  n | gogogo | whynot\n"
        "--------------------------------------------\n"
        "R_001    |    3.14 | 12 | True   | -\n"
        "R_10     |       - |  - | False  | two lines\n"
    )


def test_a_table_without_rows_has_its_head():
    assert table([], ["a", "bb"]) == "a | bb\n------\n"


def test_rows_may_come_from_a_generator():
    assert table((row for row in ROWS), ["n"]) == " n\n--\n12\n -\n"


def test_a_report_has_title_and_text(tmp_path):
    write_report(tmp_path / "report_seeing.txt", "Seeing", table(ROWS, ["n"]))

    assert (tmp_path / "report_seeing.txt").read_text() == "Seeing\n======\n\n n\n--\n12\n -\n"
