"""The file of the database: complete, checked, safe against kill and power loss.

The database is one JSON file with one image per line, sorted, so that it can be compared and
edited by hand. Between two saves every finished result is appended to a journal next to it.
`load` gives the file with the journal on top. Nothing that was appended is lost by a
``kill -9``; a power loss costs what came after the last sync, of which there is one a second
while results come, and one when the journal is closed.
"""

import codecs
import contextlib
import errno
import hashlib
import json
import os
import re
import time
import zlib
from typing import NamedTuple

from cosmouline.errors import UserError
from cosmouline.files.atomic import atomic_path, sync

FORMAT = "cosmouline-images"
VERSION = 1
HEAD = {"version": int, "generation": int, "sha256": str, "runs": list, "images": list}
PICKLE = b"\x80"  # how pickles of protocol 2 and later begin
SQLITE = b"SQLite format 3"
N_BACKUPS = 10  # newest files kept in backups/, and the last one of as many days
IMAGES = b'"images": ['  # where the lines of the images begin
HEAD_BYTES = 500  # the generation stands in the first ones
SYNC_EVERY_S = 1.0  # an fsync costs 3-4 ms, an append 0.1 ms: sync at most once per second
MOST_KEPT = 20_000  # images that `keep` holds a second time, with 10 kB each
_ENCODER = json.JSONEncoder(sort_keys=True, allow_nan=False, ensure_ascii=False)


class _Kept(NamedTuple):
    """A file as it was last read or saved here: its state, rows with their lines, and runs."""

    state: tuple
    generation: int
    rows: dict
    lines: dict
    runs: dict


_kept = {}  # by path
_keeps = [False]


def keep():
    """Keep in this process what it reads and saves, for the next one who asks for the same file.

    For a process that runs several scripts. A file that is not as it was left here is read again.
    """
    _keeps[0] = True


