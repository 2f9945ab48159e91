"""Kill writers of a database at random moments, with kill -9, and count what is lost.

Run as: python tests/crash/kills.py [kills, default 200] [mutant, see mutants.py]

Three in four times two writers append results and save, and tell each result that they have
acknowledged; one of them must be refused by the lock. Else a script works on images with two
workers, and it or a worker is killed. After each kill everything acknowledged must be in the
database, the file must be whole, no worker may live on; the next run goes on. A worker's death may
lose nothing at all. A kill that meets the kernel between two pages of a line leaves the line cut,
before it is acknowledged: it is dropped and told, and counted for information. Linux only.
"""

import importlib.util
import json
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

from cosmouline.database.database import Database
from cosmouline.database.json_store import Store
from cosmouline.engine import engine
from cosmouline.errors import UserError
from cosmouline.files.atomic import atomic_path, remove_leftovers
from cosmouline.files.lock import Lock
from cosmouline.files.pids import is_alive

N_IMAGES = 40  # of the writers, and of each script
ORPHAN_S = 5.0  # workers may live for so long
COUNTED = ("kills", "acknowledged", "lost", "torn", "damaged products", "orphans", "not refused",
           "not done by the next run", "files left", "tails cut")


def measure(image, settings):
    """Write a product and return a number that follows from the image's name."""
    time.sleep(0.003)
    with atomic_path(settings.folder / f"{image['img_name']}.txt", is_synced=False) as path:
        path.write_text(image["img_name"] * 20_000)
    return {"n_sources": value_of(image["img_name"])}


def value_of(name):
    """Return the result of `measure` for an image."""
    return sum(name.encode())


def write(path, seed, tell):
    """Append results and save, for ever; tell each one once it is acknowledged."""
    chance = random.Random(seed)
    try:
        with Lock(path):
            tell("L")
            store = Store(path)
            rows, runs = store.load()
            for number in range(seed * 10**6, (seed + 1) * 10**6):
                name = f"img{chance.randrange(N_IMAGES)}"
                values = {"number": number, "text": "x" * chance.randrange(400)}
                store.append({"img_name": name, "set": values})
                rows.setdefault(name, {"img_name": name}).update(values)
                tell(f"A {name} {number}")
                if chance.random() < 0.05:
                    store.save(rows, runs)
    except UserError:
        tell("R")


def work(path, trial, tell):
    """Do what is missing of the images of a trial in two workers, as a script does."""
    settings = SimpleNamespace(engine="local", max_cpus=2, image_timeout_s=None, died_retries=3,
                               work_dir=path.parent, folder=path.parent / "products")
    with Lock(path) as lock:
        if lock.was_stale:
            remove_leftovers(path.parent)
        db = Database(path)
        names = [f"trial{trial}_{i}" for i in range(N_IMAGES)]
        todo = [{"img_name": name} for name in names
                if "n_sources" not in db.rows.get(name, {})]
        for outcome in engine.outcomes(measure, todo, settings) if todo else ():
            if outcome.word == "done":
                db.update(outcome.img_name, outcome.values)
                tell(f"A {outcome.img_name} {outcome.values['n_sources']}")
        db.save()
        db.close()


