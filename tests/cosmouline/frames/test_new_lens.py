"""Sets and settings from what a survey found."""

import fnmatch
import runpy
from pathlib import Path
from types import SimpleNamespace

from cosmouline.frames.new_lens import (
    common_pointing,
    field_of_lens,
    fields_of,
    most_common_target,
    n_cameras,
    overrides_of,
    position_of,
    sets_of,
    settings_text,
)
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


def test_sizes_that_several_frames_have_are_sets():
    """One of another size stays, to be refused by itself; so do frames that all differ."""
    sizes = [(100, 90)] * 3 + [(50, 45)] * 2 + [(99, 90)]
    frames = [frame(f"/a/{'nnnbbn'[i]}{i}", size=size) for i, size in enumerate(sizes)]

    assert parts(*frames) == {"100x90-R": {"files": "n*"}, "50x45-R": {"files": "b*"}}
    assert parts(*(frame(f"/a/{i}", size=(i, 90)) for i in range(50, 54))) == {"R": {}}


def test_frames_that_nothing_tells_apart_are_named_one_by_one():
    frames = [frame(f"/a/{n}[x].fits", telescope=("VST", "generic")[n % 2]) for n in range(4)]

    sets, _, told = sets_of(frames)

    assert [one["files"] for one in sets] == [["0[[]x[]].fits", "2[[]x[]].fits"],
                                              ["1[[]x[]].fits", "3[[]x[]].fits"]]
    assert all(fnmatch.fnmatchcase(name, pattern) for name, pattern in
               zip(("0[x].fits", "2[x].fits"), sets[0]["files"], strict=True))
    assert sum("They are named one by one" in line for line in told) == 2


def test_calibration_frames_are_in_no_set_but_close_their_folder():
    assert parts(frame("/a/1"), frame("/a/b", kind="bias"), frame("/c/b", kind="bias")) == {
        "R": {"science_only": True}}


def test_the_nights_of_one_camera_are_one_set():
    sets, _, told = sets_of([frame("/r/2019/1"), frame("/r/2020/1")])

    assert sets == [{"name": "R", "telescope": "generic", "raw_dir": "/r", "folders": "*"}]
    assert told[0] == "set R: 2 frames in /r and 2 folders of it, telescope generic"
    deep = parts(frame("/r/1"), frame("/r/a/2020/1"), frame("/r/a/x", kind="dark"),
                 frame("/r/a/2020/v", filter_name="V"))
    assert deep == {"R": {"band": "R", "folders": "**", "filter": "R", "science_only": True},
                    "V": {"band": "V", "filter": "V"}}


def test_folders_of_cameras_without_a_name_stay_sets_of_their_own():
    assert parts(frame("/a/1", camera=None), frame("/b/1", camera=None)) == {
        "a-R": {}, "b-R": {}}


def test_the_cameras_of_an_observatory_are_kept_apart():
    frames = [frame("/a/1", telescope="LCO", camera="kb82"),
              frame("/a/2", telescope="LCO", camera="kb98")]

    assert parts(*frames) == {"LCO-kb82-R": {"files": "1*"}, "LCO-kb98-R": {"files": "2*"}}


def test_binned_frames_are_a_set_of_their_own():
    """They have another scale and gain, and the next script refuses other sizes in a set."""
    assert parts(frame("/a/n1"), frame("/a/b1", binning="2 2")) == {
        "bin1-R": {"files": "n*"}, "bin2-2-R": {"files": "b*"}}


def test_r_and_capital_r_are_two_filters_and_long_names_become_short_bands():
    long = "i DECam SDSS c0003 7835.0 1470.0"
    found = parts(frame("/a/1", filter_name="r"), frame("/a/2"), frame("/a/3", filter_name=long))

    assert [(one["band"], one["filter"]) for one in found.values()] == [
        ("r", "r"), ("R", "R"), ("i", long)]


def look(ra_deg, target="Q", radius_deg=None, path="/a/1"):
    return frame(path, target=target, radius_deg=radius_deg,
                 pointing=ra_deg and (ra_deg, 0.0, "RA, DEC"))


def test_fields_are_parted_by_pointing_and_the_lens_is_in_one_of_them():
    near = [look(359.95), look(0.05), look(0.1)]
    far = [look(20.0, "P"), look(None, "P")]

    fields = fields_of([far[0], *near, far[1], frame("/f", kind="flat")])

    assert fields == [near, far]
    assert field_of_lens(fields) == (near, [far])
    assert field_of_lens(fields, (20.1, 0.0)) == (far, [near])
    assert fields_of([look(None)]) == [[look(None)]]


