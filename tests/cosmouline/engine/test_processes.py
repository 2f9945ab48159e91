"""New processes: copies only where that is safe."""

import errno
import os
import sys
import threading
from multiprocessing import resource_tracker, spawn
from types import ModuleType, SimpleNamespace

from cosmouline.engine import engine, launch
from cosmouline.engine.processes import start_method
from cosmouline.errors import UserError

import pytest


@pytest.fixture
def alone(monkeypatch):
    """Make this a process of one thread, without jax, on Linux, whatever runs the tests."""
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delitem(sys.modules, "jax", raising=False)


def test_a_process_of_one_thread_is_copied(alone):
    assert start_method() == "fork"


def test_a_process_with_threads_is_not(alone, monkeypatch):
    monkeypatch.setattr(threading, "active_count", lambda: 2)

    assert start_method() == "spawn"


def test_a_process_that_has_loaded_jax_is_not(alone, monkeypatch):
    monkeypatch.setitem(sys.modules, "jax", ModuleType("jax"))

    assert start_method() == "spawn"


def test_a_process_of_another_system_is_not(alone, monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")

    assert start_method() == "spawn"


@pytest.fixture
def python(tmp_path, monkeypatch):
    """Return a file in the place of that of Python, which nobody may run."""
    path = tmp_path / "python"
    path.touch(mode=0o644)
    monkeypatch.setattr(spawn, "_python_exe", os.fsencode(path))
    return path


@pytest.mark.parametrize("start", [
    lambda path: list(engine.outcomes(start_method, [{"img_name": str(n)} for n in range(9)],
                                      SimpleNamespace(engine="local", max_cpus=2,
                                                      image_timeout_s=None))),
    lambda path: launch.start(path, [])], ids=["workers", "scripts"])
def test_a_python_that_this_user_may_not_run_is_told_in_one_line(
        alone, monkeypatch, python, start):
    monkeypatch.setattr(sys, "platform", "darwin")  # where all processes are new ones

    with pytest.raises(UserError, match=f"^no worker can be started with {python}: this user may "
                       "not run it. .* engine = 'serial' into settings.py$"):
        start(python)


def test_so_is_a_user_who_has_no_more_processes(python, monkeypatch):
    def refused(*_):
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    python.chmod(0o755)
    monkeypatch.setattr(resource_tracker, "ensure_running", refused)

    with pytest.raises(UserError, match=f"{python}: Resource temporarily unavailable. "):
        launch.check_python_starts()
