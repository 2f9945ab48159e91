from cosmouline.errors import UserError
from cosmouline.frames import db_consistency

import pytest


def rows(*filters, **more):
    return [{"img_name": f"R_{k}", "set_name": "R", "filter": name} | more
            for k, name in enumerate(filters)]


def test_the_size_of_most_frames_is_the_usual_one():
    def sized(*widths):
        return [{"set_name": "R", "raw_nx_px": nx, "raw_ny_px": 100} for nx in widths]

    assert db_consistency.typical_shapes(sized(200, 200, 100)) == {"R": (100, 200)}
    assert db_consistency.typical_shapes(sized(200, 100)) == {}  # nobody can tell
    assert db_consistency.typical_shapes([{"set_name": "R"}]) == {}


def test_a_stray_filter_is_noted_and_two_filters_stop():
    one = rows(*["R"] * 9, "I", None)
    assert list(db_consistency.other_values(one, "filter")) == ["R_9"]
    db_consistency.refuse_mixed_filters(one)
    db_consistency.refuse_mixed_filters(rows(*["R"] * 50, "I", "I"))  # 2 of 52 are stray too

    with pytest.raises(UserError, match="set R: 2 of its 5 frames are of filter 'I'"):
        db_consistency.refuse_mixed_filters(rows("R", "R", "I", "R", "I"))


def test_the_case_of_a_filter_matters_for_the_letter_of_a_band_alone():
    """Sloan r and Cousins R are two filters, Clear and CLEAR one."""
    assert list(db_consistency.other_values(rows("r", "R", "R"), "filter")) == ["R_0"]
    assert db_consistency.other_values(rows("Clear", "CLEAR", "CLEAR"), "filter") == {}


def test_duplicates_are_found_by_pixels_in_all_sets_and_by_moment_in_one():
    images = [{"img_name": "R_a", "set_name": "R", "mjd": 1.0, "pixel_hash": "x"},
              {"img_name": "R_b", "set_name": "R", "mjd": 2.0, "pixel_hash": "y"},
              {"img_name": "R_c", "set_name": "R", "mjd": 2.0, "pixel_hash": "z"},
              {"img_name": "V_a", "set_name": "V", "mjd": 2.0, "pixel_hash": "x"}]

    assert db_consistency.duplicates(images) == {
        "R_c": "duplicate: it has the moment of R_b", "V_a": "duplicate: it has the pixels of R_a"}


def series(n, step_s, exptime_s, set_name="R"):
    """Give the rows of exposures that begin every `step_s` seconds."""
    return [{"img_name": f"{set_name}_{k}", "set_name": set_name, "exptime_s": exptime_s,
             "mjd": 59000 + (k * step_s + exptime_s / 2) / 86400} for k in range(n)]


@pytest.mark.parametrize(("step_s", "exptime_s", "overlap"), [
    (30.0, 20.0, False), (30.0, 29.9, False), (30.0, 30.4, False), (30.0, 40.0, True),
    (30.0, 20000.0, True), (0.0, 300.0, False)])
def test_exposures_of_one_camera_do_not_overlap(step_s, exptime_s, overlap):
    images = series(5, step_s, exptime_s)

    notes = db_consistency.overlaps(images)

    assert sorted(notes) == ([f"R_{k}" for k in range(4)] if overlap else [])
    assert db_consistency.overlaps([*series(1, 0, 300.0), *series(1, 0, 300.0, "B")]) == {}
    if overlap:
        unit = "milliseconds" if exptime_s < 1000 * step_s else "another unit"
        assert f"begins 30 s later; is EXPTIME in {unit}?" in notes["R_0"]
        with pytest.raises(UserError, match="set R: 4 of its 5 exposures overlap"):
            db_consistency.refuse_impossible_exposures(images)
    else:
        db_consistency.refuse_impossible_exposures(images)


def test_one_overlap_in_many_is_a_note_and_no_stop():
    images = series(10, 30.0, 20.0)
    images[4]["exptime_s"] = 90.0

    assert list(db_consistency.overlaps(images)) == ["R_4"]
    db_consistency.refuse_impossible_exposures(images)
