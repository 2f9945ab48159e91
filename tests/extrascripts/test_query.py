import csv

from cosmouline.errors import UserError

import pytest

SCRIPT = "extrascripts/query"
READY = "1_character/3b_measure_seeing"


def test_the_answer_is_what_the_database_holds(lens_after, tmp_path):
    lens = lens_after(READY)
    path = tmp_path / "seeing.csv"

    lens.run(SCRIPT, csv=path, question="select img_name, fwhm_px from images where gogogo "
                                        "order by img_name desc")

    with open(path, newline="") as file:
        head, *lines = csv.reader(file)
    expected = [(row["img_name"], row["fwhm_px"]) for row in lens.rows.values() if row["gogogo"]]
    assert head == ["img_name", "fwhm_px"]
    assert [(name, float(fwhm)) for name, fwhm in lines] == sorted(expected, reverse=True)


def test_without_a_question_tables_and_columns_are_listed(lens_after, caplog):
    lens_after(READY).run(SCRIPT)

    listed = next(text for text in caplog.messages if text.startswith("images: "))
    assert {"img_name", "fwhm_px", "mjd"} <= set(listed.removeprefix("images: ").split(", "))


def test_the_database_is_left_as_it_is(lens_after):
    lens = lens_after(READY)
    before = (lens.work / "database.json").read_bytes()

    lens.run(SCRIPT, question="select count(*) from images")
    with pytest.raises(UserError, match="readonly"):
        lens.run(SCRIPT, question="update images set gogogo = 0")

    assert (lens.work / "database.json").read_bytes() == before
