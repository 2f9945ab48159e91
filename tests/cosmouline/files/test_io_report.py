"""io_report.py: text laid out character by character as expected."""

from cosmouline.files.io_report import Part, by_set, table, write_parts, write_report

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


def test_nan_is_absent_and_one_text_sets_a_column_left():
    assert table([{"a": float("nan")}, {"a": 1.5}], ["a"]) == "  a\n---\n  -\n1.5\n"
    assert table([{"a": 1}, {"a": "many"}], ["a"]) == "a\n----\n1\nmany\n"


def test_a_table_without_rows_has_its_head():
    assert table([], ["a", "bb"]) == "a | bb\n------\n"


def test_rows_may_come_from_a_generator():
    assert table((row for row in ROWS), ["n"]) == " n\n--\n12\n -\n"


def test_a_report_has_title_and_text(tmp_path):
    write_report(tmp_path / "report_seeing.txt", "Seeing", table(ROWS, ["n"]))

    assert (tmp_path / "report_seeing.txt").read_text() == "Seeing\n======\n\n n\n--\n12\n -\n"


def test_a_report_is_written_again_only_where_it_changed(tmp_path):
    path = tmp_path / "r.txt"
    write_report(path, "T", "a")
    before = path.stat()

    write_report(path, "T", "a")
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    write_report(path, "T", "b")
    assert path.read_text() == "T\n=\n\nb\n"


def test_each_set_is_a_part_sorted_by_its_key_and_rows_without_it_are_last():
    rows = [{"img_name": name, "set_name": one, "mjd": mjd} for name, one, mjd in (
        ("b", "V", 1.0), ("c", "R", None), ("a", "R", 3.0), ("d", "R", 2.0))]

    parts = by_set(rows, ("img_name",), lambda row: row["mjd"], "frames")

    assert [part.head for part in parts] == ["R: 3 frames", "V: 1 frames"]
    assert [row["img_name"] for row in parts[0].rows] == ["d", "a", "c"]


def test_parts_follow_each_other_and_an_empty_one_is_its_line(tmp_path):
    write_parts(tmp_path / "r.txt", "T", [Part("2 rows", ROWS, ("n",)), Part("0 rows", [], ("n",)),
                                          "a line"])

    assert (tmp_path / "r.txt").read_text() == (
        "T\n=\n\n2 rows\n\n n\n--\n12\n -\n\n0 rows\n\na line\n")


def test_fields_have_as_many_digits_as_they_are_good_to():
    assert table([{"airmass": 1.23456}], ["airmass"]).splitlines()[-1].strip() == "1.23"
    assert table([{"airmass": 1.23456}], ["airmass"], {"airmass": ".1f"}).endswith(" 1.2\n")