class Store:
    """Read and write one database file and its journal.

    Attributes
    ----------
    generation : int
        Number of the last save; a journal of an older generation is already merged.
    is_saved : bool
        False where the file lacks something, or was edited by hand.
    is_edited : bool
        True where `load` found that it was edited by hand.
    notices : list of str
        What the last `load` has to report.
    """

    def __init__(self, path):
        self.path = path
        self.journal_path = path.with_name(path.name + ".journal")
        self.generation = 0
        self.is_saved = True
        self.is_edited = False
        self.notices = []
        self._journal = None
        self._synced = 0.0

    def load(self):
        """Return rows (dict by image name) and runs (dict by number), the journal applied."""
        self.notices = []
        self.is_saved = not self.journal_path.exists()
        kept = _kept.get(self.path)
        if kept and self.is_saved and kept.state == _state(self.path):
            self.generation = kept.generation
            return _copies(kept.rows), _copies(kept.runs)
        rows, runs = ({}, {}) if not self.path.exists() else self._read_file()
        # On top what was appended since the last save
        for entry in self._read_journal():
            if "run" in entry:
                runs[entry["run"]["number"]] = entry["run"]
            else:
                row = rows.setdefault(entry["img_name"], {"img_name": entry["img_name"]})
                row |= entry["set"]
                for name in [name for name in entry["set"] if row[name] is None]:
                    del row[name]
        return rows, runs

    def save(self, rows, runs):
        """Write everything to a new file, keep the old one as a backup, drop the journal."""
        # One image a line, so that files can be compared and edited
        kept = _kept.get(self.path)
        same = {name for name, row in rows.items()
                if kept and kept.rows.get(name) == row}
        lines = {name: kept.lines[name] if name in same else _dump(rows[name]).encode()
                 for name in sorted(rows)}
        body = b",\n".join(lines.values())
        head = {"format": FORMAT, "version": VERSION, "generation": self.generation + 1,
                "sha256": _digest(body), "n": len(rows),
                "runs": [runs[number] for number in sorted(runs)]}
        self._backup()
        try:
            with atomic_path(self.path) as temporary, open(temporary, "wb") as file:
                file.writelines((_dump(head)[:-1].encode(), b", ", IMAGES, b"\n", body, b"\n]}\n"))
        except BaseException:
            # The new file may be there already: then what is appended next belongs to it
            with contextlib.suppress(OSError), open(self.path, "rb") as file:
                found = re.search(rb'"generation": (\d+)', file.read(HEAD_BYTES))
                self.generation = int(found[1]) if found else self.generation
            raise
        self.generation += 1
        self.is_saved = True
        self.close()
        self.journal_path.unlink(missing_ok=True)  # harmless if not reached: older generation
        if _keeps[0]:  # only rows that have changed are copied
            self._keep(_state(self.path), {name: kept.rows[name] if name in same else dict(row)
                                           for name, row in rows.items()}, lines, runs)

    def _keep(self, state, rows, lines, runs):
        """Keep what the file holds now; the rows are not those that a script changes."""
        if len(rows) <= MOST_KEPT:
            _kept[self.path] = _Kept(state, self.generation, rows, lines, _copies(runs))
        else:
            _kept.pop(self.path, None)

    def append(self, entry):
        """Add one line to the journal; it survives a kill at once, a power loss in a second."""
        self.is_saved = False
        if self._journal is None:
            self._journal = self._open_journal()
        text = _dump({"generation": self.generation, **entry}).encode()
        try:
            _write_all(self._journal, b"%08x %s\n" % (zlib.crc32(text), text))
        except OSError:
            self._drop_journal()  # when it is opened again, its torn last line is ended first
            raise
        # After a power loss at most the last second is missing
        now = time.monotonic()
        if now - self._synced > SYNC_EVERY_S:
            os.fsync(self._journal.fileno())
            self._synced = now

    def close(self):
        """Sync the journal and close it."""
        if self._journal is not None:
            try:
                os.fsync(self._journal.fileno())
            finally:
                self._drop_journal()

    def _drop_journal(self):
        self._journal.close()
        self._journal = None

    def _open_journal(self):
        """Open for appending without a buffer; end a torn last line first."""
        self.journal_path.parent.mkdir(parents=True, exist_ok=True)
        file = open(self.journal_path, "ab+", buffering=0)  # noqa: SIM115 - stays open
        try:
            # A line that was cut must not swallow the next one
            if file.tell() > 0:
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    _write_all(file, b"\n")
            sync(self.journal_path.parent)  # or a power loss takes all of a new journal away
        except BaseException:
            file.close()
            raise
        return file

    def _backup(self):
        """Hard-link the present file into backups/ and keep the newest ones."""
        if not self.path.exists():
            return
        folder = self.path.parent / "backups"
        folder.mkdir(exist_ok=True)
        # A second name of the file costs no time and no space
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        with contextlib.suppress(FileExistsError):
            os.link(self.path, folder / f"{self.generation:06d}_{stamp}_{self.path.name}")
        files = sorted(folder.glob(f"*_{self.path.name}"))
        # Keep the newest ones, and the last one of as many days
        last_of_day = {file.name.split("_")[1][:8]: file for file in files}
        kept = {*files[-N_BACKUPS:], *list(last_of_day.values())[-N_BACKUPS:]}
        for old in files:
            if old not in kept:
                old.unlink()

    def _read_file(self):
        """Return rows and runs of the file; one that was edited by hand is checked closely."""
        state = _state(self.path)  # before it is read: a file that replaces it has another one
        raw = self.path.read_bytes().removeprefix(codecs.BOM_UTF8)  # some editors put it there
        if not raw:
            raise self._damaged("it is empty")
        if raw.startswith(SQLITE):
            raise self._damaged("it is a database of SQLite; those of the old COSMOULINE are read "
                                "by extrascripts/import_cosmouline.py")
        if raw.startswith(PICKLE):
            raise self._damaged("it is a pickle, which is never read: it could run any code")
        # The lines of the images as they were saved have the hash that stands in the head
        start = raw.find(IMAGES) + len(IMAGES)
        body = raw[start:raw.rfind(b"]")].strip()
        is_ours = _digest(body).encode() in raw[:start]
        try:
            head = json.loads(raw.decode(), object_pairs_hook=None if is_ours else self._unique)
        except UnicodeDecodeError as error:
            raise self._damaged("it is not utf-8 text") from error
        except (ValueError, RecursionError) as error:
            raise self._damaged(str(error)) from error
        if not isinstance(head, dict) or head.get("format") != FORMAT or any(
                not isinstance(head.get(name), kind) for name, kind in HEAD.items()):
            raise self._damaged("it is not an image database")
        # Only a newer version of this library can read its format
        if head["version"] > VERSION:
            raise UserError(f"{self.path} was written by a newer version of cosmouline "
                            f"(format {head['version']}, this one reads {VERSION}). Update.")
        # An edited file is read, but its values are checked, and it is saved again
        self.generation = head["generation"]
        if not is_ours and _digest(body.replace(b"\r\n", b"\n")) != head["sha256"]:
            n_now, n_then = len(head["images"]), head.get("n")
            self.notices.append(f"{self.path.name} was edited by hand" + (
                f": {n_now} images, {n_then} before." if n_now != n_then else "."))
            self.is_saved, self.is_edited = False, True
        # What is well-formed JSON may still lack what every run and image has
        if not all(map(_is_run, head["runs"])):
            raise self._damaged("a run has no 'number', or a wrong 'script' or 'settings'")
        rows = {}
        for number, row in enumerate(head["images"], 1):
            if not isinstance(row, dict) or not isinstance(row.get("img_name"), str):
                raise self._damaged(f"image {number} has no 'img_name'")
            if row["img_name"] in rows:
                raise self._damaged(f"the image {row['img_name']} stands twice")
            rows[row["img_name"]] = row
        runs = {run["number"]: run for run in head["runs"]}
        if is_ours and _keeps[0]:
            lines = body.split(b",\n") if rows else ()  # texts of JSON hold no end of a line
            self._keep(state, _copies(rows), dict(zip(rows, lines, strict=True)), runs)
        return rows, runs

    def _unique(self, pairs):
        """Return a dict, and report a key that stands twice (json keeps the last silently)."""
        row = dict(pairs)
        if len(row) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = sorted({key for key in keys if keys.count(key) > 1})
            self.notices.append(f"{row.get('img_name', 'the head')}: {', '.join(twice)} stands "
                                "twice; the last value is taken.")
        return row

    def _read_journal(self):
        """Yield the complete lines of this generation; drop and report torn ones."""
        if not self.journal_path.exists():
            return
        n_torn = 0
        for line in self.journal_path.read_bytes().split(b"\n"):
            entry = _parse(line)
            n_torn += entry is None and bool(line)
            if entry is not None and entry["generation"] == self.generation:
                yield entry
        if n_torn:
            self.notices.append(f"{self.journal_path.name}: {n_torn} torn line(s) dropped; "
                                "their images are done again.")

    def _damaged(self, why):
        return UserError(f"{self.path} is damaged: {why}. Copy the newest good file of "
                         f"{self.path.parent / 'backups'} over it.")


