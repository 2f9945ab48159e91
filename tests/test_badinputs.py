"""Every kind of bad frame comes to its verdict; all of them are intaken in one run."""

import importlib.util
import os
import re
import sys
from pathlib import Path
from types import SimpleNamespace

from cosmouline.database import paths, skiplists
from cosmouline.database.database import Database
from cosmouline.errors import UserError
from cosmouline.files.io_fits import read_image
from cosmouline.images.sky import sky_map
from cosmouline.skymaker.campaigns import tiny_campaign
from cosmouline.sources.detect import detect_sources

import numpy as np
import pytest

spec = importlib.util.spec_from_file_location("badinputs", Path(__file__).parent / "badinputs.py")
bad = sys.modules.setdefault("badinputs", importlib.util.module_from_spec(spec))
spec.loader.exec_module(bad)

SCRIPTS = [f"1_character/{name}" for name in (
    "1a_add_to_database", "1b_copy_convert", "2c_hot_pixels", "3a_detect", "3b_measure_seeing")]
ADD, COPY = SCRIPTS[:2]
NOTES = ("frame_notes", "pixel_notes", "scene_notes", "star_notes")
# A frame without a star cannot be used: its seeing is not known, nor can it be aligned. It stays
# in the database with its reason, and is tried again when the settings of the detection change.
MORE = {"p22_no_stars": bad.SKIP}
UTC_MINUS_TAI_S = -37.0
N_STARS = 8  # the brightest of a frame


def lens_of(folder, new_lens, kinds, n_good=bad.N_GOOD):
    """Make a lens of good frames and bad ones; give it and the frames behind each."""
    campaign = tiny_campaign(1)
    raw = folder / "sky" / "frames" / campaign.telescopes[0].name
    made = bad.write_frames(raw, kinds, n_good)
    return new_lens(folder / "lens", SimpleNamespace(campaign=campaign, sky=folder / "sky")), made


@pytest.fixture(scope="module")
def intake(tmp_path_factory, new_lens):
    """Run the intake once over all kinds; give the lens, the good frames, rows, the report."""
    lens, made = lens_of(tmp_path_factory.mktemp("bad"), new_lens, bad.FRAMES)
    counts = [lens.run(script) for script in SCRIPTS]
    text = paths.report(lens.settings(), "intake").read_text()
    return SimpleNamespace(lens=lens, made=made, counts=counts, rows=lens.rows, report=text)


@pytest.fixture(scope="module")
def one_good():
    return bad.good_frames(1)[0]


def verdict_of(intake, name):
    """Return verdict and message of one frame, as the report tells them."""
    row = intake.rows[f"R_{name}"]
    lines = [line.split(" | ") for line in intake.report.splitlines()
             if line.startswith(f"R_{name} ")]
    text = "; ".join(cells[-1] for cells in lines)
    if not row["gogogo"]:
        return bad.SKIP, text
    return (bad.FLAG if text else bad.OK), text


@pytest.mark.parametrize("kind", bad.FRAMES, ids=lambda kind: kind.name)
def test_a_bad_frame_comes_to_its_verdict(intake, record_property, kind):
    verdict, text = verdict_of(intake, kind.name)
    wanted = MORE.get(kind.name, kind.expect)
    told = bad.SAFE if kind.expect == bad.SAFE and verdict != bad.FLAG else verdict
    record_property("verdict", f"{kind.name}\t{kind.expect}\t{told}\t{text}")

    assert told == wanted, text
    assert verdict == bad.SKIP or wanted != bad.SAFE or not kind.says
    assert [word for word in kind.says if word not in text.lower()] == []
    assert "Traceback" not in text
    assert text.isprintable()


@pytest.mark.parametrize("kind", [kind for kind in bad.FRAMES if kind.same],
                         ids=lambda kind: kind.name)
def test_what_is_accepted_has_the_pixels_of_the_frame(intake, kind):
    image_e = read_image(paths.image(intake.lens.settings(), f"R_{kind.name}"))

    good = np.minimum(intake.made[kind.name].data, 32000 if kind.name == "f29_int16" else 65535)
    assert np.abs(image_e - 2.0 * good).max() <= (0.5 if kind.name == "f30_bscale_odd" else 0.0)


