"""Which files each script has made, so that a missing or changed one is noticed.

Next to the record ``ran__<script>`` of an image stands ``made__<script>``: size, hash, time of the
last change in ns, and path below the work folder of each file that was made of it::

    1255680 9f3a1c2d3e4f5a6b 1763756781123456789 ali/R_a.fits

Files that a script makes of all images together are noted in its run. A file of the same size and
time is taken for the one that was written; where the time differs, as after a copy of the work
folder, its content decides. A database without such fields is not checked.

Where a second script works on a file of a first one (5_psf/3_find_cosmics on the stamps of
5_psf/2a_extract), both have noted it: the file is sound as the last one left it, for the first
one too.
"""

import contextlib
import functools
import hashlib
import os
from typing import NamedTuple

from cosmouline import __version__
from cosmouline.database import fields
from cosmouline.database.provenance import SET
from cosmouline.errors import ProductLost, UserError
from cosmouline.files.atomic import digest
from cosmouline.files.origin import Origin

MADE = "made__"
GONE, OTHER = "is missing", "has changed"
BETWEEN = " | "
FOR_PEOPLE = (".png", ".gif", ".txt", ".html", ".pdf")  # made again by every run
N_WORDS = 4  # of a note on one file
PLACES = ("raw_path", "raw_state")  # where and when, not what
MOST_HASHED = 4096  # files whose hash is kept in memory


class File(NamedTuple):
    """One file as it was written: path below the work folder, bytes, hash, time in ns."""

    path: str
    n_bytes: int
    digest: str
    changed_ns: int


def below(path, folder):
    """Return the path below a folder as a text; None if it is not in it."""
    path, folder = str(path), f"{folder}/"
    return path[len(folder):] if path.startswith(folder) else None


def look_at(paths, folder):
    """Return a `File` for each of the paths that is a file in the folder."""
    found = []
    for path in dict.fromkeys(map(str, paths)):
        name = below(path, folder)
        if name is not None and os.path.isfile(path):
            state = os.stat(path)
            found.append(File(name, state.st_size,
                              digest_of(path, state.st_size, state.st_mtime_ns),
                              state.st_mtime_ns))
    return found


@functools.lru_cache(maxsize=MOST_HASHED)
def digest_of(path, n_bytes, changed_ns):
    """Return a short hash of a file; size and time tell one content from the next."""
    return digest(path)


def as_text(files, maker=""):
    """Return the value of a ``made__`` field; `maker` is a script that stood in for another."""
    # The path comes last, as it may hold blanks
    text = BETWEEN.join(f"{f.n_bytes} {f.digest} {f.changed_ns} {f.path}" for f in files)
    return f"{maker}: {text}" if text and maker else text


def read(text):
    """Return the script that stood in (or an empty text) and the files of a ``made__`` field."""
    maker, colon, rest = text.partition(": ")
    words = [one.split(" ", 3) for one in (rest if colon else text).split(BETWEEN)]
    return maker if colon else "", [
        File(path, int(size), content, int(ns)) for size, content, ns, path in words]


def is_alike(before, now):
    """Return whether two ``made__`` texts name the same files with the same contents."""
    contents = [{(file.path, file.digest) for file in read(text)[1]} if text else set()
                for text in (before, now)]
    return contents[0] == contents[1]


class Look:
    """Look at files, and read those whose time differs; not more than `most_bytes` of them.

    With `reads_all` every file of the right size is read, whatever its time.

    Attributes
    ----------
    n_unread : int
        Files of the right size and another time that were taken as sound unread.
    """

    def __init__(self, folder, most_bytes=None, reads_all=False):
        self.folder, self.left, self.n_unread = f"{folder}/", most_bytes, 0
        self.reads_all = reads_all
        self._times = {}  # of files found sound by their content

    def trouble(self, *files):
        """Return what is wrong with a path that may be as any of some `File`; empty if nothing."""
        path = self.folder + files[0].path
        try:
            state = os.stat(path)
        except OSError:
            return GONE
        if not self.reads_all and any(
                (state.st_size, state.st_mtime_ns) == (f.n_bytes, f.changed_ns) for f in files):
            return ""
        # Of another time: the content decides, while there are bytes left to read
        alike = {f.digest for f in files if f.n_bytes == state.st_size}
        if not alike:
            return OTHER
        if self.left is not None:
            if state.st_size > self.left:
                self.n_unread += 1
                return ""
            self.left -= state.st_size
        found = digest(path) if self.reads_all else digest_of(path, state.st_size,
                                                              state.st_mtime_ns)
        if found not in alike:
            return OTHER
        self._times[files[0].path, found] = state.st_mtime_ns
        return ""

    def renewed(self, row, key):
        """Return a ``made__`` text with the new times of sound files; None without any."""
        text = row.get(MADE + key) if self._times else None
        maker, files = read(text) if text else ("", [])
        # Their content was that of the record: only the time is noted again
        now = [f._replace(changed_ns=self._times.get((f.path, f.digest), f.changed_ns))
               for f in files]
        return as_text(now, maker) if now != files else None


def why_other(row, key, look):
    """Return (file, trouble) of the first file of a script's record that is not sound, or None.

    `key` is the name of the record, see `fields.with_variant`.
    """
    text = row.get(MADE + key)
    if not text:
        return None
    # Nearly always the one file of a record has its size and time: this is found fast
    words = text.split(" ")
    if len(words) == N_WORDS and not look.reads_all:
        with contextlib.suppress(OSError):
            state = os.stat(look.folder + words[3])
            if state.st_mtime_ns == int(words[2]) and state.st_size == int(words[0]):
                return None
    for file in read(text)[1]:
        later = [other for name, _, other in noted(row, file.path) if name > key]
        if problem := look.trouble(file, *later):
            return file, problem
    return None


