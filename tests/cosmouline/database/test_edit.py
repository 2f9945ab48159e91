"""Choosing images, changing and forgetting fields; what a script knows of them goes along."""

from cosmouline.database.database import Database
from cosmouline.database.edit import change, chosen, fitting, forget, typed
from cosmouline.database.provenance import outcome
from cosmouline.errors import UserError

import pytest

COPY, SKY = "1_character/1b_copy_convert", "1_character/4a_sky_stats"


@pytest.fixture
def db(tmp_path):
    db = Database(tmp_path / "database.json")
    number = db.begin_run(SKY, {"sky_level_max_e": "None"})
    for name in ("R_a1", "R_a2", "R_b1"):
        db.update(name, {"gogogo": True, "sky_level_e": 10.0, "sky_sigma_e": 2.0, "nx_px": 5,
                         "flux_e__lens__A": 1.0, "flux_e__lens2__A": 2.0,
                         f"ran__{SKY}": f"done {number} {number}",
                         "ran__7_deconv/6_readout:lens2": f"done {number} {number}"})
    yield db
    db.close()


def test_images_by_name_and_by_part_of_it(db):
    db.update("R_a", {"gogogo": True})
    assert chosen(db.rows, ["_a1", "b1"]) == ["R_a1", "R_b1"]
    assert chosen(db.rows, ["R_a"]) == ["R_a"]  # a whole name means that image alone
    assert chosen(db.rows, ["R_"]) == ["R_a", "R_a1", "R_a2", "R_b1"]
    with pytest.raises(UserError, match=r"like 'R_c1'\. Did you mean 'R_[ab]1'"):
        chosen(db.rows, ["R_c1"])


@pytest.mark.parametrize(("field", "text", "value"), [
    ("nx_px", "12", 12), ("sky_level_e", "1e3", 1000.0), ("has_wcs", "no", False),
    ("filter", "R", "R"), ("airmass", "none", None)])
def test_texts_become_the_type_of_the_field(field, text, value):
    assert typed(field, text) == value
    assert type(typed(field, text)) is type(value)


def test_a_change_is_a_run_of_its_own(db):
    db.update("R_b1", {f"ran__{SKY}": None})
    change(db, ["R_a1", "R_a2", "R_b1"], "sky_level_e", 7.0)

    assert [db.rows[name]["sky_level_e"] for name in ("R_a1", "R_a2", "R_b1")] == [7.0] * 3
    assert outcome(db.rows["R_a1"], SKY) == ("done", 2, 2, "by hand")
    assert db.runs[2]["settings"] == db.runs[1]["settings"]  # so no setting seems changed
    assert outcome(db.rows["R_b1"], SKY)[0] is None  # it was never measured
    assert len(db.runs) == 2


def test_fields_are_found_by_pattern_and_forgotten_with_their_records(db):
    assert fitting(db.rows, "sky_level_e") == {"sky_level_e": 3}
    assert fitting(db.rows, "flux_e__{dec}__{source}") == {
        "flux_e__lens2__A": 3, "flux_e__lens__A": 3}
    found = fitting(db.rows, "flux_e__lens2__*")

    forget(db, list(found))

    row = db.rows["R_a1"]
    assert "flux_e__lens2__A" not in row
    assert "ran__7_deconv/6_readout:lens2" not in row
    assert {"flux_e__lens__A", f"ran__{SKY}"} <= row.keys()


@pytest.mark.parametrize("pattern", ["img*", "gogogo", "*"])
def test_what_a_row_is_nothing_without_is_kept(db, pattern):
    with pytest.raises(UserError, match="without which an image is nothing"):
        fitting(db.rows, pattern)