def test_every_frame_is_counted_once(intake):
    n_refused = sum(not row["gogogo"] for row in intake.rows.values())

    assert len(intake.rows) == len(bad.FRAMES) + bad.N_GOOD
    assert n_refused == sum(MORE.get(kind.name, kind.expect) == bad.SKIP or
                            kind.name == "x10_gzip_bomb" for kind in bad.FRAMES)
    assert n_refused == sum(counts["rejected"] for counts in intake.counts if counts)
    assert sum(counts["failed"] for counts in intake.counts if counts) == 0
    assert f"{n_refused} of {len(intake.rows)} images refused" in intake.report


def test_dates_are_those_of_the_cards(intake):
    """14 August 1999 is MJD 51404; TAI is 37 s ahead of UTC in 2019 (IERS bulletin C)."""
    half_d = 150 / 86400
    good = intake.made["h_timesys_tai"].cards["MJD-OBS"]

    assert intake.rows["R_h_date_00"]["mjd"] == pytest.approx(
        51404 + (3600 + 2 * 60 + 3) / 86400 + half_d, abs=1e-8)
    assert intake.rows["R_h_date_13"]["mjd"] == pytest.approx(58711.2587 + half_d, abs=1e-8)
    assert intake.rows["R_h_timesys_tai"]["mjd"] == pytest.approx(
        good + UTC_MINUS_TAI_S / 86400 + half_d, abs=1e-7)


def test_nothing_is_written_outside_or_executed(intake):
    work, folder = intake.lens.work, intake.lens.folder.parent

    assert list(folder.rglob("PWNED*")) == []
    assert not Path("PWNED").exists()
    assert {path.parent.name for path in work.rglob("*.fits")} <= {"ali", "badpix"}


@pytest.mark.parametrize("kind", bad.STOPS, ids=lambda kind: kind.name)
def test_a_gain_that_cannot_be_stops_the_run_until_it_is_given(
        tmp_path, new_lens, record_property, kind):
    lens, _ = lens_of(tmp_path, new_lens, [kind], n_good=2)

    with pytest.raises(UserError, match=r"^set R: the gain of 1 frames cannot be true \(first: "
                       rf"R_{kind.name}: GAIN = .* Set 'gain_e_per_adu' in the 'overrides' of "
                       r"the set, or name the frames in kicklist\.txt\.$") as stop:
        lens.run(ADD)
    record_property("verdict", f"{kind.name}\tSTOP\tSTOP\t{stop.value}")

    (lens.config / "kicklist.txt").write_text(f"R_{kind.name} no gain\n")
    assert lens.run(ADD)["done"] == 0
    lens.set(f"sets = [{{'name': 'R', 'telescope': 'generic', 'raw_dir': {str(lens.raw)!r}, "
             "'overrides': {'gain_e_per_adu': 1.7}}]\n")
    assert lens.run(ADD)["done"] == 3


def test_two_filters_in_a_set_stop_the_run(tmp_path, new_lens, record_property):
    other = bad.changed(FILTER="I")
    kinds = [bad.Bad(name, bad.STOP, (), other) for name in ("i1", "i2")]
    lens, _ = lens_of(tmp_path, new_lens, kinds, n_good=3)

    says = (r"set R: 2 of its 5 frames are of filter 'I' \(first: R_i1\), the others of 'R'\. "
            "Make one set for each")
    with pytest.raises(UserError, match=says) as stop:
        lens.run(ADD)
    record_property("verdict", f"s18_mixed_filters\tSTOP\tSTOP\t{stop.value}")
    lens.set(f"sets = [{{'name': f, 'telescope': 'generic', 'raw_dir': {str(lens.raw)!r}, "
             "'filter': f} for f in ('R', 'I')]\n")
    assert lens.run(ADD)["done"] == 5


def test_the_same_frame_twice_is_told(tmp_path, new_lens, caplog, record_property):
    again = [bad.Bad("copy", bad.FLAG, (), bad.plain), bad.Bad("packed", bad.FLAG, (),
                                                              bad.compressed, ".fits.fz")]
    lens, made = lens_of(tmp_path, new_lens, again, n_good=2)
    for kind in again:  # made of the same good frame now
        (lens.raw / f"{kind.name}{kind.ending}").write_bytes(kind.make(made["good0"]))
    lens.run(ADD)
    lens.run(COPY)

    told = [text for text in caplog.messages if "pixels of" in text]
    assert told[0] == ("R_good0 duplicate: it has the pixels of R_copy. Name one of them in "
                       "kicklist.txt.")
    record_property("verdict", f"s01_same_file_twice\tFLAG\tFLAG\t{told[0]}")
    text = paths.report(lens.settings(), "intake").read_text()
    assert "2 | flagged | R_good0 | duplicate: it has the pixels of R_copy\n" in text