def noted(row, path):
    """Return (record, maker, `File`) of all scripts that noted a path, in the order of scripts."""
    found = []
    for name in _records(tuple(row)):
        if path in row[name]:
            key = name.removeprefix(MADE)
            maker, files = read(row[name])
            found += [(key, maker or key.partition(":")[0], f) for f in files if f.path == path]
    return sorted(found)


@functools.lru_cache(maxsize=1000)
def _records(names):
    """Return those names of a row that are records of files: the rows of a lens are alike."""
    return [name for name in names if name.startswith(MADE)]


def noted_digest(row, path, settings):
    """Return the hash of a product of an image as its last maker left it; empty if not noted."""
    entries = noted(row, below(path, settings.work_dir))
    return entries[-1][2].digest if entries else ""


def frame_trouble(image, look):
    """Return what is wrong with the raw frame of an image; empty if nothing, or it is not known.

    `look` is of the folder "", as frames lie anywhere.
    """
    words = image.get("raw_state", "").split()
    if len(words) < 2 or "raw_path" not in image:  # imported from elsewhere
        return ""
    return look.trouble(File(image["raw_path"].lstrip("/"), int(words[0]),
                             image.get("raw_hash", ""), int(words[1])))


def check(path, image, settings):
    """Stop where a product of an image is not the one that was written; a missing one passes.

    The script that works on the file of an earlier one takes it as that one left it, too.

    Raises
    ------
    ProductLost
        With the script to run.
    """
    name = below(path, settings.work_dir)
    entries = noted(image, name) if name else ()
    if not entries:
        return
    # Sound for the running script is the file as it or one before it left it, else as the last did
    running = settings.options.script if hasattr(settings, "options") else ""
    own = [key for key, maker, _ in entries  # any of them for who asks from Python
           if running in ("", maker, key.partition(":")[0])]
    allowed = [file for key, _, file in entries if own and key <= own[-1]] or [entries[-1][2]]
    if Look(settings.work_dir).trouble(*allowed) == OTHER:
        # Where only the last script's work is lost, it alone is run again
        is_behind = not Look(settings.work_dir).trouble(*(file for _, _, file in entries))
        todo = [maker for _, maker, _ in (entries[-1:] if is_behind else entries)]
        raise ProductLost(f"{path} is not the one that {entries[-1][1]}.py wrote. Run "
                          f"{'.py and '.join(todo)}.py --redo --only {image['img_name']}.")


def of_steps(runs):
    """Return (script, `File`) by path of what the last runs of scripts made of all images."""
    # A later run of a script replaces what it wrote before
    last = {}
    for number in sorted(runs):
        if "made" in runs[number]:
            last[runs[number]["script"]] = runs[number]["made"]
    return {file.path: (script, file) for script, text in last.items() if text
            for file in read(text)[1]}


def carried(script, written, db, folder):
    """Return the text for a new run: what it wrote, and what of its last run is still there."""
    before = [file for maker, file in of_steps(db.runs).values() if maker == script]
    now = look_at([path for path in written if not str(path).endswith(FOR_PEOPLE)], folder)
    names = {file.path for file in now}
    return as_text([*now, *(file for file in before if file.path not in names
                            and os.path.isfile(f"{folder}/{file.path}"))])


def step_trouble(path, settings):
    """Return what is wrong with a file made of all images; empty if nothing or not known."""
    known = getattr(settings, "made", {}).get(below(path, settings.work_dir))
    return Look(settings.work_dir).trouble(known[1]) if known else ""


def check_step(path, settings):
    """Stop where a file made of all images has changed; a missing one passes."""
    if step_trouble(path, settings) == OTHER:
        script, _ = settings.made[below(path, settings.work_dir)]
        raise UserError(f"{path} is not the one that {script}.py wrote. Run {script}.py again.")


class Recipe(NamedTuple):
    """How to find the `Origin` of a product from the rows that it is made of.

    `used` holds a hash of the settings by the name of the set; `needs` the fields, and `parents`
    the records of the scripts behind them.
    """

    script: str
    used: dict
    needs: tuple
    parents: tuple

    @classmethod
    def of(cls, script, used, needs):
        """Describe a script by the settings that it uses, as texts, and its fields."""
        sets = {name.removeprefix(SET) for name in used if name.startswith(SET)}
        # An image depends on the settings of its own set alone
        texts = {one: {name: text for name, text in used.items()
                       if not name.startswith(SET) or name == SET + one} for one in sets}
        texts[""] = used
        parents = sorted({fields.producer(name) for name in needs} - {script})
        used = {one: _short(sorted(text.items())) for one, text in texts.items()}
        return cls(script, used, tuple(needs), tuple(parents))

    def origin(self, rows):
        """Return the `Origin` of what is made of some rows."""
        sets = {row.get("set_name", "") for row in rows}
        used = self.used.get(sets.pop() if len(sets) == 1 else "", self.used[""])
        names = set().union(*rows) - set(PLACES)
        wanted = sorted(name for name in names
                        if any(fields.matches(pattern, name) for pattern in self.needs))
        # Of each row the fields that the script reads, and the hashes of the products behind them
        inputs = [(row.get("img_name"), [(name, row[name]) for name in wanted if name in row],
                   [[file.digest for file in read(row[MADE + key])[1]]
                    for key in self.parents if MADE + key in row]) for row in rows]
        return Origin(self.script, __version__, used, _short(inputs))


def _short(value):
    return hashlib.sha256(repr(value).encode()).hexdigest()[:16]
