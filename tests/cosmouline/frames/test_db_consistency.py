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


def test_the_case_of_a_filter_does_not_matter():
    assert db_consistency.other_values(rows("r", "R", "R"), "filter") == {}


def test_duplicates_are_found_by_pixels_in_all_sets_and_by_moment_in_one():
    images = [{"img_name": "R_a", "set_name": "R", "mjd": 1.0, "pixel_hash": "x"},
              {"img_name": "R_b", "set_name": "R", "mjd": 2.0, "pixel_hash": "y"},
              {"img_name": "R_c", "set_name": "R", "mjd": 2.0, "pixel_hash": "z"},
              {"img_name": "V_a", "set_name": "V", "mjd": 2.0, "pixel_hash": "x"}]

    assert db_consistency.duplicates(images) == {
        "R_c": "duplicate: it has the moment of R_b", "V_a": "duplicate: it has the pixels of R_a"}
