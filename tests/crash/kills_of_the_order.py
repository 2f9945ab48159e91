"""Kill the order on a small lens at random moments, with kill -9, and count what is lost.

Run as: python tests/crash/kills_of_the_order.py [kills, default 200] [seed] [first script] [last]

The order runs on six frames of 180 x 160 pixels with two workers. Every other worker is killed
when it is younger than 50 ms (the run must go on without it); then, at a random moment, all
processes at once, or the script alone (its workers must end by themselves). After each kill of a
run every value that was in the database before is there still, the same; the next run goes on.
Where the order has come to its end its rows and light curve are those of a run that was not
disturbed, and it begins anew. Linux only.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cosmouline.database.json_store import Store
from cosmouline.errors import UserError
from cosmouline.files.pids import is_alive
from cosmouline.skymaker.campaigns import tiny_campaign
from cosmouline.skymaker.io_campaign import draw_campaign

RUN_ALL = Path(__file__).resolve().parents[2] / "pipe" / "run_all.py"
YOUNG_S = 0.05
LONGEST_S = 12.0  # from the start of its first script until a run is killed
SETTINGS = """
lens_name = "TINY"
lens_ra_deg, lens_dec_deg = {lens.ra_deg}, {lens.dec_deg}
work_dir = {work!r}
engine, max_cpus, died_retries = "local", 2, 9
sets = [{{"name": "R", "telescope": "generic", "raw_dir": {raw!r}}}]
point_sources = {{"A": (0.65, 0.30), "B": (-0.62, -0.35)}}
extended_light = "none"
n_norm_stars = 8
"""
COUNTED = ("kills", "of all", "of scripts", "of young workers", "values seen", "lost", "changed",
           "torn", "orphans", "orders ended", "other rows", "other curves", "failed runs")


def descendants(pid):
    """Return (number, depth) of all processes below one."""
    found, level = [], [(pid, 0)]
    while level:
        parent, depth = level.pop()
        for path in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                words = path.read_text().split()
            except OSError:  # it has just ended
                continue
            level += [(int(word), depth + 1) for word in words]
            found += [(int(word), depth + 1) for word in words]
    return found


def values_of(work):
    """Return the rows of the database without the records of runs; {} before there is one."""
    path = work / "database.json"
    if not path.exists():
        return {}
    return {name: {field: value for field, value in row.items()
                   if not field.startswith(("ran__", "made__"))}
            for name, row in Store(path).load()[0].items()}


class Trials:
    """Kills one after the other on one lens, and what they did; see `COUNTED`."""

    def __init__(self, folder, seed=1, first="", last="lcmanip/1_join"):
        self.chance, self.counts = random.Random(seed), dict.fromkeys(COUNTED, 0)
        self.config, self.work = folder / "lens", folder / "work"
        self.options = [*(["--from", first] if first else []), "--to", last, "--no-pictures"]
        campaign = tiny_campaign(6, seed=1)
        draw_campaign(campaign, folder / "sky")
        self.config.mkdir()
        raw, = (folder / "sky" / "frames").iterdir()
        (self.config / "settings.py").write_text(SETTINGS.format(
            lens=campaign.lens, work=str(self.work), raw=str(raw)))
        self._start().wait()
        self.wanted, self.curve = values_of(self.work), self._curve()
        self._begin_anew()

    def _begin_anew(self):
        shutil.rmtree(self.work)
        self.before = {}

    def _curve(self):
        return [path.read_bytes() for path in sorted(self.work.rglob("*.rdb"))]

    def _start(self):
        return subprocess.Popen([sys.executable, RUN_ALL, self.config, *self.options],
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                start_new_session=True)

    def run(self, n_kills):
        """Kill so often; return the counts."""
        while self.counts["kills"] < n_kills:
            process = self._start()
            while process.poll() is None and not descendants(process.pid):
                time.sleep(0.01)
            self._kill_young(process, time.monotonic() + LONGEST_S * self.chance.random())
            if process.poll() is None:
                self._kill(process)
                self._look()
            else:
                self._compare(process)
            sys.stderr.write(f"{json.dumps(self.counts)}\n")
        return self.counts

    def _kill_young(self, process, end):
        """Kill every other worker that appears, a random moment later, until the end."""
        seen = {pid for pid, _ in descendants(process.pid)}
        while time.monotonic() < end and process.poll() is None:
            for pid, depth in descendants(process.pid):
                if pid not in seen and depth >= 2 and self.chance.random() < 0.5:
                    time.sleep(YOUNG_S * self.chance.random())
                    if is_worker(pid) and kill(pid):
                        self.counts["kills"] += 1
                        self.counts["of young workers"] += 1
                seen.add(pid)
            time.sleep(0.002)

    def _kill(self, process):
        """Kill all processes of a run, or its script alone, whose workers then end."""
        below = descendants(process.pid)
        scripts = [pid for pid, depth in below if depth == 1]
        self.counts["kills"] += 1
        if scripts and self.chance.random() < 0.4:
            self.counts["of scripts"] += 1
            for pid in (process.pid, *scripts):
                kill(pid)
        else:
            self.counts["of all"] += 1
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        end = time.monotonic() + 5
        while any(is_alive(pid) for pid, _ in below) and time.monotonic() < end:
            time.sleep(0.01)
        for pid in [pid for pid, _ in below if is_alive(pid)]:
            self.counts["orphans"] += 1
            kill(pid)

    def _look(self):
        """Compare what is in the database with what was there after the kill before."""
        try:
            now = values_of(self.work)
        except UserError:
            self.counts["torn"] += 1
            return
        for name, row in self.before.items():
            for field, value in row.items():
                self.counts["values seen"] += 1
                self.counts["lost"] += field not in now.get(name, {})
                self.counts["changed"] += now.get(name, {}).get(field, value) != value
        self.before = now

    def _compare(self, process):
        """Compare an order that has ended with the one that was not disturbed; begin anew."""
        if process.returncode:
            self.counts["failed runs"] += 1
            sys.stderr.write("\n" + process.stderr.read()[-500:] + "\n")
            return
        self.counts["orders ended"] += 1
        self.counts["other rows"] += values_of(self.work) != self.wanted
        self.counts["other curves"] += self._curve() != self.curve
        self._begin_anew()


def is_worker(pid):
    """Return whether a process is no server of multiprocessing."""
    try:
        return b"resource_tracker" not in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def kill(pid):
    """Kill a process; return whether there was one."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def main(n_kills=200, seed=1, first="", last="lcmanip/1_join"):
    """Kill, and tell the counts as one line of JSON."""
    with tempfile.TemporaryDirectory() as folder:
        trials = Trials(Path(folder), int(seed), first, last)
        print(json.dumps(trials.run(int(n_kills))))


if __name__ == "__main__":
    main(*sys.argv[1:])