def test_small_frames_that_do_not_overlap_are_two_fields():
    """Half a diagonal of .05 deg, pointings .1 deg apart."""
    assert len(fields_of([look(10.0, radius_deg=0.05), look(10.1, radius_deg=0.05)])) == 2
    assert len(fields_of([look(10.0), look(10.1)])) == 1


def test_sets_whose_folders_hold_other_fields_take_the_frames_of_the_lens():
    sets, _, _ = sets_of([look(1.0)], elsewhere=[look(50.0)])
    assert sets[0]["lens_only"] is True
    sets, _, _ = sets_of([look(1.0)], elsewhere=[look(50.0, path="/b/1")])
    assert "lens_only" not in sets[0]


def test_the_position_by_hand_by_pointing_or_none():
    others = [[look(20.0, "P")]]

    assert position_of([look(1.0)], others, (5.0, 6.0))[0] == (5.0, 6.0, "given by hand")
    position, lines = position_of([look(1.0)], others)
    assert position == (1.0, 0.0, "from RA, DEC, the pointing: check it")
    assert lines[0].startswith("another field at 20.0000 0.0000 (P): 1 frames are left out")
    assert position_of([look(None)], [])[0][:2] == (None, None)


def test_what_is_given_by_hand_goes_into_the_sets_that_lack_it():
    options = SimpleNamespace(exptime=None, gain=1.5, read_noise=None, saturation=None, scale=0.4,
                              dates=Path("/d.txt"))
    sets, lacking, _ = sets_of(
        [frame("/a/1", missing=("gain_e_per_adu", "read_noise_e", "date")), frame("/b/1", "C2")],
        given=overrides_of(options))

    assert sets[0]["overrides"] == {"gain_e_per_adu": 1.5, "dates": "/d.txt"}
    assert "overrides" not in sets[1]
    assert lacking == {"CAM-R": ["read_noise_e"], "C2-R": []}


def test_frames_without_a_wcs_are_told():
    _, _, told = sets_of([frame("/a/1"), frame("/a/2", has_wcs=False)])
    assert any("1 of 2 frames have no WCS (first: 2)" in line for line in told)


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
    assert found["point_sources"] == "find"
    assert '"overrides": {"gain_e_per_adu": ...}' in path.read_text()


def test_a_name_is_never_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = 'x"""\nopen("trap", "w")\n"""'
    (tmp_path / "settings.py").write_text(settings_text(name, (None, None, "?"), "~/w", [], {}))

    assert runpy.run_path(str(tmp_path / "settings.py"))["lens_name"] == name
    assert not (tmp_path / "trap").exists()


@pytest.mark.parametrize(("ra_deg", "dec_deg", "radius_deg", "n_fields"), [
    # cos 60 deg is a half; .2 deg without a radius, and .02 deg at least
    (10.39, 60.0, None, 1), (10.41, 60.0, None, 2), (10.0, 60.19, None, 1),
    (10.0, 60.21, None, 2), (10.0, 60.019, 0.001, 1), (10.0, 60.021, 0.001, 2),
    (10.0, 60.29, 0.3, 1), (10.0, 60.31, 0.3, 2), (9.61, 60.0, None, 1)])
def test_how_far_pointings_of_one_field_may_be_apart(ra_deg, dec_deg, radius_deg, n_fields):
    frames = [frame("/a/1", pointing=(10.0, 60.0, "c"), radius_deg=radius_deg),
              frame("/a/2", pointing=(ra_deg, dec_deg, "c"), radius_deg=radius_deg)]

    assert len(fields_of(frames)) == n_fields


def test_a_frame_without_a_pointing_is_of_the_field_with_most_of_its_target():
    one, other = [look(1.0), look(1.0), look(1.0, "P")], [look(50.0, "P"), look(50.0, "P")]

    fields = fields_of([*other, *one, look(None, "P"), look(None, "X")])

    assert [len(field) for field in fields] == [4, 3]
    assert fields[0][3].target == "X"  # of no field: the first one


@pytest.mark.parametrize(("away_arcsec", "n_far"), [(59.0, 0), (61.0, 1)])
def test_pointings_beyond_an_arcminute_are_counted(away_arcsec, n_far):
    """In right ascension, at 60 deg of declination."""
    frames = [look(10.0)._replace(pointing=(10.0, 60.0, "c")) for _ in range(3)]
    frames.append(look(1.0)._replace(pointing=(10.0 + away_arcsec / 1800, 60.0, "c")))

    assert common_pointing(frames) == (10.0, 60.0, "c", n_far)
    _, lines = position_of(frames, [])
    assert lines[0] == "position 10.00000 60.00000 from c: of the pointing, check it on an image."
    assert lines[1:] == ["1 frames point elsewhere by more than 60 arcsec."] * n_far


