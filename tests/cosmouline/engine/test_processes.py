"""New processes: copies only where that is safe."""

import sys
import threading
from types import ModuleType

from cosmouline.engine.processes import start_method

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
