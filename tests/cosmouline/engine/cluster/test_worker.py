"""What a worker does, called in this process; a made-up step lies in a temporary folder."""

import importlib.util
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

from cosmouline.engine.cluster import worker
from cosmouline.engine.work import Work
from cosmouline.errors import UserError

import numpy as np
import pytest


def measure(image, settings):
    """Return the mark of this worker, and use some CPU time."""
    end = time.process_time() + 0.05
    while time.process_time() < end:
        pass
    if image["img_name"] == "user":
        raise UserError("change this")
    if image["img_name"] == "hang":
        time.sleep(600)
    here = worker.marks(settings.work_dir)
    return {"in_hand": here[worker.who()].read_text()}


@pytest.fixture
def step(tmp_path):
    """Write a step as `dispatch` does; return its path."""
    (tmp_path / "cluster" / worker.AT_WORK).mkdir(parents=True)
    return worker.write_step(tmp_path / "cluster" / "step_1", Work.of(measure),
                             SimpleNamespace(work_dir=tmp_path, image_timeout_s=None))


def wanted(**changes):
    return tuple((worker.versions() | changes).items())


def images(*names):
    return [(k, {"img_name": name}) for k, name in enumerate(names)]


def test_a_task_gives_outcomes_and_times_and_its_mark_is_there_meanwhile(step):
    reply = worker.run_images(step, wanted(), images("a", "b"))

    assert [(o.img_name, o.word) for o in reply.outcomes] == [("a", "done"), ("b", "done")]
    assert {o.values["in_hand"] for o in reply.outcomes} == {"a\nb"}
    assert 0.1 <= reply.cpu_s < 5
    assert 0.1 <= reply.seconds < 60
    assert reply.stop == ""
    assert worker.marks(Path(step).parents[2]) == {}


def test_each_image_has_the_time_of_the_settings(tmp_path, monkeypatch):
    """Nothing is ended here: the watchdog only notes how long it would wait."""
    limits_s = []
    monkeypatch.setattr(worker.faulthandler, "dump_traceback_later",
                        lambda limit_s, **_: limits_s.append(limit_s))
    (tmp_path / "cluster" / worker.AT_WORK).mkdir(parents=True)
    step = worker.write_step(tmp_path / "cluster" / "step_1", Work.of(measure), SimpleNamespace(
        work_dir=tmp_path, image_timeout_s=30.0))

    outcomes = worker.run_images(step, wanted(), images("a", "b")).outcomes

    assert [one.word for one in outcomes] == ["done", "done"]
    assert limits_s == [30.0, 30.0]


def test_the_users_fault_ends_the_task_and_what_was_done_is_given_back(step):
    reply = worker.run_images(step, wanted(), images("a", "user", "b"))

    assert [o.img_name for o in reply.outcomes] == ["a"]
    assert reply.stop == "change this"
    assert worker.marks(Path(step).parents[2]) == {}


def test_a_worker_that_is_not_fit_does_nothing(step):
    reply = worker.run_images(step, wanted(numpy="1.0", jax="0", sep="0", scipy="0"), images("a"))

    assert reply[:3] == ([], 0.0, 0.0)
    assert reply.stop.startswith(
        f"the worker {socket.gethostname()} (process {os.getpid()}) has numpy {np.__version__}, "
        "not version 1.0 and scipy ")
    assert "sep " in reply.stop
    assert "jax " not in reply.stop  # three are enough
    assert "Workers must run the same versions: start them again" in reply.stop


def test_a_library_that_only_the_worker_or_the_script_has(step):
    assert "has galaxies missing, not version 2" in worker.unfit(step, wanted(galaxies="2"))
    assert worker.unfit(step, wanted()) == ""
    assert worker.unfit(step, wanted()[:3]) == ""


def test_versions_are_those_that_are_installed(monkeypatch):
    found = worker.versions()

    assert found["python"] == "{}.{}.{}".format(*sys.version_info[:3])
    assert found["numpy"] == np.__version__
    monkeypatch.setattr(worker, "LIBRARIES", ("no-such-library",))
    worker.versions.cache_clear()
    assert worker.versions()["no-such-library"] == "missing"
    worker.versions.cache_clear()


