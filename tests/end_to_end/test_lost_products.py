"""Files that are lost, damaged, mixed up or restored: told in one line, and healed by a re-run.

Each test damages products of a small lens; a re-run must give the very files that were there.
"""

import os
import shutil

from cosmouline.database import paths, status
from cosmouline.database.database import Database
from cosmouline.database.script_header import read_header

import pytest

DETECT, SEEING = "1_character/3a_detect", "1_character/3b_measure_seeing"
NAME, OTHER = "R_tiny_0003", "R_tiny_0001"


def flip(path, _):
    """Change one bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def delete(path, _):
    path.unlink()


def cut(path, _):
    path.write_bytes(path.read_bytes()[:-2880])


def replace(path, other):
    shutil.copy2(other, path)


DAMAGES = {"deleted": delete, "truncated": cut, "one bit": flip, "of another image": replace}


def watched(lens):
    """Let nothing that the test itself writes count as written by a script."""
    lens.is_watched = True
    return lens


def states(lens):
    """Give done and out of date by script, and the lines on files, from the status."""
    settings, order = lens.settings(), (DETECT, SEEING, "5_psf/4_build_psf", "7_deconv/4_deconv")
    db = Database(paths.database(settings))
    found = status.states(db, settings, order)
    db.close()
    return ({one["script"]: (one["done"], one["out of date"]) for one in found},
            status.file_lines(found))


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_told_shown_and_made_again(lens_after, caplog, damage):
    lens = watched(lens_after(SEEING))
    path, other = (paths.catalog(lens.settings(), name) for name in (NAME, OTHER))
    content, before = path.read_bytes(), lens.rows
    DAMAGES[damage](path, other)

    counts, lines = states(lens)
    trouble = "is missing" if damage == "deleted" else "has changed"
    assert counts[DETECT] == (6, 1)
    assert lines == [f"{DETECT}: 1 files are missing or have changed (first: ali/{NAME}.cat.fits "
                     f"{trouble}). Run it again."]
    assert lens.run(SEEING, redo=True)["failed"] == 1  # only that image
    trouble = trouble.replace("has changed", f"is not the one that {DETECT}.py wrote")
    assert f"{NAME} failed: {path} {trouble}. Run {DETECT}.py --redo --only {NAME}." in (
        caplog.messages)

    counts = lens.run(DETECT)
    assert (counts["done"], counts["kept"]) == (1, 6)
    assert path.read_bytes() == content
    assert lens.run(SEEING)["done"] == 1
    assert states(lens) == ({DETECT: (7, 0), SEEING: (7, 0), "5_psf/4_build_psf": (0, 0),
                             "7_deconv/4_deconv": (0, 0)}, [])
    assert {name: row["fwhm_px"] for name, row in lens.rows.items()} == {
        name: row["fwhm_px"] for name, row in before.items()}


def test_the_next_script_tells_of_damaged_files_before_it_begins(lens_after):
    lens = watched(lens_after(DETECT))
    cut(paths.catalog(lens.settings(), NAME), None)
    db = Database(paths.database(lens.settings()))

    told = list(status.out_of_date(read_header(SEEING).needs, db.select(), lens.settings(),
                                   db.runs))
    db.close()
    assert told == [f"1 files of {DETECT}.py are missing or have changed (first: "
                    f"ali/{NAME}.cat.fits has changed). Run it again."]


def test_a_database_of_a_backup_and_newer_files_or_older_files_are_seen(lens_after, tmp_path):
    lens = watched(lens_after(DETECT))
    database, ali = paths.database(lens.settings()), lens.work / "ali"
    shutil.copy2(database, tmp_path / "older.json")
    shutil.copytree(ali, tmp_path / "ali")
    lens.set("detect_min_area_px = 20\n")
    lens.run(DETECT)
    newer = {path.name: path.read_bytes() for path in ali.iterdir()}

    shutil.copytree(tmp_path / "ali", ali, dirs_exist_ok=True)  # as rsync -a: with their times
    assert states(lens)[0][DETECT] == (0, 7)
    assert lens.run(DETECT)["done"] == 7
    assert {path.name: path.read_bytes() for path in ali.iterdir()} == newer

    shutil.copy2(tmp_path / "older.json", database)
    lens.set()
    assert states(lens)[0][DETECT] == (0, 7)
    assert lens.run(DETECT)["done"] == 7
    assert {path.name: path.read_bytes() for path in ali.iterdir()} == {
        path.name: path.read_bytes() for path in (tmp_path / "ali").iterdir()}


@pytest.mark.parametrize("copy", [shutil.copy, shutil.copy2], ids=["cp -r", "rsync -a"])
def test_a_work_folder_that_was_moved_is_up_to_date(lens_after, tmp_path, caplog, copy):
    lens = watched(lens_after(SEEING))
    shutil.copytree(lens.work, tmp_path / "moved", copy_function=copy)
    lens.work = tmp_path / "moved"
    lens.set()

    assert states(lens)[0][DETECT] == (7, 0)
    for script in (DETECT, SEEING):
        assert lens.run(script)["kept"] == 7
    assert any(line.startswith("7 files have another time") for line in caplog.messages) == (
        copy is shutil.copy)
    caplog.clear()
    lens.run(DETECT)  # what was found once is noted
    assert not any("another time" in line for line in caplog.messages)


def test_a_raw_frame_that_was_replaced_is_told_and_done_anew(lens_after, caplog):
    lens = watched(lens_after("1_character/1b_copy_convert"))
    raw = sorted(lens.own_frames().iterdir())
    for path in raw:
        os.utime(path, ns=(1, path.stat().st_mtime_ns + 10**9))  # copied: not another frame
    lens.run("1_character/1a_add_to_database")
    assert not [line for line in caplog.messages if "done again" in line]
    before = lens.rows
    flip(raw[3], None)

    assert status.frame_lines(lens.rows.values()) == [
        f"1 raw frames have changed since they were imported (first: {NAME}). "
        "Run 1_character/1a_add_to_database.py."]
    assert lens.run("1_character/1b_copy_convert", redo=True, only=[NAME])["failed"] == 1
    assert (f"{NAME} failed: {raw[3]} has changed since it was imported. "
            "Run 1_character/1a_add_to_database.py.") in caplog.messages
    lens.run("1_character/1a_add_to_database")
    assert (f"{NAME}: the frame has changed since it was imported: it is done again"
            in caplog.messages)
    assert lens.run("1_character/1b_copy_convert")["done"] == 1
    assert lens.rows[NAME]["pixel_hash"] != before[NAME]["pixel_hash"]
    assert not status.frame_lines(lens.rows.values())


def test_a_database_without_notes_is_judged_as_before(lens_after):
    lens = watched(lens_after(SEEING))
    for name, row in lens.rows.items():
        lens.update(name, **{field: None for field in row if field.startswith("made__")})
    flip(paths.catalog(lens.settings(), NAME), None)

    assert states(lens)[0][DETECT] == (7, 0)
    assert lens.run(DETECT)["kept"] == 7
    assert lens.run(SEEING, redo=True)["done"] == 7


def test_all_kinds_of_damage_at_once_heal_by_a_run_of_the_order(trunk, new_lens, tmp_path):
    """The light curve is that of an undisturbed reduction, byte for byte."""
    lens = watched(new_lens(tmp_path / "lens", trunk, trunk.after(trunk.needed[-1])))
    settings, good = lens.settings(), lens.truth.good
    curve, fit = paths.light_curve(settings), paths.deconvolution(settings) / "fit.npz"
    before = {path: path.read_bytes() for path in lens.work.rglob("*.*")
              if path.suffix in (".fits", ".npz", ".cat", ".rdb")}
    delete(paths.psf(settings, good[0]), None)
    flip(paths.sky(settings, good[1]), None)
    replace(paths.objects(settings, good[2]), paths.objects(settings, good[3]))
    cut(paths.psf_stamps(settings, good[3]), None)
    flip(paths.image(settings, good[4]), None)
    flip(paths.bad_pixels(settings, "R"), None)
    flip(fit, None)
    delete(fit.with_name("epochs.npz"), None)
    flip(paths.picked_stars(settings), None)
    curve.unlink()

    for script in trunk.needed:
        lens.run(script)

    assert [path.name for path in before if path.read_bytes() != before[path]] == []
    assert states(lens)[1] == []
