"""Run the demo in many ways and compare all that it writes, byte for byte.

Run as: python tests/benchmarks/same_bytes.py [folder of frames] [--each] [--keep FOLDER]

Engines, time zones, alphabets, hash seeds, the order in which frames and sets are listed, another
work folder, and a run that was interrupted. They come four to a run; --each takes one at a time.
Told for each kind of product: how many of the files are the same in all runs. Every light curve
and table must be. 2 minutes of CPU per run.
"""

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cosmouline.skymaker.campaigns import demo_campaign
from cosmouline.skymaker.io_campaign import draw_campaign

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = """
lens_name = "DEMO"
lens_ra_deg, lens_dec_deg = 69.5619, -12.2874
work_dir = {work!r}
sets = [{{"name": "R", "telescope": "generic", "raw_dir": {raw!r}, "files": "*[02468].fits"}},
        {{"name": "S", "telescope": "generic", "raw_dir": {raw!r}, "files": "*[13579].fits"}}]
point_sources = {{"A": (1.0, 0.5), "B": (-0.3, 1.0), "C": (-1.1, 0.0), "D": (0.2, -0.9)}}
"""
TWO, THREE, SERIAL = ('engine = "local"\nmax_cpus = 2\n', 'engine = "local"\nmax_cpus = 3\n',
                      'engine = "serial"\n')
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
TURNED = "sets = sets[::-1]\n"
RUNS = {  # settings, environment, and what else is done
    "two workers": (TWO, {}, ()),
    "serial, Tokyo, hash seed 0": (SERIAL, {"TZ": "Asia/Tokyo", "PYTHONHASHSEED": "0"}, ()),
    "three workers, C, seed 1": (THREE, ASCII | {"PYTHONHASHSEED": "1"}, ()),
    "other order, other folder": (TWO + TURNED, {"PYTHONHASHSEED": "random"},
                                  ("shuffled", "elsewhere")),
    "interrupted": (TWO, {"PYTHONHASHSEED": "2"}, ("interrupted",))}
EACH = {
    "two workers": (TWO, {}, ()), "three workers": (THREE, {}, ()), "serial": (SERIAL, {}, ()),
    "Tokyo": (TWO, {"TZ": "Asia/Tokyo"}, ()), "C": (TWO, ASCII, ()),
    **{f"hash seed {n}": (TWO, {"PYTHONHASHSEED": n}, ()) for n in ("0", "1", "random")},
    "frames shuffled": (TWO, {}, ("shuffled",)), "sets turned": (TWO + TURNED, {}, ()),
    "elsewhere": (TWO, {}, ("elsewhere",)), "interrupted": (TWO, {}, ("interrupted",))}
MUST = (".rdb", ".ecsv", ".npz", ".cat", ".fits")
UNTOLD = ("logs", "backups", "compiled", "database.json")


def shuffled(raw, folder):
    """Copy frames in another order, so that the folder lists them in another one."""
    folder.mkdir(parents=True)
    names = sorted(os.listdir(raw))
    random.Random(3).shuffle(names)
    for name in names:
        shutil.copyfile(raw / name, folder / name)
    return folder


def run_demo(place, raw, text, environment, how):
    """Run the whole order in one way; return its work folder."""
    place = place / "some" / "other place" if "elsewhere" in how else place
    raw = shuffled(raw, place / "raw") if "shuffled" in how else raw
    (place / "config").mkdir(parents=True)
    (place / "config" / "settings.py").write_text(
        SETTINGS.format(work=str(place / "work"), raw=str(raw)) + text)
    command = [sys.executable, ROOT / "pipe" / "run_all.py", place / "config"]
    with open(place / "told.txt", "w") as told:
        if "interrupted" in how:
            for script in ("2_skysub/1_skysub", "5_psf/4_build_psf", "7_deconv/4_deconv"):
                interrupt(command, environment, place, script)
        subprocess.run(command, check=True, stdout=told, env=os.environ | environment)
    return place / "work"


def interrupt(command, environment, place, script):
    """Run until a script has begun, and stop it."""
    with open(place / "first.txt", "w") as told, subprocess.Popen(
            command, stdout=told, env=os.environ | environment) as running:
        while running.poll() is None:
            time.sleep(0.2)
            if f"{script} on" in (place / "first.txt").read_text():
                time.sleep(1.0)
                running.send_signal(signal.SIGTERM)
                running.wait()


def kinds(work):
    """Return the files of a work folder by kind: their folder without names, and their ending."""
    found = {}
    for path in sorted(work.rglob("*")):
        name = path.relative_to(work)
        if path.is_file() and name.parts[0] not in UNTOLD:
            where = f"{name.parts[0]}/*" if len(name.parts) > 1 else "*"
            found.setdefault(where + path.suffix, []).append(name)
    return found


def compare(folders):
    """Tell how many files of each kind are the same; return those that had to be and are not."""
    first, bad = folders[0], []
    for kind, names in kinds(first).items():
        other = [str(name) for name in names
                 if any(not (folder / name).is_file()
                        or (folder / name).read_bytes() != (first / name).read_bytes()
                        for folder in folders[1:])]
        print(f"{kind:24} {len(names) - len(other):5} of {len(names):5} are the same"
              + (f" (not {other[0]})" if other else ""), flush=True)
        is_dated = kind.startswith("export/") and "db" in (other[0] if other else "")
        bad += other if kind.endswith(MUST) and not is_dated else []
    return bad


def main():
    """Run, compare, tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("raw", nargs="?", type=Path)
    parser.add_argument("--each", action="store_true")
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        place = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        raw = options.raw
        if raw is None:
            draw_campaign(demo_campaign(), place / "sky")
            raw = place / "sky" / "frames" / "SIM1"
        folders = []
        for number, (what, how) in enumerate((EACH if options.each else RUNS).items()):
            print(what, flush=True)
            folders.append(run_demo(place / f"run{number}", raw, *how))
        bad = compare(folders)
    print(f"{len(bad)} light curves, tables and products differ")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
