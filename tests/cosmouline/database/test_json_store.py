"""The database file: every finished result survives, every damage is told in one line."""

import json
import os
import time

from cosmouline.database import json_store
from cosmouline.database.json_store import Store
from cosmouline.errors import UserError

import pytest

ROWS = {name: {"img_name": name, "fwhm_px": 2.0 + i} for i, name in enumerate("cab")}
RUN = {1: {"number": 1, "script": "x", "settings": {}, "version": "0", "time": ""}}


@pytest.fixture(autouse=True, params=[False, True], ids=["reads", "keeps"])
def keeps(request, monkeypatch):
    """Every test as in a process of one script, and as in one that keeps what it has read."""
    monkeypatch.setattr(json_store, "_keeps", [request.param])
    monkeypatch.setattr(json_store, "_kept", {})
    return request.param


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "database.json")
    store.save(ROWS, RUN)
    yield store
    store.close()


def reloaded(store):
    return Store(store.path).load()


def test_what_is_saved_is_loaded(store):
    assert reloaded(store) == (ROWS, RUN)


def test_one_image_per_line_sorted_by_name(store):
    lines = store.path.read_text().splitlines()

    assert [json.loads(line.rstrip(","))["img_name"] for line in lines[1:4]] == ["a", "b", "c"]


def test_the_journal_is_applied_without_a_save(store):
    store.append({"img_name": "a", "set": {"fwhm_px": None, "n_sources": 7}})
    store.append({"img_name": "d", "set": {"n_sources": 1}})

    rows, _ = reloaded(store)

    assert rows["a"] == {"img_name": "a", "n_sources": 7}
    assert rows["d"] == {"img_name": "d", "n_sources": 1}


def test_a_run_in_the_journal_is_known_after_a_crash(store):
    store.append({"run": {"number": 2, "script": "y"}})

    assert reloaded(store)[1][2]["script"] == "y"


def test_a_torn_last_line_is_dropped_and_told_and_the_next_line_is_whole(store):
    store.append({"img_name": "a", "set": {"n_sources": 1}})
    store.close()
    with open(store.journal_path, "ab") as file:
        file.write(b'0123abcd {"generation": 1, "img_na')
    again = Store(store.path)

    rows, _ = again.load()
    again.append({"img_name": "b", "set": {"n_sources": 2}})
    again.close()

    assert rows["a"]["n_sources"] == 1
    assert "1 torn line" in again.notices[0]
    assert reloaded(store)[0]["b"]["n_sources"] == 2


def test_a_journal_of_an_older_generation_is_not_applied_again(store):
    store.append({"img_name": "a", "set": {"n_sources": 1}})
    store.close()
    old = store.journal_path.read_bytes()
    store.save(ROWS, RUN)
    store.journal_path.write_bytes(old)  # as if killed between rename and removal

    assert "n_sources" not in reloaded(store)[0]["a"]