def start(function, path, number, mutate):
    """Run a function in a copy of this process; return its number, a pipe of what it tells."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reader)
            mutate(setattr)
            function(path, number, lambda text: os.write(writer, f"{text}\n".encode()))
            os._exit(0)
        finally:
            os._exit(1)
    os.close(writer)
    return pid, reader


def children(pid):
    """Return the numbers of the workers that a process has started."""
    found = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(word) for word in path.read_text().split()]
    return [one for one in found if is_alive(one)
            and b"resource_tracker" not in Path(f"/proc/{one}/cmdline").read_bytes()]


def listen(reader):
    """Return what was told, line by line; the other end must be closed."""
    with os.fdopen(reader, "rb") as pipe:
        return pipe.read().decode().split("\n")[:-1]


class Trials:
    """Kills one after the other in one folder, and what they did; see `COUNTED`."""

    def __init__(self, folder, mutate=lambda put: None, seed=5):
        self.path, self.mutate = folder / "database.json", mutate
        self.chance = random.Random(seed)
        self.counts = dict.fromkeys(COUNTED, 0)
        self.said = {}
        Store(self.path).save({}, {})

    def run(self, n_kills, patience_s=ORPHAN_S):
        """Kill so often; return the counts."""
        for trial in range(1, n_kills + 1):
            self.counts["kills"] += 1
            if trial % 4:
                self._kill_writers(trial)
            else:
                self._kill_script(trial, patience_s, victim="worker" if trial % 8 else "script")
        self.counts["files left"] = len(list(self.path.parent.rglob(".*.tmp.*")))
        return self.counts

    def _kill_writers(self, trial):
        """Let two processes try to write, and kill them."""
        pids, readers = zip(*[start(write, self.path, 2 * trial + k, self.mutate)
                              for k in (0, 1)], strict=True)
        time.sleep(0.01 + 0.05 * self.chance.random())
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        for pid in pids:
            os.waitpid(pid, 0)
        told = [listen(reader) for reader in readers]
        self.counts["not refused"] += all("L" in lines for lines in told)
        self._check([line for lines in told for line in lines], "number")

    def _kill_script(self, trial, patience_s, victim):
        """Kill a script or one of its workers, then let the next run finish."""
        pid, reader = start(work, self.path, trial, self.mutate)
        time.sleep(0.1 + 0.1 * self.chance.random())
        workers = children(pid)
        for one in [pid] if victim == "script" else workers[:1]:
            os.kill(one, signal.SIGKILL)
        os.waitpid(pid, 0)
        told, end = listen_in_time(reader, workers, patience_s), time.monotonic() + patience_s
        while any(map(is_alive, workers)) and time.monotonic() < end:
            time.sleep(0.01)
        for orphan in filter(is_alive, workers):
            self.counts["orphans"] += 1
            os.kill(orphan, signal.SIGKILL)
        self._check(told, "n_sources")
        pid, reader = start(work, self.path, trial, self.mutate)
        os.waitpid(pid, 0)
        self._check(listen(reader), "n_sources")
        self._check_trial(trial)

    def _load(self):
        store = Store(self.path)
        try:
            rows = store.load()[0]
        except (UserError, KeyError, TypeError):
            self.counts["torn"] += 1
            store.save({}, {})
            return {}
        self.counts["tails cut"] += any("torn" in notice for notice in store.notices)
        return rows

    def _check(self, told, field):
        """Look whether all that was acknowledged is there."""
        rows = self._load()
        for line in told:
            if line.startswith("A "):
                _, name, number = line.split()
                self.counts["acknowledged"] += 1
                self.said[name, field] = max(int(number), self.said.get((name, field), 0))
        for (name, wanted), number in list(self.said.items()):
            if rows.get(name, {}).get(wanted, -1) < number:
                self.counts["lost"] += 1
                del self.said[name, wanted]  # counted once

    def _check_trial(self, trial):
        """Look whether the next run has finished a trial, and whether its products are whole."""
        rows = self._load()
        for name in (f"trial{trial}_{i}" for i in range(N_IMAGES)):
            is_done = rows.get(name, {}).get("n_sources") == value_of(name)
            self.counts["not done by the next run"] += not is_done
            path = self.path.parent / "products" / f"{name}.txt"
            is_whole = path.exists() and path.read_text() == name * 20_000
            self.counts["damaged products"] += is_done and not is_whole


def listen_in_time(reader, workers, patience_s):
    """Return what was told; workers that hold the other end open are waited for, then not."""
    os.set_blocking(reader, False)
    text, end = b"", time.monotonic() + patience_s
    while True:
        try:
            part = os.read(reader, 65536)
        except BlockingIOError:
            if time.monotonic() > end or not any(map(is_alive, workers)):
                break
            time.sleep(0.01)
            continue
        if not part:
            break
        text += part
    os.close(reader)
    return text.decode().split("\n")[:-1]


def mutation(name):
    """Return a mutant of `mutants.py`; nothing for no name."""
    if not name:
        return lambda put: None
    path = Path(__file__).with_name("mutants.py")
    spec = importlib.util.spec_from_file_location("mutants", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.MUTANTS[name]


def main(n_kills=200, mutant="", patience_s=ORPHAN_S):
    """Kill, and tell the counts as one line of JSON."""
    with tempfile.TemporaryDirectory() as folder:
        trials = Trials(Path(folder), mutation(mutant))
        print(json.dumps(trials.run(int(n_kills), float(patience_s))))


if __name__ == "__main__":
    main(*sys.argv[1:])
