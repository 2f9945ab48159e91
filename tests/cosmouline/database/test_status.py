from types import SimpleNamespace

from cosmouline.database import manifest, paths, status, step_notes
from cosmouline.database.database import Database

import pytest

ORDER = ("1_character/1c_report", "1_character/3a_detect", "1_character/3b_measure_seeing")
DETECT, SEEING = ORDER[1:]


@pytest.fixture
def settings(tmp_path):
    return SimpleNamespace(work_dir=tmp_path, config_dir=tmp_path, psf_name="p", dec_name="d",
                           renorm_name="r", lens_name="L",
                           detect_threshold_sigma=3.0, detect_min_area_px=5,
                           lens_ra_deg=None, lens_dec_deg=None,
                           sets=[], find_hot_pixels=True, hot_pixel_sigma=8.0)


def fill(settings, **texts):
    """Write rows with the given outcome of both scripts: (detect, seeing)."""
    db = Database(paths.database(settings))
    used = {"detect_threshold_sigma": "3.0", "detect_min_area_px": "5", "lens_ra_deg": "None",
            "lens_dec_deg": "None"}
    for _ in range(4):
        db.begin_run("x", used)
    for name, (detect, seeing) in texts.items():
        db.update(name, {"gogogo": True, "treatme": True, f"ran__{DETECT}": detect,
                         f"ran__{SEEING}": seeing})
    return db


def counts(text):
    """Numbers of the lines of the table, by script."""
    rows = [line.split("|") for line in text.splitlines() if "|" in line][1:]
    return {row[0].strip(): [int(cell) for cell in row[1:]] for row in rows}


def test_every_state_is_counted(settings):
    fill(settings, a=("done 3 3", "done 4 4"), b=("done 3 3", "done 2 2"),
         c=("failed 3 3: ValueError: x", None), d=("done 3 3", "died 4 4: out of memory"),
         e=(None, None)).save()

    found = counts(status.report(settings, ORDER))

    # done, failed, out of date, to do; the report was never made
    assert found == {ORDER[0]: [0, 0, 0, 5], DETECT: [3, 1, 0, 1], SEEING: [1, 1, 1, 2]}


def test_what_lies_behind_a_field_and_is_out_of_date_is_told(settings):
    db = fill(settings, a=("done 3 3", "done 4 4"), b=("done 3 3", "done 4 4"))
    needs, rows = ("fwhm_px",), db.select()
    assert not list(status.out_of_date(needs, rows, settings, db.runs))

    db.update("b", {f"ran__{DETECT}": "done 4 4", f"ran__{SEEING}": "done 3 3"})
    assert list(status.out_of_date(needs, rows, settings, db.runs)) == [
        f"out of date on 1 images: {SEEING}.py ({DETECT} has run again). Run it again."]

    settings.detect_min_area_px = 9
    told = list(status.out_of_date(needs, rows, settings, db.runs))
    db.close()
    assert told[0] == (f"out of date on 2 images: {DETECT}.py (detect_min_area_px has changed). "
                       "Run it again.")


def test_a_changed_setting_makes_all_out_of_date(settings):
    fill(settings, a=("done 3 3", "done 4 4"), b=("done 3 3", "done 4 4")).save()
    settings.detect_min_area_px = 9

    assert counts(status.report(settings, ORDER))[DETECT] == [0, 0, 2, 0]


def test_rejected_images_are_counted_by_their_reasons(settings):
    db = fill(settings, a=("done 3 3", "done 4 4"), b=("done 3 3", None), c=("done 3 3", None),
              d=("done 3 3", None))
    db.reject("b", "cloud (3_align/3_update_flags)")
    db.reject("c", "cloud (3_align/3_update_flags)")
    db.reject("d", "kicklist: trail")
    db.save()

    text = status.report(settings, ORDER)

    assert "4 images, 1 in use" in text
    assert text.splitlines()[-3:] == ["2 rejected: cloud (3_align/3_update_flags)",
                                      "1 rejected: kicklist: trail", "nothing to do"]


def test_before_the_first_script(settings):
    text = status.report(settings, ORDER)

    assert counts(text) == {script: [0, 0, 0, 0] for script in ORDER}
    assert "0 images, 0 in use" in text
    assert text.endswith("next: 1_character/1a_add_to_database")


