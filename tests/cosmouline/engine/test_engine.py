"""The engine: each image gets its outcome, and a bad one costs itself only."""

import errno
import faulthandler
import functools
import os
import signal
import time
from pathlib import Path
from types import SimpleNamespace

from cosmouline.engine import engine
from cosmouline.engine.cluster import dispatch
from cosmouline.errors import ImageRejected, UserError
from cosmouline.files.atomic import atomic_path

import pytest


def measure(image, settings, factor=1):
    """Do what the image's name says; worker processes load it by the path of this file."""
    name = image["img_name"]
    if name.startswith("reject"):
        raise ImageRejected("cloud")
    if name.startswith("fail"):
        raise ValueError("broken")
    if name.startswith("die"):
        os.kill(os.getpid(), 9)
    if name.startswith("crash"):
        faulthandler.disable()  # of pytest
        os.kill(os.getpid(), signal.SIGSEGV)
    if name.startswith("hang"):
        time.sleep(600)
    if name.startswith("full"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "x.fits")
    if name.startswith("user"):
        raise UserError("mend this")
    return {"n_sources": factor * len(name), "pid": os.getpid(),
            "threads": os.environ["OMP_NUM_THREADS"]}


def settings(name="local", **changes):
    return SimpleNamespace(**({"engine": name, "max_cpus": 2, "image_timeout_s": None,
                               "died_retries": 1, "work_dir": Path("absent")} | changes))


def run(names, how):
    images = [{"img_name": name} for name in names]
    return {o.img_name: o for o in engine.outcomes(measure, images, how)}


def test_serial_gives_every_outcome():
    found = run(["a", "reject1", "fail1"], settings("serial"))

    assert {name: o.word for name, o in found.items()} == {
        "a": "done", "reject1": "rejected", "fail1": "failed"}
    assert found["reject1"].message == "cloud"
    assert found["fail1"].message == "ValueError: broken"
    assert "Traceback" in found["fail1"].details


@pytest.mark.parametrize(("name", "on_gpu", "n", "is_sent"), [
    ("dask", False, 4, True), ("dask", False, 3, False), ("dask", True, 1, True),
    ("dask", True, 0, False), ("serial", True, 5, False)])
def test_images_go_to_a_cluster_if_the_settings_say_so(monkeypatch, name, on_gpu, n, is_sent):
    """Few go there only for a graphics card."""
    sent = []
    monkeypatch.setattr(dispatch, "outcomes",
                        lambda work, images, how, on_gpu: sent.append((len(images), on_gpu)) or [])

    found = list(engine.outcomes(measure, [{"img_name": f"i{k}"} for k in range(n)],
                                 settings(name), on_gpu=on_gpu))

    assert sent == [(n, on_gpu)] * is_sent
    assert [o.values["pid"] for o in found] == [os.getpid()] * (0 if is_sent else n)


def test_long_tasks_have_no_time_limit(monkeypatch):
    limits = []

    class Pool(SimpleNamespace):
        def schedule(self, work, args, timeout):
            limits.append(timeout)
            raise KeyboardInterrupt

        def stop(self):
            pass

        join = stop

    monkeypatch.setattr("pebble.ProcessPool", lambda **_: Pool())
    images = [{"img_name": f"img{i}"} for i in range(4)]
    for long in (True, False):
        with pytest.raises(KeyboardInterrupt):
            list(engine.outcomes(measure, images, settings(
                image_timeout_s=3.0, work_dir=Path("/nonexistent")), long=long))

    assert limits == [None, 3.0]


def test_processes_survive_death_and_time_out(record_property):
    """Row e10: a crash in a compiled library is a SIGSEGV."""
    names = [f"img{i}" for i in range(8)] + ["reject1", "fail1", "die1", "hang1", "crash1"]

    found = run(names, settings(image_timeout_s=3.0))

    bad = {name: o.word for name, o in found.items() if o.word != "done"}
    assert bad == {"reject1": "rejected", "fail1": "failed", "die1": "died", "hang1": "timeout",
                   "crash1": "died"}
    assert "exit code -9" in found["die1"].message
    assert "exit code -11" in found["crash1"].message
    record_property("verdict", f"e10_worker_segfault\tFLAG\tFLAG\tdied: {found['crash1'].message}")
    assert {o.values["threads"] for o in found.values() if o.word == "done"} == {"1"}
    assert os.getpid() not in {o.values["pid"] for o in found.values() if o.word == "done"}


class Deadly:
    """What ends the process that unpickles it: a worker, before it says what it has."""

    def __reduce__(self):
        return os._exit, (7,)


