"""New frames in a finished reduction: on made-up rows, with numbers worked out by hand."""

from types import SimpleNamespace

from cosmouline.database import paths
from cosmouline.database.database import Database
from cosmouline.frames import db_intake, db_update

import pytest

FIT = "7_deconv/6_readout:fit"
PHOT = "4_norm/2a_photometry"


@pytest.fixture
def settings(tmp_path):
    raw = tmp_path / "raw"
    raw.mkdir()
    for name in ("a", "b", "c"):
        (raw / f"{name}.fits").write_text(name)
    return SimpleNamespace(work_dir=tmp_path, config_dir=tmp_path, psf_name="p", dec_name="fit",
                           renorm_name="r", band="", lens_name="X",
                           sets=[{"name": "R", "telescope": "generic", "raw_dir": raw}])


def epochs(**rows):
    """Give rows by name: flux of A, coefficient, and the run that made it; its error is 2 e-."""
    return {name: epoch(name, *values) for name, values in rows.items()}


def epoch(name, flux_e, coeff=1.0, number=1):
    return {"img_name": name, "set_name": "R", "flux_e__fit__A": flux_e,
            "flux_sigma_e__fit__A": 2.0, "dec_coeff__fit": coeff, "dec_chi2__fit": 1.0,
            f"ran__{FIT}": f"done {number} {number}", f"ran__{PHOT}": "done 2 2"}


def test_new_and_replaced_frames_are_listed_by_set(settings):
    known = {"R_a": {"raw_state": db_intake.state(settings.sets[0]["raw_dir"] / "a.fits")},
             "R_b": {"raw_state": "1 1"}}

    assert db_update.new_frames(settings, known) == {"R": ["R_b", "R_c"]}


def test_what_ran_is_counted_apart_for_new_and_old_images(settings):
    before = db_update.Before(epochs(R_a=(100.0,), R_b=(50.0,)), last_run=5)
    after = epochs(R_a=(100.0, 1.0, 6), R_b=(50.0,), R_c=(70.0, 1.0, 6))
    after["R_b"][f"ran__{PHOT}"] = "done 6 2"  # looked at again, and the same

    told = db_update.ran(("4_norm/2a_photometry", "5_psf/4_build_psf", "7_deconv/6_readout"),
                         before, after, {"R_c"}, settings)

    assert told == [
        {"script": "4_norm/2a_photometry", "new images": 1, "old ones changed": 0,
         "old ones kept": 2},
        {"script": "7_deconv/6_readout", "new images": 1, "old ones changed": 1,
         "old ones kept": 1}]


def test_points_move_in_units_of_their_errors(settings):
    """A: (100 x 1.1 - 102) / (2 x 1.1) = 3.64, and 0 for the other; R_c is new."""
    before = db_update.Before(epochs(R_a=(102.0,), R_b=(50.0,)), last_run=5)
    after = epochs(R_a=(100.0, 1.1), R_b=(50.0,), R_c=(70.0,))

    (row,) = db_update.moved(before, after, settings)

    assert (row["source"], row["images"]) == ("A", 2)
    assert row["largest sigma"] == pytest.approx(8 / 2.2)
    assert row["median sigma"] == pytest.approx(4 / 2.2)
    del after["R_a"]["flux_e__fit__A"], after["R_b"]["flux_e__fit__A"]
    assert db_update.moved(before, after, settings) == []


def test_the_images_of_the_last_update_alone_are_marked(settings):
    db = Database(paths.database(settings))
    for name, flag in (("R_a", True), ("R_b", False)):
        db.update(name, {"updating": flag, "set_name": "R"})
    db.save()
    db.close()

    db_update.mark(settings, {"R_b"})

    rows = db_update.read(settings).rows
    assert (rows["R_a"]["updating"], rows["R_b"]["updating"]) == (False, True)


def test_scripts_chosen_in_place_of_others_are_run_again():
    order = ("2_skysub/1_skysub", "3_align/1b_identify_stars", "3_align/1c_report")
    chosen = frozenset({"3_align/1b_alt_no_align", "2_skysub/1b_opt_fringes", "3_align/2b_report",
                        "3_align/4b_opt_movie"})

    assert db_update.as_before(order, db_update.Before({}, 5)) == list(order)
    assert db_update.as_before(order, db_update.Before({}, 5, chosen)) == [
        "2_skysub/1_skysub", "2_skysub/1b_opt_fringes", "3_align/1b_alt_no_align",
        "3_align/1c_report"]


def test_an_update_is_done_where_all_records_and_frames_are_as_they_were(settings):
    settings.detect_threshold_sigma, settings.detect_min_area_px = 3.0, 5
    settings.lens_ra_deg = settings.lens_dec_deg = None
    frame, order = settings.sets[0]["raw_dir"] / "a.fits", ("1_character/3a_detect",)
    db = Database(paths.database(settings))
    db.begin_run(order[0], {"detect_threshold_sigma": "3.0", "detect_min_area_px": "5",
                            "lens_ra_deg": "None", "lens_dec_deg": "None"})
    db.update("R_a", {"set_name": "R", "gogogo": True, "treatme": True, "testlist": False,
                      "raw_path": str(frame), "raw_state": db_intake.state(frame),
                      f"ran__{order[0]}": "done 1 1"})
    db.save()
    db.close()

    assert db_update.is_done(order, settings)
    settings.detect_min_area_px = 6
    assert not db_update.is_done(order, settings)
    settings.detect_min_area_px = 5
    frame.unlink()
    assert not db_update.is_done(order, settings)
