"""Ways to write files that look right and are not; the tests of this folder must catch each.

A mutant takes a function that sets an attribute, such as ``setattr`` or that of monkeypatch.
"""

import contextlib
import os

from cosmouline.database import json_store
from cosmouline.engine import engine
from cosmouline.files import atomic, lock


@contextlib.contextmanager
def _in_place(path, is_synced=True):
    path.parent.mkdir(parents=True, exist_ok=True)
    yield path


@contextlib.contextmanager
def _renamed_first(path, is_synced=True):
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".tmp.{path.name}")
    yield temporary
    os.replace(temporary, path)
    atomic.sync(path)
    atomic.sync(path.parent)


@contextlib.contextmanager
def _not_tidied(path, is_synced=True):
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".host.1.00000000.tmp.{path.name}")
    yield temporary
    atomic.sync(temporary)
    os.replace(temporary, path)
    atomic.sync(path.parent)


def _journal_first(put):
    save = json_store.Store.save

    def mutant(self, rows, runs):
        self.close()
        self.journal_path.unlink(missing_ok=True)
        save(self, rows, runs)

    put(json_store.Store, "save", mutant)


def _all_generations(put):
    put(json_store.Store, "_read_journal", lambda self: [
        entry for line in (self.journal_path.read_bytes().split(b"\n")
                           if self.journal_path.exists() else ())
        if (entry := json_store._parse(line))])


def _no_lock(put):
    put(lock.Lock, "__enter__", lambda self: self)
    put(lock.Lock, "__exit__", lambda *_: None)


def _opened(self, **keywords):
    return open(self.journal_path, "ab", **keywords)


MUTANTS = {
    "in place": lambda put: put(json_store, "atomic_path", _in_place),
    "no sync": lambda put: [put(module, "sync", lambda path: None)
                            for module in (atomic, json_store)],
    "rename before sync": lambda put: put(json_store, "atomic_path", _renamed_first),
    "temporary file left": lambda put: put(json_store, "atomic_path", _not_tidied),
    "journal removed first": _journal_first,
    "no journal": lambda put: put(json_store.Store, "append", lambda *_: None),
    "journal in a buffer": lambda put: put(
        json_store.Store, "_open_journal", lambda self: _opened(self, buffering=2**20)),
    "torn line not ended": lambda put: put(
        json_store.Store, "_open_journal", lambda self: _opened(self, buffering=0)),
    "part of a line passes": lambda put: put(
        json_store, "_write_all", lambda file, content: file.write(content)),
    "older generations count": _all_generations,
    "no lock": _no_lock,
    "workers outlive": lambda put: put(engine, "end_with_parent", int),
}