@pytest.mark.parametrize("n_workers", [1, 2])
def test_a_worker_that_dies_before_it_begins_costs_its_own_image_only(n_workers):
    """Pebble then calls the whole pool broken, and knows no image."""
    images = [{"img_name": f"img{i}"} for i in range(6)]
    images[2]["deadly"] = images[4]["deadly"] = Deadly()

    found = list(engine._in_processes(engine.Work.of(measure), images, settings(), n_workers))

    assert sorted((o.img_name, o.word) for o in found) == [
        (f"img{i}", "died" if i in (2, 4) else "done") for i in range(6)]
    assert "its worker process died" in next(o.message for o in found if o.word == "died")


def die_once(image, settings):
    """Write a file; the first time on the first image die half-way."""
    died = settings.work_dir.with_name("died")
    with atomic_path(settings.work_dir / f"{image['img_name']}.txt") as half:
        half.write_text("half")
        if image["img_name"] == "first" and not died.exists():
            died.touch()
            os.kill(os.getpid(), 9)
    return {}


def test_e06_a_worker_that_died_leaves_no_file_though_its_image_was_done_by_another(
        tmp_path, record_property):
    images = [{"img_name": name} for name in ("first", "b", "c", "d")]

    folder = tmp_path / "work"
    folder.mkdir()

    found = list(engine.outcomes(die_once, images, settings(work_dir=folder)))

    assert [o.word for o in found] == ["done"] * 4
    assert (tmp_path / "died").exists()
    assert sorted(path.name for path in folder.iterdir()) == [
        "b.txt", "c.txt", "d.txt", "first.txt"]
    record_property("verdict", "e06_kill9_worker\tOK\tOK\t")


def test_few_images_are_done_in_this_process():
    found = run(["a", "b"], settings())

    assert {o.values["pid"] for o in found.values()} == {os.getpid()}


def test_max_cpus_is_the_number_of_workers(monkeypatch):
    """One worker would be no faster than this process; 0 stands for all cores."""
    monkeypatch.setattr(engine, "n_usable_cpus", lambda: 3)
    names = [f"img{i}" for i in range(12)]

    def n_workers(max_cpus):
        return len({o.values["pid"] for o in run(names, settings(max_cpus=max_cpus)).values()}
                   - {os.getpid()})

    assert n_workers(1) == 0
    assert 1 <= n_workers(0) <= 3
    monkeypatch.setattr(engine, "n_usable_cpus", lambda: 1)
    assert 1 <= n_workers(2) <= 2
    assert n_workers(0) == 0


@pytest.mark.parametrize(("retries", "n_died"), [(0, 1), (1, 0)])
def test_an_image_whose_worker_died_is_tried_again_as_often_as_died_retries_says(
        tmp_path, retries, n_died):
    folder = tmp_path / "work"
    folder.mkdir()
    images = [{"img_name": name} for name in ("first", "b", "c", "d")]

    found = list(engine.outcomes(die_once, images, settings(work_dir=folder,
                                                            died_retries=retries)))

    assert sorted(o.word for o in found).count("died") == n_died
    assert len(found) == 4


@pytest.mark.parametrize(("long", "n", "is_here"), [(True, 2, False), (True, 1, True),
                                                    (False, 3, True), (False, 4, False)])
def test_long_tasks_are_worth_workers_from_two_on(long, n, is_here):
    images = [{"img_name": f"img{i}"} for i in range(n)]
    found = list(engine.outcomes(measure, images, settings(), long=long))

    assert ({o.values["pid"] for o in found} == {os.getpid()}) is is_here


def test_what_is_bound_reaches_the_function():
    bound = functools.partial(measure, factor=10)
    outcome, = engine.outcomes(bound, [{"img_name": "abc"}], settings("serial"))

    assert outcome.values["n_sources"] == 30


@pytest.mark.parametrize("name", ["serial", "local"])
def test_the_user_s_fault_stops_the_run(name):
    with pytest.raises(UserError, match="mend this"):
        run(["a", "b", "c", "d", "user1"], settings(name))


def test_a_full_disk_stops_the_run_and_no_image_is_blamed():
    with pytest.raises(UserError, match=r"the disk is full \(x.fits\). Make room, then run"):
        run(["a", "full1"], settings("serial"))


def test_after_a_death_new_workers_go_on_and_nobody_waits():
    """A worker that dies holding the lock of the pipe would make the others wait for a minute."""
    start = time.monotonic()
    found = run(["die1", "die2", *(f"img{i}" for i in range(30))], settings(died_retries=1))

    assert {name for name, o in found.items() if o.word == "died"} == {"die1", "die2"}
    assert len(found) == 32
    assert time.monotonic() - start < 40
