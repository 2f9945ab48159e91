"""Fixtures of the tests of faults: calls that fail, a power cut, mutants."""

import os
from pathlib import Path

import pytest


class Cut(BaseException):
    """The power is gone."""


class Calls:
    """Count the calls that change the disk, and let one of them fail.

    Attributes
    ----------
    n : int
        How many there were.
    fails : int
        The number of the one that fails, from 1; 0 for none.
    error : callable
        Gives what it raises.
    """

    NAMES = ("fsync", "replace", "rename", "link", "unlink", "mkdir", "open")

    def __init__(self, monkeypatch, module=os):
        self.n, self.fails = 0, 0
        self.error = lambda: OSError(5, "Input/output error")
        for name in self.NAMES:
            monkeypatch.setattr(module, name, self._counted(getattr(module, name)))

    def _counted(self, function):
        def call(*args, **keywords):
            self.count()
            return function(*args, **keywords)
        return call

    def count(self):
        """Count one call, or let it fail."""
        self.n += 1
        if self.n == self.fails:
            raise self.error()

    def loop(self, prepare, operate, check):
        """Let the first, second, .. call of an operation fail until it passes; give how many.

        After each failure ``check(True)`` looks at what is there, at the end ``check(False)``.
        """
        for fails in range(1, 1000):
            self.fails = 0
            prepare()
            self.n, self.fails = 0, fails
            try:
                operate()
            except (OSError, Cut):
                self.fails = 0
                check(True)
            else:
                if self.n >= fails:  # it failed, and the operation went on regardless
                    self.fails = 0
                    check(False)
                    continue
                self.fails = 0
                check(False)
                return fails - 1
        raise AssertionError("it never passes")


class Disk:
    """What a power cut leaves: content as of the last sync, names as of the last sync or now."""

    def __init__(self, monkeypatch, folder):
        self.folder, self.content, self.names = folder, {}, {}
        self.fsync = os.fsync
        monkeypatch.setattr(os, "fsync", self._sync)

    def _sync(self, descriptor):
        self.fsync(descriptor)
        path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        if path.is_dir():
            self.names[path] = {one.name: one.stat().st_ino for one in path.iterdir()
                                if one.is_file()}
        else:
            self.content[path.stat().st_ino] = path.read_bytes()

    def settle(self):
        """Take all that is there as synced."""
        self.content = {path.stat().st_ino: path.read_bytes()
                        for path in self.folder.rglob("*") if path.is_file()}
        self.names = {folder: {one.name: one.stat().st_ino for one in folder.iterdir()
                               if one.is_file()}
                      for folder in [self.folder, *self.folder.rglob("*")] if folder.is_dir()}

    def after_a_cut(self, with_new_names):
        """Give the files by name as they can be in the folder after the cut."""
        now = {one.name: one.stat().st_ino for one in self.folder.iterdir() if one.is_file()}
        names = now if with_new_names else self.names.get(self.folder, {})
        return {name: self.content.get(inode, b"") for name, inode in names.items()}


@pytest.fixture
def calls(monkeypatch):
    """Give the `Calls`."""
    return Calls(monkeypatch)


@pytest.fixture
def mutate(script, monkeypatch):
    """Apply a mutant of mutants.py by its name."""
    mutants = script("tests/crash/mutants").MUTANTS
    return lambda name: name and mutants[name](monkeypatch.setattr)
