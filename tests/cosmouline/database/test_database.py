from types import SimpleNamespace

from cosmouline.database.database import Database, fitting, has
from cosmouline.errors import UserError
from cosmouline.run import make_options

import pytest


@pytest.fixture
def db(tmp_path):
    db = Database(tmp_path / "database.json")
    for name in "abc":
        db.update(name, {"gogogo": True, "treatme": True, "testlist": name == "b"})
    yield db
    db.close()


def to_treat(db, **options):
    return [row["img_name"] for row in
            db.to_treat(SimpleNamespace(options=make_options(**options)))]


def test_what_is_updated_is_there_after_a_crash(db):
    db.update("a", {"fwhm_px": 3.5})

    assert Database(db.store.path).rows["a"]["fwhm_px"] == 3.5


def test_none_removes_a_field_for_good(db):
    db.update("a", {"fwhm_px": 3.5})
    db.update("a", {"fwhm_px": None})
    db.save()

    assert "fwhm_px" not in Database(db.store.path).rows["a"]


def test_an_unchanged_value_is_not_written_again(db):
    db.update("a", {"fwhm_px": 3.5})
    size = db.store.journal_path.stat().st_size
    db.update("a", {"fwhm_px": 3.5})

    assert db.store.journal_path.stat().st_size == size


def test_a_wrong_value_changes_nothing(db):
    with pytest.raises(ValueError, match="n_sources"):
        db.update("a", {"fwhm_px": 3.5, "n_sources": "many"})

    assert "fwhm_px" not in db.rows["a"]


def test_the_images_in_use_follow_flags_and_options(db):
    db.reject("c", "cloud")

    assert to_treat(db) == ["a", "b"]
    assert to_treat(db, test=True) == ["b"]
    assert to_treat(db, only=["a"]) == ["a"]
    assert db.rows["c"]["whynot"] == "cloud"


def test_an_unknown_image_on_the_command_line_is_told(db):
    with pytest.raises(UserError, match="--only zzz: no such image"):
        to_treat(db, only=["zzz"])


def test_no_image_in_use_is_told_with_the_counts(db):
    for name in "abc":
        db.reject(name, "cloud")
    with pytest.raises(UserError, match="has 3, 0 of them in use"):
        to_treat(db)


def test_a_missing_field_names_the_script_to_run(db):
    with pytest.raises(UserError, match=r"3 of 3 images have no 'fwhm_px' \(first: a\). Run "
                                        r"1_character/3b_measure_seeing.py first"):
        db.require(db.select(), ("gogogo", "fwhm_px"))


def test_a_pattern_is_fulfilled_by_one_field_of_its_family(db):
    db.update("a", {"flux_e__lens__A": 5.0, "flux_e__lens__B": 6.0})

    assert has(db.rows["a"], "flux_e__lens__{source}")
    assert not has(db.rows["b"], "flux_e__lens__{source}")
    assert fitting(db.rows["a"], ("flux_e__lens__{source}",)) == ["flux_e__lens__A",
                                                                  "flux_e__lens__B"]


def test_runs_that_no_row_refers_to_are_forgotten_at_a_save(db):
    first, second = db.begin_run("x", {}), db.begin_run("x", {})
    db.update("a", {"ran__x": f"done {second} {second}"})
    db.save()

    assert (first, second) == (1, 2)
    assert list(Database(db.store.path).runs) == [2]


def test_no_reference_image_is_told(db):
    with pytest.raises(UserError, match="Run 3_align/1a_pick_reference"):
        db.reference()
