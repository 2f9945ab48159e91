"""Faults put into a database of two images are told, one line each, and nothing else is."""

import re
from types import SimpleNamespace

from cosmouline.database import manifest
from cosmouline.database.database import Database
from cosmouline.database.validate import problems

import pytest

ROW = {"gogogo": True, "treatme": True, "testlist": False, "updating": False, "set_name": "R"}


@pytest.fixture
def settings(tmp_path):
    return SimpleNamespace(sets=[{"name": "R"}], work_dir=tmp_path, psf_name="p")


@pytest.fixture
def db(tmp_path):
    db = Database(tmp_path / "database.json")
    (tmp_path / "raw.fits").touch()
    for name in ("a", "b"):
        db.update(name, ROW | {"raw_path": str(tmp_path / "raw.fits"), "ref_img_name": "a"})
    yield db
    db.close()


def test_a_sound_database_has_no_problem(db, settings):
    assert list(problems(db, settings)) == []


@pytest.mark.parametrize(("field", "value", "says"), [
    ("set_name", "V", "a: its set 'V' is not in the settings"),
    ("raw_path", "/no/frame", "a: its frame /no/frame is missing"),
    ("mjd", "soon", "a: the field 'mjd' is float, not 'soon'"),
    ("mjd", float("nan"), "a: the field 'mjd' cannot be nan"),
    ("nofield", 1, "a: the field 'nofield' is not declared"),
    ("treatme", None, "a: it lacks treatme"), ("img_name", "c", "a: its img_name is c"),
    ("ran__5_psf/4_build_psf:p", "done 1 1", "a: .*psf_p/a_psf.fits is missing: run 5_psf/4")])
def test_one_fault(db, settings, field, value, says):
    if value is None:
        del db.rows["a"][field]
    else:
        db.rows["a"][field] = value  # past the checks of `update`, as an editor does

    found = list(problems(db, settings))

    assert len(found) == 1
    assert re.match(says, found[0])


def test_a_rejected_image_needs_a_reason_and_is_no_reference(db, settings):
    db.rows["a"]["gogogo"] = False
    assert list(problems(db, settings)) == [
        "a: it is rejected, but no whynot tells why", "the reference image a is rejected: None"]
    db.rows["b"]["ref_img_name"] = db.rows["a"]["ref_img_name"] = "gone"
    db.rows["a"]["whynot"] = "cloud"
    assert list(problems(db, settings)) == ["the reference image gone is not in the database"]


def test_products_of_nobody_are_told(db, settings, tmp_path):
    for name in ("ali/a.fits", "ali/a.cat.fits", "ali/c.cat.fits", "psf_p/c_psf.fits"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()

    found = list(problems(db, settings))

    assert [line.split(" is of no")[0].split("/")[-1] for line in found] == [
        "c.cat.fits", "c_psf.fits"]


def test_files_of_an_image_and_of_all_are_compared_with_what_was_written(db, settings):
    folder = settings.work_dir / "ali"
    folder.mkdir()
    for name in ("a.fits", "all.fits"):
        (folder / name).write_text("content")
    made = {name: manifest.as_text(manifest.look_at([folder / name], settings.work_dir))
            for name in ("a.fits", "all.fits")}
    db.update("a", {"made__1_character/3a_detect": made["a.fits"]})
    db.begin_run("4_norm/0_pick_stars", {}, made["all.fits"])

    found, = problems(db, settings)
    assert found.endswith("ali/all.fits is of no image in the database")
    for name in ("a.fits", "all.fits"):
        (folder / name).write_text("CONTENT")
    assert list(problems(db, settings))[:2] == [
        "a: ali/a.fits has changed: run 1_character/3a_detect.py --redo --only a",
        "ali/all.fits has changed: run 4_norm/0_pick_stars.py"]


@pytest.mark.parametrize("path", ["ali/x.cat.fits", "sky/x.fits", "objects/x.fits",
                                  "psf_p/x_psf.fits", "psf_p/x_stamps.fits"])
def test_a_product_of_no_image_is_found_in_every_folder(db, settings, path):
    for name in (path, path.replace("x", "a", 1), "psf_q/x_psf.fits"):
        (settings.work_dir / name).parent.mkdir(exist_ok=True)
        (settings.work_dir / name).write_text("")

    found, = problems(db, settings)

    assert found.endswith(f"{path} is of no image in the database")