def test_the_hash_changes_with_any_source(monkeypatch, tmp_path):
    """The package lies in the folder of the pipeline."""
    for name in ("a.py", "b/c.py", "b/data.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("1")
    monkeypatch.setattr(worker, "PACKAGE", tmp_path / "cosmouline")
    monkeypatch.setattr(worker, "IS_INSTALLED", False)
    first = worker.hash_of_sources()
    (tmp_path / "b/data.txt").write_text("2")
    assert worker.hash_of_sources() == first
    (tmp_path / "b/c.py").write_text("2")
    second = worker.hash_of_sources()
    (tmp_path / "b/c.py").rename(tmp_path / "b/d.py")
    assert len({first, second, worker.hash_of_sources()}) == 3


def test_a_step_that_is_seen_late_is_waited_for(step):
    """A file system of several nodes shows a new file after some seconds."""
    content = Path(step).read_bytes()
    Path(step).unlink()
    late = threading.Timer(0.5, Path(step).write_bytes, [content])
    late.start()

    assert worker.run_images(step, wanted(), images("a")).outcomes[0].word == "done"
    late.join()


def test_an_image_that_takes_too_long_ends_its_worker_and_says_where_it_was(tmp_path):
    text = ("import sys, test_worker as t\n"
            "from pathlib import Path\nfrom types import SimpleNamespace\n"
            "folder = Path(sys.argv[1]) / 'cluster'\n"
            "(folder / t.worker.AT_WORK).mkdir(parents=True)\n"
            "step = t.worker.write_step(folder / 'step_1', t.Work.of(t.measure),\n"
            "    SimpleNamespace(work_dir=Path(sys.argv[1]), image_timeout_s=2.0))\n"
            "print(t.worker.run_images(step, t.wanted(), t.images('a'))[0][0].word, flush=True)\n"
            "t.worker.run_images(step, t.wanted(), t.images('b', 'hang', 'c'))\n")
    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run([sys.executable, "-c", text, tmp_path], text=True, capture_output=True,
                          env=os.environ | {"PYTHONPATH": path}, timeout=60)

    assert (done.returncode, done.stdout) == (1, "done\n")
    step = tmp_path / "cluster" / "step_1" / "step.pickle"
    assert not worker.hung_path(step, 0).exists()
    assert "in measure" in worker.hung_path(step, 1).read_text()
    (mark,) = worker.marks(tmp_path).values()  # its files are removed by it
    assert mark.read_text() == "b\nhang\nc"


def test_marks_are_named_by_host_and_process(tmp_path):
    folder = tmp_path / "cluster" / worker.AT_WORK
    folder.mkdir(parents=True)
    for name in ("node1.site.org.12", "node2.7", ".nfs0001.3"):
        (folder / name).touch()

    assert set(worker.marks(tmp_path)) == {("node1.site.org", 12), ("node2", 7)}


@pytest.fixture
def kernel():
    worker.kernel.cache_clear()
    yield worker.kernel
    worker.kernel.cache_clear()


@pytest.mark.skipif(importlib.util.find_spec("threadpoolctl") is None, reason="no threadpoolctl")
def test_the_kernel_is_the_one_that_openblas_was_told_to_use(kernel):
    """Nehalem runs on every processor of today; OpenBLAS reads its name when it is loaded."""
    text = "from cosmouline.engine.cluster import worker; print(worker.kernel())"
    done = subprocess.run([sys.executable, "-c", text], text=True, capture_output=True,
                          env=os.environ | {"OPENBLAS_CORETYPE": "Nehalem"})
    if kernel() in ("unknown", ""):
        pytest.skip("numpy has no OpenBLAS here")

    assert done.stdout == "Nehalem\n"


def test_without_threadpoolctl_the_kernel_is_unknown(kernel, monkeypatch):
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)

    assert kernel() == "unknown"


def test_libraries_without_kernels_are_left_out_and_two_kernels_are_named_both(
        kernel, monkeypatch):
    libraries = [{"internal_api": "openmp"}, {"architecture": "SkylakeX"},
                 {"architecture": "Haswell"}, {"architecture": "SkylakeX"}]
    monkeypatch.setitem(sys.modules, "threadpoolctl",
                        SimpleNamespace(threadpool_info=lambda: libraries))

    assert kernel() == "Haswell, SkylakeX"
    libraries[1:] = []
    kernel.cache_clear()
    assert kernel() == "unknown"
