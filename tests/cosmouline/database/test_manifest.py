"""Notes on files: text and back, and every way in which a file can be another one."""

import os
import re
from types import SimpleNamespace

from cosmouline.database import manifest
from cosmouline.database.manifest import GONE, OTHER, Look, Recipe
from cosmouline.errors import ProductLost, UserError

import pytest

FIRST, SECOND = "5_psf/2a_extract:p", "5_psf/3_find_cosmics:p"


@pytest.fixture
def settings(tmp_path):
    return SimpleNamespace(work_dir=tmp_path, options=SimpleNamespace(script="7_deconv/1_prepare"))


def write(folder, name, content="content"):
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)
    return path


def note(folder, *names, maker=""):
    return manifest.as_text(manifest.look_at([folder / name for name in names], folder), maker)


def later(path):
    """Give a file another time, as a copy does."""
    os.utime(path, ns=(1, os.stat(path).st_mtime_ns + 10_000_000_000))


def at_its_time(path, content):
    """Give a file another content and the time that it had."""
    state = path.stat()
    path.write_text(content)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


def test_a_note_is_read_as_it_was_written(tmp_path):
    write(tmp_path, "ali/a.fits")
    write(tmp_path, "a file.txt", "more")
    files = manifest.look_at([tmp_path / "ali/a.fits", tmp_path / "a file.txt", "/etc/hostname",
                              tmp_path / "gone", tmp_path / "ali/a.fits"], tmp_path)

    assert [(file.path, file.n_bytes) for file in files] == [("ali/a.fits", 7), ("a file.txt", 4)]
    # sha256 of "content", from coreutils
    assert files[0].digest == "ed7002b439e9ac84"
    assert manifest.read(manifest.as_text(files)) == ("", files)
    assert manifest.read(manifest.as_text(files, "2_skysub/1_alt")) == ("2_skysub/1_alt", files)
    assert manifest.as_text([], "2_skysub/1_alt") == ""


@pytest.mark.parametrize(("spoil", "problem"), [
    (lambda path: path.unlink(), GONE), (lambda path: path.write_text("conte"), OTHER),
    (lambda path: at_its_time(path, "conte"), OTHER),  # by its size alone
    (lambda path: (path.write_text("cOntent"), later(path)), OTHER), (later, ""),
    (lambda path: None, "")])
def test_a_file_is_gone_other_or_only_copied(tmp_path, spoil, problem):
    path = write(tmp_path, "a.fits")
    row = {"img_name": "a", "made__x": note(tmp_path, "a.fits")}
    spoil(path)

    found = manifest.why_other(row, "x", Look(tmp_path))

    assert (found[1] if found else "") == problem


def test_a_byte_behind_an_unchanged_time_is_found_by_reading_all(tmp_path):
    path = write(tmp_path, "a.fits")
    row = {"made__x": note(tmp_path, "a.fits")}
    at_its_time(path, "cOntent")

    assert manifest.why_other(row, "x", Look(tmp_path)) is None
    assert manifest.why_other(row, "x", Look(tmp_path, reads_all=True))[1] == OTHER


def test_the_time_of_a_copy_is_noted_anew_once(tmp_path):
    later(write(tmp_path, "a.fits"))
    row = {"made__x": note(tmp_path, "a.fits"), "made__y": "1 0 0 b.fits"}
    later(tmp_path / "a.fits")
    look = Look(tmp_path)

    assert look.renewed(row, "x") is None
    assert manifest.why_other(row, "x", look) is None
    assert look.renewed(row, "x") == note(tmp_path, "a.fits") != row["made__x"]
    assert look.renewed(row, "y") is None


def test_no_more_is_read_than_allowed(tmp_path):
    for name in ("a.fits", "b.fits"):
        write(tmp_path, name)
    row = {f"made__{name}": note(tmp_path, f"{name}.fits") for name in "ab"}
    for name in "ab":
        (tmp_path / f"{name}.fits").write_text("cOntent")
        later(tmp_path / f"{name}.fits")
    look = Look(tmp_path, most_bytes=10)

    assert [bool(manifest.why_other(row, name, look)) for name in "ab"] == [True, False]
    assert look.n_unread == 1