def test_a_failing_save_leaves_the_old_file_and_no_temporary_one(store, monkeypatch):
    def no_space(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", no_space)
    with pytest.raises(OSError, match="No space"):
        store.save({}, {})

    assert reloaded(store) == (ROWS, RUN)
    assert not list(store.path.parent.glob(".*tmp*"))


def test_the_newest_files_and_one_of_each_day_are_kept(store, monkeypatch):
    for day in range(1, 21):
        monkeypatch.setattr(time, "strftime", lambda *_, day=day: f"202011{day:02d}T000000Z")
        for _ in range(3):
            store.save(ROWS, RUN)

    names = sorted(path.name for path in (store.path.parent / "backups").iterdir())
    days = [name.split("_")[1][6:8] for name in names]
    # the last ten files are those of four days; before them one of each of six more
    assert days == [*map(str, range(11, 18)), *3 * ["18"], *3 * ["19"], *3 * ["20"]]


def test_the_store_knows_whether_its_file_is_whole(store):
    assert store.is_saved
    store.append({"img_name": "c", "set": {"fwhm_px": 9.0}})
    store.close()
    assert not store.is_saved

    again = Store(store.path)
    rows, runs = again.load()
    assert not again.is_saved  # the journal holds something
    again.save(rows, runs)
    assert again.is_saved


def test_an_edit_by_hand_is_welcome_and_told(store):
    store.path.write_text(store.path.read_text().replace("2.0", "2.25"))
    again = Store(store.path)

    assert again.load()[0]["c"]["fwhm_px"] == 2.25
    assert "edited by hand" in again.notices[0]


def test_windows_line_ends_are_no_edit(store):
    store.path.write_bytes(store.path.read_bytes().replace(b"\n", b"\r\n"))
    again = Store(store.path)

    assert again.load()[0] == ROWS
    assert again.notices == []


def test_a_key_that_stands_twice_is_told(store):
    text = store.path.read_text().replace('"fwhm_px": 3.0', '"fwhm_px": 1.0, "fwhm_px": 3.0')
    store.path.write_text(text)
    again = Store(store.path)

    assert again.load()[0]["a"]["fwhm_px"] == 3.0
    assert any("a: fwhm_px stands twice" in notice for notice in again.notices)


@pytest.mark.parametrize(("damage", "says"), [
    (lambda raw: b"", "it is empty"),
    (lambda raw: raw[:-40], "damaged"),
    (lambda raw: raw.decode().encode("utf-16"), "not utf-8"),
    (lambda raw: b"[" * 100_000, "damaged"),
    (lambda raw: b"\0" * 4096, "damaged"),
    (lambda raw: b"<<<<<<< ours\n" + raw, "damaged"),
    (lambda raw: raw.replace(b'"version": 1', b'"version": 99'), "newer version"),
    (lambda raw: raw.replace(b'"img_name": "b"', b'"img_name": "a"'), "a stands twice"),
    (lambda raw: raw.replace(b'"img_name": "b"', b'"x": "b"'), "image 2 has no 'img_name'"),
    (lambda raw: b'{"a": 1}', "not an image database"),
    (lambda raw: raw.replace(b'"number": 1', b'"number": "1"'), "a run has no 'number'"),
])
def test_a_damaged_file_stops_with_one_line_and_stays_as_it_is(store, damage, says):
    store.path.write_bytes(damage(store.path.read_bytes()))
    before = store.path.read_bytes()

    with pytest.raises(UserError, match=says) as problem:
        reloaded(store)

    assert "\n" not in str(problem.value)
    assert store.path.read_bytes() == before


def test_every_cut_of_the_file_is_refused_or_harmless(store):
    whole = store.path.read_bytes()
    for length in range(len(whole)):
        store.path.write_bytes(whole[:length])
        try:
            rows = reloaded(store)[0]
        except UserError:
            continue
        assert rows == ROWS


class Syncs(list):
    """Sizes of the journal at every fsync of it; the clock is set by hand."""

    def __init__(self, store, monkeypatch):
        super().__init__()
        self.now, fsync = time.monotonic(), os.fsync

        def noted(descriptor):
            if os.path.samestat(os.fstat(descriptor), os.stat(store.journal_path)):
                self.append(os.fstat(descriptor).st_size)
            return fsync(descriptor)

        monkeypatch.setattr(os, "fsync", noted)
        monkeypatch.setattr(time, "monotonic", lambda: self.now)


def test_what_is_appended_is_synced_at_most_once_a_second(store, monkeypatch):
    store.append({"img_name": "a", "set": {}})
    syncs, sizes = Syncs(store, monkeypatch), []
    for after_s in (10.0, 0.5, 0.4, 0.2, 5.0):
        syncs.now += after_s
        store.append({"img_name": "a", "set": {"n_sources": 1}})
        sizes.append(store.journal_path.stat().st_size)

    # 10.0 s on, not at 10.5 and 10.9, but at 11.1 and 16.1: all that is there each time
    assert syncs == [sizes[0], sizes[3], sizes[4]]


def test_the_journal_is_synced_when_it_is_closed(store, monkeypatch):
    store.append({"img_name": "a", "set": {"n_sources": 1}})
    syncs = Syncs(store, monkeypatch)
    store.close()

    assert syncs == [store.journal_path.stat().st_size]
    assert syncs[0] > 0
    store.close()  # a second time it does nothing
    assert len(syncs) == 1


def test_a_file_that_was_saved_here_is_read_once_and_its_lines_are_written_once(
        store, keeps, monkeypatch):
    store.load()
    read, dumped = [], []
    monkeypatch.setattr(Store, "_read_file", lambda *_, old=Store._read_file: (
        read.append(1), old(*_))[1])
    monkeypatch.setattr(json_store, "_dump", lambda value, old=json_store._dump: (
        dumped.append(value.get("img_name")), old(value))[1])
    for number in range(3):
        again = Store(store.path)
        rows, runs = again.load()
        rows["b"]["n_sources"] = number
        again.save(rows, runs)

    assert len(read) == (0 if keeps else 3)
    images = [name for name in dumped if name]
    assert images == (["b"] * 3 if keeps else ["a", "b", "c"] * 3)
    monkeypatch.undo()
    assert Store(store.path).load()[0] == ROWS | {"b": ROWS["b"] | {"n_sources": 2}}


def test_what_a_script_changes_without_a_save_is_not_kept(store):
    rows, runs = store.load()
    rows["a"]["fwhm_px"] = 99.0
    runs[1]["script"] = "y"
    del rows["b"]

    assert Store(store.path).load() == (ROWS, RUN)


def test_a_file_that_another_process_replaced_is_read_again(store):
    store.load()
    text = store.path.read_text().replace('"fwhm_px": 3.0', '"fwhm_px": 3.5')
    store.path.unlink()
    store.path.write_text(text)

    again = Store(store.path)
    rows, _ = again.load()

    assert rows["a"]["fwhm_px"] == 3.5
    assert again.is_edited