def test_one_image_alone_and_files_passed_over_are_told(tmp_path, new_lens, record_property):
    lens, _ = lens_of(tmp_path, new_lens, [], n_good=1)
    (lens.raw / "night.fits").mkdir()
    (lens.raw / "a\nb.fits").write_text("")
    lens.run(ADD)

    text = paths.report(lens.settings(), "intake").read_text()
    found = re.search(r"R_good0 .*\| (1 image only in the set R: .*)", text)
    record_property("verdict", f"s17_one_image\tFLAG\tFLAG\t{found[1]}")
    assert "2 files ignored" in text
    assert "'night.fits' | a folder" in text
    assert r"'a\nb.fits'  | its name has characters that cannot be printed" in text


def fluxes_of(image_e, xy):
    """Return the sums over circles of 7 pixels around places, the sky map taken off."""
    flat_e = np.nan_to_num(image_e - sky_map(image_e, box_px=32).level())
    y, x = np.indices(image_e.shape)
    return np.array([flat_e[np.hypot(x - x0, y - y0) < 7].sum() for x0, y0 in xy])


@pytest.mark.parametrize(("name", "tolerance", "n_least"), [
    ("p12_negative_sky", 0.01, N_STARS), ("p29_dead_columns", 0.01, N_STARS - 1),
    ("p31_moon_gradient", 0.02, N_STARS)])
def test_the_fluxes_of_what_is_accepted_are_those_of_the_good_frame(
        intake, name, tolerance, n_least):
    """1 % without sky, 2 % under the Moon."""
    good_e = 2.0 * intake.made[name].data.astype(np.float32)
    found = detect_sources(good_e, 120000.0)[:N_STARS]
    xy = np.column_stack([found["x_px"], found["y_px"]])

    mine_e = fluxes_of(read_image(paths.image(intake.lens.settings(), f"R_{name}")), xy)

    assert (np.abs(mine_e / fluxes_of(good_e, xy) - 1) < tolerance).sum() >= n_least


def test_undersampled_stars_are_not_taken_for_cosmics(intake):
    row = intake.rows["R_p26_undersampled"]

    assert row["fwhm_px"] < 2.2
    assert row["n_good_stars"] >= 10  # of 13 and the lens


SETS = {  # what lies in the folder, what is said, verdict
    "s02_same_name_two_dirs": (["n1/img001.fits", "n2/img001.fits"], ("n1/img001.fits", "one set"),
                               bad.STOP),
    "s03_names_differ_by_case": (["IMG1.fits", "img1.fits"], ("img1", "case"), bad.STOP),
    "s04_same_name_other_ending": (["a.fits", "a.fits.gz"], ("a.fits", "rename"), bad.STOP),
    "s05_case_and_ending": (["A.fits", "a.FIT"], ("a.fit", "case"), bad.STOP),
    "s06_tile_compressed_again": (["a.fits", "a.fits.fz"], ("a.fits", "rename"), bad.STOP),
    "s07_nothing": ([], ("no fits file",), bad.STOP),
    "s08_dash_name": (["-x.fits", "b.fits"], (), bad.OK),
    "s09_newline_name": (["a\nb.fits", "b.fits"], ("name",), bad.SKIP),
    "s10_escape_in_name": (["a\x1b[31m.fits", "b.fits"], ("name",), bad.SKIP),
    "s11_dots_in_name": (["a..%2F..b.fits", "b.fits"], (), bad.OK),
    "s13_directory_named_fits": (["night.fits/", "a.fits", "b.fits"], ("a folder",), bad.OK),
    "s15_fifo": (["pipe.fits|", "b.fits"], ("not a regular file",), bad.SKIP),
    "s20_packing_not_read": (["night.fits.zip", "b.fits"], ("packed",), bad.SKIP),
    "s21_half_copied": (["night.fits.part", "b.fits"], ("half copied",), bad.SKIP),
    "s16_dangling_link": (["gone.fits@", "b.fits"], ("cannot be read",), bad.SKIP),
}