def test_a_second_script_may_change_the_file_of_a_first_one(tmp_path, settings):
    path = write(tmp_path, "s.fits")
    row = {"img_name": "a", f"made__{FIRST}": note(tmp_path, "s.fits")}
    path.write_text("CONTENT")
    row[f"made__{SECOND}"] = note(tmp_path, "s.fits")

    for key in (FIRST, SECOND):
        assert manifest.why_other(row, key, Look(tmp_path)) is None
    manifest.check(path, row, settings)

    path.write_text("content")  # the first one ran again, the second has not
    later(path)
    assert manifest.why_other(row, FIRST, Look(tmp_path)) is None
    assert manifest.why_other(row, SECOND, Look(tmp_path))[1] == OTHER
    with pytest.raises(ProductLost, match=r"s\.fits is not the one that 5_psf/3_find_cosmics\.py "
                       r"wrote\. Run 5_psf/3_find_cosmics\.py --redo --only a\.$"):
        manifest.check(path, row, settings)
    settings.options.script = "5_psf/3_find_cosmics"
    manifest.check(path, row, settings)
    # Who reads it from Python, with what load_settings gives, may have either
    manifest.check(path, row, SimpleNamespace(work_dir=tmp_path))

    path.write_text("neither")
    with pytest.raises(ProductLost, match=r"Run 5_psf/2a_extract\.py and 5_psf/3_find_cosmics"):
        manifest.check(path, row, settings)


def test_what_is_not_noted_or_gone_passes_for_who_reads_it(tmp_path, settings):
    path = write(tmp_path, "s.fits")
    manifest.check(path, {"img_name": "a"}, settings)
    row = {"img_name": "a", f"made__{FIRST}": note(tmp_path, "s.fits")}
    path.unlink()
    manifest.check(path, row, settings)
    assert manifest.why_other({"img_name": "a"}, FIRST, Look(tmp_path)) is None


def test_files_of_all_images_are_noted_in_the_last_run_of_a_script(tmp_path, settings):
    db = SimpleNamespace(runs={})
    write(tmp_path, "a.npz")
    write(tmp_path, "plot.png")
    written = [tmp_path / "a.npz", tmp_path / "plot.png"]
    db.runs[1] = {"script": "x", "made": manifest.carried("x", written, db, tmp_path)}
    write(tmp_path, "b.npz")
    db.runs[2] = {"script": "x", "made": manifest.carried("x", [tmp_path / "b.npz"], db, tmp_path)}
    db.runs[3] = {"script": "y"}

    settings.made = manifest.of_steps(db.runs)
    assert sorted(settings.made) == ["a.npz", "b.npz"]
    manifest.check_step(tmp_path / "a.npz", settings)
    (tmp_path / "a.npz").write_text("other")
    with pytest.raises(UserError, match=r"a\.npz is not the one that x\.py wrote\. Run x\.py ag"):
        manifest.check_step(tmp_path / "a.npz", settings)
    (tmp_path / "b.npz").unlink()
    assert manifest.step_trouble(tmp_path / "b.npz", settings) == GONE
    assert not manifest.step_trouble(tmp_path / "plot.png", settings)
    assert [f.path for f in manifest.read(manifest.carried("x", [], db, tmp_path))[1]] == ["a.npz"]


def test_an_origin_tells_inputs_and_settings_and_no_place_or_time(tmp_path):
    row = {"img_name": "a", "set_name": "R", "raw_path": "/here", "fwhm_px": 3.0, "other": 1,
           "made__1_character/3a_detect": "1 abc 7 ali/a.cat.fits", "n_sources": 4}
    needs = ("raw_path", "fwhm_px", "n_sources")
    used = {"sky_box_px": "64", "the set R": "r", "the set S": "s"}
    first = Recipe.of("x/y", used, needs).origin([row])

    assert first.script == "x/y"
    same = row | {"raw_path": "/there", "other": 2,
                  "made__1_character/3a_detect": "1 abc 9 ali/a.cat.fits"}
    assert Recipe.of("x/y", used | {"the set S": "t"}, needs).origin([same]) == first
    for change in ({"fwhm_px": 3.1}, {"img_name": "b"},
                   {"made__1_character/3a_detect": "1 abd 7 ali/a.cat.fits"}):
        assert Recipe.of("x/y", used, needs).origin([row | change]).inputs != first.inputs
    other = Recipe.of("x/y", used | {"sky_box_px": "32"}, needs).origin([row])
    assert (other.settings != first.settings, other.inputs) == (True, first.inputs)


def test_a_frame_is_known_by_size_time_and_content(tmp_path):
    path = write(tmp_path, "raw.fits")
    state = path.stat()
    row = {"raw_path": str(path), "raw_state": f"{state.st_size} {state.st_mtime_ns}",
           "raw_hash": "ed7002b439e9ac84"}
    look = Look("")
    assert not manifest.frame_trouble(row, look)
    later(path)
    assert not manifest.frame_trouble(row, look)
    assert manifest.frame_trouble(row | {"raw_hash": "0"}, look) == OTHER
    assert not manifest.frame_trouble({"raw_path": "x", "raw_state": "imported"}, look)
    path.unlink()
    assert re.match(GONE, manifest.frame_trouble(row, look))