def test_files_in_the_work_folder_are_compared_with_what_was_written(settings):
    db = fill(settings, a=("done 3 3", "done 4 4"), b=("done 3 3", "done 4 4"))
    for name in "ab":
        path = settings.work_dir / f"{name}.cat.fits"
        path.write_text(name)
        db.update(name, {f"made__{DETECT}": manifest.as_text(
            manifest.look_at([path], settings.work_dir))})
    db.save()
    rows = db.select()

    assert [line["lost"] for line in status.states(db, settings, ORDER)] == [[], [], []]
    assert list(status.out_of_date(("n_sources",), rows, settings, db.runs)) == []

    path.write_text("other")
    _, detect, seeing = status.states(db, settings, ORDER)
    assert detect["lost"] == ["b.cat.fits has changed"]
    assert (detect["done"], detect["out of date"], seeing["done"]) == (1, 1, 2)
    assert list(status.out_of_date(("n_sources",), rows, settings, db.runs)) == [
        f"1 files of {DETECT}.py are missing or have changed (first: b.cat.fits has changed). "
        "Run it again."]


def next_of(settings, order, db):
    """Give what is next by the status of an order."""
    return status.next_script(db, status.states(db, settings, order))


def test_a_script_without_records_is_done_once_and_out_of_date_with_what_it_reads(settings):
    db = fill(settings, a=("done 3 3", "done 4 4"), b=("done 3 3", "done 4 4"))
    report, order = ORDER[0], ORDER[1:] + ORDER[:1]
    assert next_of(settings, order, db) == report
    step_notes.write(report, settings, db)
    assert next_of(settings, order, db) is None
    assert step_notes.state(report, settings, db) == "done"

    # a setting that it reads, an image that is gone, a field that it needs
    settings.lens_name = "other"
    assert next_of(settings, order, db) == report
    settings.lens_name = "L"
    db.update("b", {"gogogo": False, "whynot": "by hand: x"})
    assert next_of(settings, order, db) == report
    db.update("b", {"gogogo": True, "whynot": None})  # revived: nothing is out of date
    assert next_of(settings, order, db) is None
    db.begin_run("x", {})
    db.update("a", {"ran__1_character/1a_add_to_database": "done 5 5"})
    assert step_notes.state(report, settings, db) == "out of date"
    db.close()


def test_an_image_that_a_later_script_rejects_makes_no_report_before_it_out_of_date(settings):
    db = fill(settings, a=("done 3 3", "done 4 4"), b=("done 3 3", "done 4 4"))
    step_notes.write(ORDER[0], settings, db)

    db.reject("b", "cloud (3_align/3_update_flags)")

    assert step_notes.state(ORDER[0], settings, db) == "done"
    db.close()


def test_skipped_pictures_and_reports_do_not_count(settings):
    """A picture counts as next only behind all that is done and before something to do."""
    db = fill(settings, a=("done 3 3", "done 4 4"), b=("done 3 3", "done 4 4"))
    picture = "4_norm/5_histograms"

    assert next_of(settings, (ORDER[0], DETECT, picture, SEEING), db) is None
    assert next_of(settings, (DETECT, SEEING, picture), db) is None
    assert next_of(settings, (DETECT, picture, ORDER[0]), db) == picture
    db.close()


def test_an_imported_lens_starts_where_its_fields_end(settings):
    db = Database(paths.database(settings))
    for name in "ab":
        db.update(name, {"set_name": "R", "gogogo": True, "treatme": True, "testlist": False,
                         "raw_state": "imported", "mhjd": 1.0, "fwhm_arcsec": 1.0,
                         "datetime_utc": "2020-01-01T00:00:00"})

    # of 3b_measure_seeing it has a field; 4a_sky_stats needs products that it has not
    order = (DETECT, SEEING, "1_character/4a_sky_stats", "1_character/1c_report")
    assert next_of(settings, order, db) == "1_character/1c_report"
    db.update("a", {"raw_state": "12 13"})
    assert next_of(settings, order, db) == DETECT
    db.close()


@pytest.mark.parametrize(("counts", "script"), [
    ((0, 0, 0), None), ((1, 0, 0), "b"), ((0, 2, 0), "b"), ((0, 0, 3), "b")])
def test_the_next_script_is_the_first_with_something_to_do(tmp_path, counts, script):
    done = {"to do": 0, "failed": 0, "out of date": 0}
    states = [{"script": "a", **done},
              {"script": "b", **dict(zip(done, counts, strict=True))}]
    db = Database(tmp_path / "database.json")
    db.update("i0", {"set_name": "R"})
    assert status.next_script(db, states) == script
    db.close()


def test_without_images_the_first_script_is_next(tmp_path):
    db = Database(tmp_path / "database.json")
    assert status.next_script(db, []) == "1_character/1a_add_to_database"
    db.close()
