from types import SimpleNamespace

from cosmouline.database import manifest, paths, status
from cosmouline.database.database import Database

import pytest

ORDER = ("1_character/1c_report", "1_character/3a_detect", "1_character/3b_measure_seeing")
DETECT, SEEING = ORDER[1:]


@pytest.fixture
def settings(tmp_path):
    return SimpleNamespace(work_dir=tmp_path, config_dir=tmp_path, psf_name="p", dec_name="d",
                           renorm_name="r", detect_threshold_sigma=3.0, detect_min_area_px=5,
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

    # done, failed, out of date, to do; a report leaves no record
    assert found == {DETECT: [3, 1, 0, 1], SEEING: [1, 1, 1, 2]}


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
    assert text.splitlines()[-2:] == ["2 rejected: cloud (3_align/3_update_flags)",
                                      "1 rejected: kicklist: trail"]


def test_before_the_first_script(settings):
    text = status.report(settings, ORDER)

    assert counts(text) == {DETECT: [0, 0, 0, 0], SEEING: [0, 0, 0, 0]}
    assert "0 images, 0 in use" in text


def test_files_in_the_work_folder_are_compared_with_what_was_written(settings):
    db = fill(settings, a=("done 3 3", "done 4 4"), b=("done 3 3", "done 4 4"))
    for name in "ab":
        path = settings.work_dir / f"{name}.cat.fits"
        path.write_text(name)
        db.update(name, {f"made__{DETECT}": manifest.as_text(
            manifest.look_at([path], settings.work_dir))})
    db.save()
    rows = db.select()

    assert [line["lost"] for line in status.states(db, settings, ORDER)] == [[], []]
    assert list(status.out_of_date(("n_sources",), rows, settings, db.runs)) == []

    path.write_text("other")
    detect, seeing = status.states(db, settings, ORDER)
    assert detect["lost"] == ["b.cat.fits has changed"]
    assert (detect["done"], detect["out of date"], seeing["done"]) == (1, 1, 2)
    assert list(status.out_of_date(("n_sources",), rows, settings, db.runs)) == [
        f"1 files of {DETECT}.py are missing or have changed (first: b.cat.fits has changed). "
        "Run it again."]