def fill(folder, names, good):
    """Make the files of a set: a folder for ``/``, a FIFO for ``|``, a broken link for ``@``."""
    for number, name in enumerate(names):
        path = folder / name.rstrip("/|@")
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            path.mkdir()
        elif name.endswith("|"):
            os.mkfifo(path)
        elif name.endswith("@"):
            path.symlink_to("nowhere")
        else:
            path.write_bytes(bad.plain(bad.dated(good, number)))


@pytest.mark.parametrize("name", SETS)
def test_a_bad_set_comes_to_its_verdict(
        tmp_path, new_lens, caplog, record_property, one_good, name):
    files, says, wanted = SETS[name]
    lens, _ = lens_of(tmp_path, new_lens, [], n_good=0)
    fill(lens.raw, files, one_good)
    try:
        counts = lens.run(ADD)
        report = paths.report(lens.settings(), "intake").read_text()
        verdict = bad.SKIP if counts["done"] < len(files) - files[0].endswith("/") else bad.OK
        text = "; ".join(line for line in report.splitlines() if line.startswith("R   | "))
    except UserError as problem:
        verdict, text = bad.STOP, str(problem)
    record_property("verdict", f"{name}\t{wanted}\t{verdict}\t{text}")

    assert verdict == wanted
    assert [word for word in says if word not in text.lower()] == []
    assert text.isprintable()


def test_s19_images_of_one_moment_keep_their_order(
        tmp_path, new_lens, one_good, record_property):
    """Not sorted in time, two frames of one moment."""
    lens, _ = lens_of(tmp_path, new_lens, [], n_good=0)
    for name, number in (("c", 1), ("a", 3), ("b", 1)):
        (lens.raw / f"{name}.fits").write_bytes(bad.plain(bad.dated(one_good, number)))
    lens.run(ADD)
    lens.run("1_character/1c_report")

    text = paths.report(lens.settings(), "content").read_text()
    assert re.findall(r"R_[abc]", text) == ["R_b", "R_c", "R_a"]
    record_property("verdict", "s19_not_sorted_in_time\tOK\tOK\t")


def test_d19_images_whose_files_are_gone_stay_in_the_database(
        tmp_path, new_lens, caplog, record_property):
    lens, _ = lens_of(tmp_path, new_lens, [], n_good=3)
    lens.run(ADD)
    (lens.raw / "good2.fits").unlink()
    before = (lens.work / "database.json").read_bytes()
    lens.run(ADD)

    told = next(text for text in caplog.messages if "missing file" in text)
    assert "1 images have no frame in the sets any more (first: R_good2)" in told
    assert (lens.work / "database.json").read_bytes() == before
    record_property("verdict", f"d19_image_file_gone\tFLAG\tFLAG\t{told}")


def test_k19_lists_that_name_unknown_images_are_told(tmp_path, new_lens, caplog, record_property):
    lens, _ = lens_of(tmp_path, new_lens, [], n_good=1)
    lists = ("kicklist.txt", "testlist.txt", "psf_psf1_skiplist.txt", "join_skiplist.txt")
    for name in lists:
        (lens.config / name).write_text("R_nobody a slip\n")
    lens.run(ADD)
    db = Database(lens.work / "database.json")
    skiplists.tell_unknown(lens.settings(), db, *lists[2:])

    told = [text for text in caplog.messages if "not in the database" in text]
    assert told == [f"{name}: R_nobody is not in the database" for name in lists]
    record_property("verdict", f"k19_skiplist_unknown\tFLAG\tFLAG\t{told[2]}")


def test_an_image_that_failed_is_passed_over_by_all_scripts_after_it(tmp_path, new_lens, caplog):
    """Not only by the next one: the one after that would ask for the next one in vain."""
    lens, _ = lens_of(tmp_path, new_lens, [], n_good=4)
    lens.run(ADD)
    (lens.raw / "good3.fits").unlink()
    assert lens.run(COPY)["failed"] == 1
    for script in SCRIPTS[2:]:
        lens.run(script)

    assert "1 images have no 'nx_px' (first: R_good3): passed over" in caplog.messages
    assert [name for name, row in lens.rows.items() if "fwhm_px" in row] == [
        "R_good0", "R_good1", "R_good2"]