def test_the_pointing_is_that_of_the_cards_that_most_frames_have():
    frames = [look(10.0), look(10.2), look(50.0)._replace(pointing=(50.0, 9.0, "CRVAL"))]
    frames.append(frame("/f", kind="flat", pointing=(70.0, 9.0, "CRVAL")))
    frames.append(frame("/g", kind="flat", pointing=(70.0, 9.0, "CRVAL")))

    assert common_pointing(frames)[:3] == (pytest.approx(10.1), 0.0, "RA, DEC")


def test_the_lens_is_in_the_nearest_field_whose_pointing_is_known():
    near, far = [look(10.0)], [look(10.5)]
    assert field_of_lens([far, near], (10.1, 0.0)) == (near, [far])
    assert field_of_lens([[look(None)], near], (99.0, 0.0)) == (near, [[look(None)]])
    assert field_of_lens([[look(None)]], (99.0, 0.0)) == ([look(None)], [])


@pytest.mark.parametrize(("filters", "bands"), [
    # of 12 characters and of 13; two of one first word
    (["R Bessel abc", "V"], ["R-Bessel-abc", "V"]), (["R Bessel abcd", "V"], ["R", "V"]),
    (["R Bessel abcd", "R Cousins abcd"], ["R-Bessel-abcd", "R-Cousins-abcd"]),
    (["R Bessel abcd", "R"], ["R-Bessel-abcd", "R"]), (["---", "V"], ["band", "V"]),
    ([None, "V"], ["no-filter", "V"])])
def test_names_of_bands(filters, bands):
    sets, _, _ = sets_of([frame(f"/{k}/1", filter_name=name) for k, name in enumerate(filters)])

    assert [one["band"] for one in sets] == bands


def test_names_of_sets_say_what_differs_and_are_all_different():
    """Two cameras of one observatory, one of another, and cameras without a name."""
    frames = [frame("/a/1", "c1", telescope="LCO"), frame("/b/1", "c2", telescope="LCO"),
              frame("/c/1", "w", telescope="WFI"), frame("/d/1", None, filter_name=None)]
    assert [one["name"] for one in sets_of(frames)[0]] == ["LCO-c1-R", "LCO-c2-R", "WFI-R",
                                                           "generic"]
    assert [one["name"] for one in sets_of([frame("/d/1", None, filter_name=None)])[0]] == [
        "frames"]
    assert [one["name"] for one in sets_of([frame("/a/1", "c 1"), frame("/b/1", "c-1"),
                                            frame("/c/1", "c_1")])[0]] == [
        "c-1-R", "c-1-Rb", "c-1-Rbb"]


def test_a_set_takes_its_frames_by_the_beginning_of_their_names_without_the_number():
    """n1... and n2...: without their numbers both begin with n, and other frames do so too."""
    assert parts(frame("/a/n10"), frame("/a/n11"), frame("/a/n20", "D"), frame("/a/n21", "D")) == {
        "CAM-R": {"files": "n1*"}, "D-R": {"files": "n2*"}}


def test_other_fields_matter_in_the_folders_of_a_set_alone():
    """A set of /r/*: frames of other fields directly below it, one deeper, and two deeper."""
    nights = [frame("/r/n1/1"), frame("/r/n2/1")]
    for path, is_there in (("/r/n3/1", True), ("/r/1", False), ("/r/n1/deep/1", False),
                           ("/s/n1/1", False)):
        sets, _, _ = sets_of(nights, elsewhere=[frame(path)])
        assert (sets[0]["folders"], "lens_only" in sets[0]) == ("*", is_there)
    sets, _, _ = sets_of([frame("/r/1"), frame("/r/a/b/1")], elsewhere=[frame("/r/x/y/1")])
    assert (sets[0]["folders"], sets[0]["lens_only"]) == ("**", True)


def test_the_text_tells_what_the_headers_lack_and_mirror_images_only_of_several_cameras():
    text = settings_text("Q", (None, None, "why"), "~/w", [{"name": "R"}, {"name": "S"}],
                         {"R": ["date", "gain_e_per_adu"], "S": []})

    assert "lens_ra_deg, lens_dec_deg = None, None  # why\n" in text
    assert text.count("its headers lack these") == 1
    assert '#  "overrides": {"gain_e_per_adu": ..., "dates": "..."}\n' in text
    assert "allow_mirror_images" not in text
    assert settings_text("Q", (0.0, -1.5, "x"), "~/w", [], {}).count("= 0.00000, -1.50000") == 1
    assert n_cameras([frame("/a"), frame("/b"), frame("/c", "D"), frame("/d", "E", kind="flat"),
                      frame("/e", telescope="T")]) == 3
