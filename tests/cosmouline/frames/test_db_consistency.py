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


@pytest.mark.parametrize(("gain", "is_noted"), [
    (2.59, False), (2.61, True), (1.55, False), (1.53, True)])
def test_a_gain_far_from_the_median_of_its_set_is_noted(gain, is_noted):
    """A factor of 1.3 from 2; one of the images has none."""
    images = [{"img_name": f"R_{k}", "set_name": "R", "gain_e_per_adu": value}
              for k, value in enumerate((2.0, gain, 2.0))]
    images += [{"img_name": "R_9", "set_name": "R"},
               {"img_name": "V", "set_name": "V", "gain_e_per_adu": 9.0}]

    assert db_consistency.other_gains(images) == ({
        "R_1": f"gain = {gain:g} e-/ADU, not 2 like the rest of the set"} if is_noted else {})
    assert db_consistency.other_gains(images[3:4]) == {}


@pytest.mark.parametrize(("why", "stops"), [
    ("GAIN = 0: set 'gain_e_per_adu'", True), ("EGAIN = -1: set 'gain_e_per_adu'", True),
    ("CCDGAIN = 1e9: set 'gain_e_per_adu'", True), ("GAIN = 0: else", False),
    ("seeing: 'gain_e_per_adu'", False), ("", False)])
def test_impossible_gains_stop(why, stops):
    images = [{"img_name": "R_0", "set_name": "R"}, {"img_name": "R_1", "set_name": "R",
                                                     "whynot": why}]
    if not stops:
        db_consistency.refuse_impossible_gains(images)
        return
    with pytest.raises(UserError) as stop:
        db_consistency.refuse_impossible_gains([*images, {**images[1], "img_name": "R_2"}])
    assert str(stop.value).startswith(
        f"set R: the gain of 2 frames cannot be true (first: R_1: {why.partition(':')[0]}). Set")


@pytest.mark.parametrize(("n_other", "n", "stops"), [
    (2, 20, True), (2, 21, False), (1, 3, False), (3, 30, True)])
def test_a_tenth_of_the_frames_and_two_are_no_stray_ones(n_other, n, stops):
    images = rows(*["R"] * (n - n_other), *["I"] * n_other, None)[:-1]
    if not stops:
        db_consistency.refuse_mixed_filters(images)
        return
    with pytest.raises(UserError, match=rf"{n_other} of its {n} frames are of filter 'I' \(first: "
                                        rf"R_{n - n_other}\), the others of 'R'"):
        db_consistency.refuse_mixed_filters(images)


@pytest.mark.parametrize(("n", "n_long", "stops"), [(6, 2, False), (5, 2, True), (2, 1, False),
                                                    (7, 3, True)])
def test_half_of_the_steps_and_two_that_overlap_stop(n, n_long, stops):
    """The last exposure has no next one."""
    images = series(n, 30.0, 20.0)
    for image in images[:n_long]:
        image["exptime_s"], image["mjd"] = 40.0, image["mjd"] + 10 / 86400
    assert len(db_consistency.overlaps(images)) == n_long
    if not stops:
        db_consistency.refuse_impossible_exposures(images)
        return
    with pytest.raises(UserError, match=rf"{n_long} of its {n} exposures overlap \(first: R_0: "
                                        r"exptime_s = 40, and"):
        db_consistency.refuse_impossible_exposures(images)


@pytest.mark.parametrize(("step_s", "exptime_s", "overlap"), [
    # a second of the clock and 2 % of the exposure are allowed
    (96.5, 100.0, True), (97.5, 100.0, False), (0.9, 100.0, False), (1.1, 100.0, True)])
def test_how_well_dates_and_exposures_are_known(step_s, exptime_s, overlap):
    assert bool(db_consistency.overlaps(series(2, step_s, exptime_s))) == overlap


def test_exposures_of_milliseconds_are_told_from_others():
    def note(exptime_s):
        return db_consistency.overlaps(series(2, 2.0, exptime_s))["R_0"]

    assert note(1990.0).endswith("is EXPTIME in milliseconds?")
    assert note(2010.0).endswith("is EXPTIME in another unit?")


def test_the_only_image_of_a_set_is_named():
    images = [{"img_name": "a", "set_name": "R"}, {"img_name": "b", "set_name": "V"},
              {"img_name": "c", "set_name": "V"}]

    assert db_consistency.lone(images) == {
        "a": "1 image only in the set R: no scatter between images"}
