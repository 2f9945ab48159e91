"""Calls that fail, disks that fill, power that goes: the old state or the new one, never else."""

import errno
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from cosmouline.database.json_store import Store
from cosmouline.errors import UserError
from cosmouline.files.atomic import atomic_path, remove_leftovers
from cosmouline.files.lock import Lock

import pytest

OLD = {"a": {"img_name": "a", "n_sources": 1}, "b": {"img_name": "b", "n_sources": 1}}
NEW = {"a": {"img_name": "a", "n_sources": 2}, "b": {"img_name": "b", "n_sources": 1}}
LINE = {"img_name": "a", "set": {"n_sources": 2}}


@pytest.fixture
def new_folder(tmp_path):
    """Make an empty folder anew, with a saved database; give its store."""
    made = []

    def make():
        shutil.rmtree(tmp_path / "work", ignore_errors=True)
        made.append(Store(tmp_path / "work" / "database.json"))
        made[-1].save(OLD, {})
        return made[-1]

    yield make
    for one in made:
        one.close()


class FullDisk(io.FileIO):
    """A file of which the disk takes a part only, as write() does before it fails."""

    def write(self, content):
        return super().write(content[:len(content) // 2])


def rows_of(path):
    return Store(path).load()[0]


@pytest.mark.parametrize("trouble", [errno.EIO, errno.ENOSPC, errno.EROFS])
def test_a_save_in_which_any_call_fails_keeps_all_results(calls, new_folder, trouble):
    """Also those appended with the same store after the failure, and the next save passes."""
    calls.error = lambda: OSError(trouble, os.strerror(trouble))
    used = {}

    def prepare():
        used["store"] = new_folder()
        used["store"].append(LINE)

    def check(has_failed):
        store = used["store"]
        assert rows_of(store.path) == NEW
        assert not list(store.path.parent.glob(".*.tmp.*"))
        store.append({"img_name": "b", "set": {"n_sources": 9}})
        assert rows_of(store.path)["b"]["n_sources"] == 9
        store.save(NEW, {})
        assert rows_of(store.path) == NEW

    assert calls.loop(prepare, lambda: used["store"].save(NEW, {}), check) >= 8


def test_an_append_in_which_any_call_fails_tears_nothing(calls, new_folder):
    used = {}

    def check(has_failed):
        store = used["store"]
        assert rows_of(store.path) in ((OLD, NEW) if has_failed else (NEW,))
        store.append({"img_name": "b", "set": {"n_sources": 9}})
        assert rows_of(store.path)["b"]["n_sources"] == 9
        store.close()

    assert calls.loop(lambda: used.update(store=new_folder()),
                      lambda: used["store"].append(LINE), check) >= 2


def append_on_a_full_disk(store, monkeypatch):
    """Append a line of which the disk takes a part; give what the next one finds."""
    store.append({"img_name": "a", "set": {"n_sources": 5}})
    store._journal.close()
    store._journal = FullDisk(store.journal_path, "ab+")
    with pytest.raises(OSError, match="No space left"):
        store.append(LINE)
    store.append({"img_name": "b", "set": {"n_sources": 9}})  # there is room again
    store.close()
    return rows_of(store.path)


def test_a_line_of_which_a_part_is_written_is_not_acknowledged_nor_joined_to_the_next(
        new_folder, monkeypatch):
    rows = append_on_a_full_disk(new_folder(), monkeypatch)

    assert (rows["a"]["n_sources"], rows["b"]["n_sources"]) == (5, 9)


def test_a_product_in_which_any_call_fails_stays_as_it_was(calls, tmp_path):
    path = tmp_path / "products" / "x.fits"

    def prepare():
        shutil.rmtree(path.parent, ignore_errors=True)
        path.parent.mkdir()
        path.write_text("old")

    def operate():
        with atomic_path(path) as temporary:
            temporary.write_text("new")

    def check(has_failed):
        assert path.read_text() in (("old", "new") if has_failed else ("new",))
        assert list(path.parent.iterdir()) == [path]

    assert calls.loop(prepare, operate, check) >= 5


def test_a_lock_in_which_any_call_fails_is_never_kept(calls, tmp_path):
    draft = [tmp_path / "work" / f"database.json.lock.{os.getpid()}"]  # harmless

    def prepare():
        shutil.rmtree(tmp_path / "work", ignore_errors=True)

    def operate():
        with Lock(tmp_path / "work" / "database.json"):
            pass

    def check(has_failed):
        left = sorted((tmp_path / "work").glob("*"))
        assert has_failed or not left or left == draft
        for path in left:  # it could not be removed; it is stale once this process is gone
            assert json.loads(path.read_text())["pid"] == os.getpid()

    assert calls.loop(prepare, operate, check) >= 2


@pytest.mark.parametrize("with_new_names", [True, False])
def test_a_power_cut_at_any_call_keeps_all_that_was_synced(
        power_cut_loop, with_new_names):
    assert power_cut_loop(with_new_names) >= 8


@pytest.fixture
def power_cut_loop(calls, new_folder, monkeypatch, tmp_path, script):
    """Cut the power at every call of a save, with a synced journal; look at what can be left."""
    tools = sys.modules[type(calls).__module__]
    used = {}

    def prepare():
        used["store"] = new_folder()
        used["store"].append(LINE)
        used["store"].close()
        used["disk"].settle()

    def check(with_new_names):
        files = used["disk"].after_a_cut(with_new_names)
        found = tmp_path / "found"
        shutil.rmtree(found, ignore_errors=True)
        found.mkdir()
        for name, content in files.items():
            (found / name).write_bytes(content)
        assert rows_of(found / "database.json") == NEW

    def loop(with_new_names):
        used["disk"] = tools.Disk(monkeypatch, tmp_path / "work")
        calls.error = tools.Cut
        return calls.loop(prepare, lambda: used["store"].save(NEW, {}),
                          lambda _: check(with_new_names))

    return loop


@pytest.mark.parametrize("with_new_names", [True])
@pytest.mark.parametrize("mutant", ["no sync", "rename before sync", "in place",
                                    "journal removed first"])
def test_a_power_cut_catches_a_wrong_order(power_cut_loop, mutate, mutant, with_new_names):
    mutate(mutant)

    with pytest.raises((AssertionError, UserError)):
        power_cut_loop(with_new_names)


def test_a_part_of_a_line_that_passes_is_caught(new_folder, mutate, monkeypatch):
    mutate("part of a line passes")

    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        append_on_a_full_disk(new_folder(), monkeypatch)


def test_a_torn_line_that_is_not_ended_is_caught(new_folder, mutate, monkeypatch):
    store = new_folder()
    mutate("torn line not ended")

    assert append_on_a_full_disk(store, monkeypatch)["b"]["n_sources"] == 1  # not 9


def test_a_temporary_file_that_stays_is_caught(calls, new_folder, mutate):
    mutate("temporary file left")

    with pytest.raises(AssertionError, match="tmp"):
        test_a_save_in_which_any_call_fails_keeps_all_results(calls, new_folder, errno.EIO)


def test_an_older_journal_that_counts_is_caught(new_folder, mutate):
    """It would bring back what a later save, or a hand, has changed."""
    store = new_folder()
    store.append(LINE)
    store.close()
    older = store.journal_path.read_bytes()
    store.save(OLD, {})
    store.journal_path.write_bytes(older)
    assert rows_of(store.path) == OLD

    mutate("older generations count")

    assert rows_of(store.path) == NEW


def test_a_journal_cut_at_every_byte_of_its_last_line(new_folder):
    store = new_folder()
    store.append({"img_name": "b", "set": {"n_sources": 7}})
    first = store.journal_path.stat().st_size
    store.append(LINE)
    store.close()
    whole = store.journal_path.read_bytes()
    for length in range(first, len(whole)):
        store.journal_path.write_bytes(whole[:length])
        again = Store(store.path)
        rows, _ = again.load()
        # without its end alone the line is whole: its sum of bytes fits
        assert rows["a"]["n_sources"] == (2 if length == len(whole) - 1 else 1)
        assert rows["b"]["n_sources"] == 7
        assert bool(again.notices) == (first < length < len(whole) - 1)
        again.append({"img_name": "b", "set": {"n_sources": 8}})
        again.close()
        assert rows_of(store.path)["b"]["n_sources"] == 8


def test_the_newest_file_that_is_damaged_is_replaced_by_its_backup(new_folder):
    """As the message says; a journal of the damaged file is of another generation."""
    store = new_folder()
    store.append(LINE)
    store.save(NEW, {})
    store.append({"img_name": "b", "set": {"n_sources": 9}})
    store.close()
    store.path.write_bytes(store.path.read_bytes()[:-60])
    with pytest.raises(UserError, match=r"Copy the newest good file of .*backups over it"):
        rows_of(store.path)
    newest = max((store.path.parent / "backups").iterdir())

    shutil.copyfile(newest, store.path)

    assert rows_of(store.path) == OLD


def small_disk(tmp_path):
    """Mount a disk of 300 kB; skip where that is not allowed."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", place],
                          check=False, capture_output=True)
    if done.returncode:
        pytest.skip("a small disk cannot be mounted here")
    return place


@pytest.fixture
def disk(tmp_path):
    """Give a disk of 300 kB."""
    if sys.platform != "linux" or shutil.which("mount") is None:
        pytest.skip("a small disk cannot be mounted here")
    place = small_disk(tmp_path)
    yield place
    subprocess.run(["umount", place], check=True)


def fill(store):
    """Append and save until the disk is full; give what was acknowledged."""
    rows = {}
    try:
        for number in range(10_000):
            values = {"n_sources": number, "text": "x" * 300}
            store.append({"img_name": f"img{number:05d}", "set": values})
            rows[f"img{number:05d}"] = {"img_name": f"img{number:05d}", **values}
            if number % 50 == 49:
                store.save(rows, {})
    except OSError as error:
        return rows, error.errno
    finally:
        store.close()
    return rows, 0


def test_a_disk_that_is_full_keeps_what_was_acknowledged(disk):
    store = Store(disk / "database.json")
    rows, number = fill(store)

    assert number == errno.ENOSPC
    assert 50 < len(rows) < 9999
    assert rows_of(store.path).items() >= rows.items()
    assert not list(disk.glob(".*.tmp.*"))


def test_leftovers_of_the_dead_are_removed_and_others_are_not(tmp_path):
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    host = os.uname().nodename
    dead = tmp_path / "sky" / f".{host}.{child.pid}.0123abcd.tmp.x.fits"
    kept = [tmp_path / f".{host}.{os.getpid()}.0123abcd.tmp.x.fits",
            tmp_path / f".elsewhere.{child.pid}.0123abcd.tmp.x.fits", tmp_path / ".tmp.x.fits"]
    dead.parent.mkdir()
    for path in (dead, *kept):
        path.touch()

    assert remove_leftovers(tmp_path) == 1
    assert not dead.exists()
    assert all(path.exists() for path in kept)


def test_a_lock_of_the_dead_is_taken_and_told(tmp_path):
    held = {"host": os.uname().nodename, "pid": 2**22 + 1, "started": "1"}
    (tmp_path / "db.lock").write_text(json.dumps(held))

    with Lock(Path(tmp_path / "db")) as lock:
        assert lock.was_stale
    with Lock(Path(tmp_path / "db")) as lock:
        assert not lock.was_stale


def test_a_script_on_a_read_only_disk_stops_with_one_line(disk, made_up):
    lens = made_up.Lens(disk, ["a", "bb"])
    before = {path: path.read_bytes() for path in disk.rglob("*") if path.is_file()}
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    text, code = lens.run()

    assert code == 1
    assert "work_dir" in text
    assert "cannot be written: [Errno 30] Read-only file system" in text
    assert "Traceback" not in text
    assert before == {path: path.read_bytes() for path in disk.rglob("*") if path.is_file()}


def test_a_script_on_a_full_disk_stops_with_one_line_and_goes_on_later(disk, made_up):
    lens = made_up.Lens(disk, ["a", "bb"])
    lens.run()
    lens.settings("detect_min_area_px = 9")
    ballast = disk / "ballast"
    ballast.write_bytes(bytes(shutil.disk_usage(disk).free))

    text, code = lens.run()
    ballast.unlink()

    assert code == 1
    assert "Traceback" not in text
    assert "No space left" in text or "the disk is full" in text
    assert "2 done" in lens.run()[0]
