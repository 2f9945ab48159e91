"""Time what a large database costs: a save, a load, and `run_all.py --status`.

Run as: python tests/benchmarks/database_size.py [images, default 10000] [fields, default 200]

Made-up images with declared fields and the records of all scripts are written to a temporary
folder. CPU seconds and peak memory, each in a process of its own; the best of three counts
(of one, beyond 50000 images), because others may use the machine.
"""

import itertools
import subprocess
import sys
import tempfile
from pathlib import Path

from cosmouline.database.json_store import Store

import numpy as np
from many_images import cpu_s, made_up_lens, rows_of, runs_of

ROOT = Path(__file__).resolve().parents[2]
N_MADE = 10_000  # images that are made up; beyond, they repeat under other names
FIRST = ("img_name", "set_name", "gogogo", "treatme", "testlist", "updating", "mjd")
COST = """
import resource, sys, time
from pathlib import Path
from cosmouline.database.database import Database
start = time.process_time()
db = Database(Path(sys.argv[1]))
loaded = time.process_time()
db.update(next(iter(db.rows)), {"fwhm_px": time.time()})
db.save()
print(loaded - start, time.process_time() - loaded,
      resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)
"""


def cut(row, n_fields):
    """Return a row with so many fields: the first ones, the records, and others in order."""
    wanted = [*FIRST, *(name for name in row if name.startswith("ran__")), *row]
    return {name: row[name] for name in itertools.islice(dict.fromkeys(wanted), n_fields)}


def load_and_save(path):
    """Return CPU seconds of a load and of a save, and gigabytes."""
    done = subprocess.run([sys.executable, "-c", COST, path], check=True, text=True,
                          stdout=subprocess.PIPE)
    return [float(word) for word in done.stdout.split()]


def main(n=10_000, n_fields=200):
    """Make the database, time, and tell."""
    n_times = 3 if n <= 50_000 else 1
    with tempfile.TemporaryDirectory() as place:
        config, work, settings = made_up_lens(Path(place))
        runs, random = runs_of(settings), np.random.default_rng(1)
        some = [cut(row, n_fields) for row in rows_of(min(n, N_MADE), settings, runs, random)]
        rows = {f"R_{k:06d}": some[k % N_MADE] | {"img_name": f"R_{k:06d}"} for k in range(n)}
        path = work / "database.json"
        Store(path).save(rows, runs)
        found = [len(row) for row in rows.values()]
        del rows
        load_s, save_s, memory_gb = np.min([load_and_save(path) for _ in range(n_times)],
                                            axis=0)
        print(f"{n} images x {min(found)} fields, {path.stat().st_size / 1e6:.0f} MB")
        print(f"load   {load_s:6.2f} s CPU\nsave   {save_s:6.2f} s CPU, with the load "
              f"{memory_gb:.2f} GB at most")
        status_s = min(cpu_s("pipe/run_all.py", str(config), "--status") for _ in range(n_times))
        print(f"status {status_s:6.2f} s CPU")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