def _state(path):
    """Return what tells a file from one that replaced it; None without one."""
    with contextlib.suppress(OSError):
        found = os.stat(path)
        return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
    return None


def _copies(rows):
    return {name: dict(row) for name, row in rows.items()}


def _dump(value):
    """Write one line of JSON, always the same for the same content; NaN is an error."""
    return _ENCODER.encode(value)


def _digest(content):
    return hashlib.sha256(content).hexdigest()


def _write_all(file, content):
    """Write to an unbuffered file: a full disk may take only the first bytes without an error."""
    n = file.write(content)
    if n < len(content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), file.name)


def _parse(line):
    """Return the entry of one journal line; None if it is torn, or not what `append` writes."""
    entry = None
    with contextlib.suppress(ValueError, RecursionError):
        if int(line[:8], 16) == zlib.crc32(line[9:]):
            entry = json.loads(line[9:])
    if not isinstance(entry, dict) or not isinstance(entry.get("generation"), int):
        return None
    is_row = isinstance(entry.get("img_name"), str) and isinstance(entry.get("set"), dict)
    return entry if is_row or _is_run(entry.get("run")) else None


def _is_run(run):
    """Return whether this is what `Database.begin_run` registers."""
    return isinstance(run, dict) and isinstance(run.get("number"), int) and isinstance(
        run.get("script", ""), str) and isinstance(run.get("settings", {}), dict)
