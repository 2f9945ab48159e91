"""Sets and settings from what a survey found."""

import runpy
from pathlib import Path

from cosmouline.frames.new_lens import common_pointing, most_common_target, sets_of, settings_text
from cosmouline.frames.survey import FrameSummary

import pytest


def frame(path, camera="CAM", filter_name="R", kind=None, **more):
    return FrameSummary(**{"path": Path(path), "telescope": "generic", "recognised": (),
                           "camera": camera, "filter": filter_name, "target": "Q", "kind": kind,
                           "pointing": None, "missing": ()} | more)


def parts(*frames):
    """Names of the sets, with the keys beside those that every set has."""
    sets, _, _ = sets_of(frames)
    return {one["name"]: {key: value for key, value in one.items()
                          if key not in ("name", "telescope", "raw_dir")} for one in sets}


def test_one_camera_and_filter_is_one_set_without_band():
    assert parts(frame("/a/1.fits"), frame("/a/2.fits")) == {"R": {}}


def test_filters_in_folders_of_their_own_become_bands():
    assert parts(frame("/r/1"), frame("/v/1", filter_name="V")) == {
        "R": {"band": "R"}, "V": {"band": "V"}}


def test_filters_in_one_folder_are_told_by_header():
    assert parts(frame("/a/1"), frame("/a/2", filter_name="V/1")) == {
        "R": {"band": "R", "filter": "R"}, "V-1": {"band": "V-1", "filter": "V/1"}}


def test_cameras_in_one_folder_are_told_by_name_where_that_is_possible():
    frames = frame("/a/e1"), frame("/a/e2"), frame("/a/x1", camera="ODD")
    assert parts(*frames) == {"CAM-R": {"files": "e*"}, "ODD-R": {"files": "x*"}}



def test_cameras_in_one_folder_are_told_by_header_where_names_do_not_tell():
    frames = [frame("/a/1"), frame("/a/2"), frame("/a/5", filter_name="V"),
             *(frame(name, camera="ODD") for name in ("/a/3", "/a/4"))]

    assert parts(*frames) == {
        "CAM-R": {"band": "R", "filter": "R", "camera": "CAM"},
        "ODD-R": {"band": "R", "filter": "R", "camera": "ODD"},
        "CAM-V": {"band": "V", "filter": "V"}}


def test_frames_that_nothing_tells_apart_are_named():
    _, _, told = sets_of([frame(f"/a/{n}", telescope=("VST", "generic")[n % 2]) for n in range(4)])
    assert any("do not distinguish the frames of VST (R) from others" in line for line in told)


def test_calibration_frames_are_in_no_set_but_close_their_folder():
    assert parts(frame("/a/1"), frame("/a/b", kind="bias"), frame("/c/b", kind="bias")) == {
        "R": {"science_only": True}}


def test_one_camera_in_two_folders_is_two_sets():
    assert list(parts(frame("/2019/1"), frame("/2020/1"))) == ["2019-R", "2020-R"]


def test_what_is_lacking_is_told():
    _, lacking, told = sets_of([frame("/a/1", missing=("gain_e_per_adu", "date"))])

    assert lacking == {"R": ["date", "gain_e_per_adu"]}
    assert told[1:] == ["set R: taken as generic, its telescope is not known (CAM: no description "
                        "fits)", "set R: the headers lack date, gain_e_per_adu"]
    _, _, told = sets_of([frame("/a/1", recognised=("VST", "WFI"))])
    assert "(CAM: one of VST, WFI?)" in told[1]


def test_the_median_pointing_across_zero_hours():
    frames = [frame("/a/1", pointing=(ra_deg, 1.0, "RA, DEC")) for ra_deg in (359.999, 0.001, 0.0)]
    far = frame("/a/2", pointing=(0.5, 1.0, "RA, DEC"))

    ra_deg, dec_deg, cards, n_far = common_pointing([*frames, far])

    assert (ra_deg, dec_deg, cards, n_far) == (pytest.approx(0.0005), 1.0, "RA, DEC", 1)
    assert common_pointing([frame("/a/1")]) is None


def test_the_target_is_the_one_of_most_science_frames():
    frames = [frame("/a", target=name) for name in ("HE 0435", "PG", "HE 0435")]
    frames += [frame("/f", target="sky", kind="flat")] * 5

    assert most_common_target(frames) == "HE-0435"


def test_the_text_is_python_that_means_the_same(tmp_path):
    sets, lacking, _ = sets_of([frame("/it's \"a\"/1", missing=("gain_e_per_adu",))])
    path = tmp_path / "settings.py"

    path.write_text(settings_text("Q", (1.5, -2.0, "by hand"), "~/w", sets, lacking, n_cameras=2))

    found = runpy.run_path(str(path))
    assert found["sets"] == sets
    assert (found["lens_name"], found["lens_ra_deg"], found["lens_dec_deg"]) == ("Q", 1.5, -2.0)
    assert found["allow_mirror_images"] is True
    assert '"overrides": {"gain_e_per_adu": ...}' in path.read_text()


def test_a_name_is_never_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = 'x"""\nopen("trap", "w")\n"""'
    (tmp_path / "settings.py").write_text(settings_text(name, (None, None, "?"), "~/w", [], {}))

    assert runpy.run_path(str(tmp_path / "settings.py"))["lens_name"] == name
    assert not (tmp_path / "trap").exists()
