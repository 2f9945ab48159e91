"""Time what a user of many images waits for: --status, the web pages, and the pages in a browser.

Run as: python tests/benchmarks/many_images.py [images, default 10000]

A database of made-up images with all fields of four sources and twelve stars is written to a
temporary folder. CPU seconds of `run_all.py --status` and of two runs of 8_lookback/1_build_pages
(the second finds nothing changed), sizes, and the time that Chromium takes to load the index with
its table and curves, one image and the contact sheet.
"""

import importlib.util
import itertools
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from cosmouline.database import fields, provenance
from cosmouline.database.json_store import Store
from cosmouline.database.script_header import read_header
from cosmouline.database.settings import load_settings
from cosmouline.dates import mjd_to_iso

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
NAMES = {"psf": ["psf1"], "renorm": ["renorm1"], "dec": ["lens"], "source": "ABCD",
         "other": "ABCD", "star": "abcdefghijkl", "aperture": ["fixed1"], "combi": ["combi1"],
         "group": ["group1"]}
SCRIPTS = sorted({one.producer for one in fields.FIELDS.values() if "/" in one.producer})
SETTINGS = """
lens_name = "MANY"
work_dir = {work!r}
sets = [{{"name": "R", "telescope": "generic", "raw_dir": {work!r} + "/raw"}}]
"""
LOADED = "Math.round(performance.getEntriesByType('navigation')[0].loadEventEnd)"


def names_of(pattern):
    """Return the fields of a family."""
    kinds = re.findall(r"\{(\w+)\}", pattern)
    for chosen in itertools.product(*(NAMES[kind] for kind in kinds)):
        if "other" not in kinds or chosen[-2] <= chosen[-1]:  # each pair once
            yield pattern.format(**dict(zip(kinds, chosen, strict=True)))


def runs_of(settings):
    """Return one run of every script that has fields, with the settings as they are."""
    return {n: {"number": n, "script": script, "version": "1.0", "time": "2026-01-01T00:00:00Z",
                "settings": provenance.settings_used(settings, read_header(script).settings)}
            for n, script in enumerate(SCRIPTS, 1)}


def _record_of(header, settings):
    """Return the name of a script's record for the families of the settings."""
    return fields.with_variant(header.script,
                               fields.variant(header.writes or header.needs, settings))


def rows_of(n, settings, runs, random):
    """Return made-up images: every field has a value, one image in twenty is rejected."""
    types = {name: one.type for pattern, one in fields.FIELDS.items() if "{script}" not in pattern
             for name in names_of(pattern)}
    made = {float: lambda: random.uniform(0.9, 1.1), int: lambda: int(random.integers(100)),
            bool: lambda: True, str: lambda: "text"}
    records = {number: _record_of(read_header(run["script"]), settings)
               for number, run in runs.items()}
    for k in range(n):
        mjd = 55000 + 1.5 * (k // 4) + 0.02 * (k % 4)
        row = {name: made[kind]() for name, kind in types.items()}
        row |= {f"ran__{record}": f"done {number} {number}" for number, record in records.items()}
        row |= {"img_name": f"R_many_{k:05d}", "mjd": mjd, "mhjd": mjd, "set_name": "R",
                "datetime_utc": mjd_to_iso(mjd, "seconds"), "gogogo": k % 20 > 0}
        row |= {name: 0.01 * value * (name[-1] == name[-4])  # of errors of 10 % without covariance
                for name, value in row.items() if name.startswith("flux_cov_e2")}
        row |= {name: 0.1 for name in row if name.startswith("flux_sigma_e")}
        yield row


def cpu_s(*command):
    """Return the CPU time that a command takes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def loading(folder, name):
    """Yield pages and the milliseconds in which Chromium has loaded them."""
    spec = importlib.util.spec_from_file_location("pages", ROOT / "tests/8_lookback/conftest.py")
    pages = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(pages)
    program = next(filter(None, map(shutil.which, pages.NAMES)), None)
    if program is None:
        return
    with tempfile.TemporaryDirectory() as profile:
        window = pages.Browser(program, profile)
        window.attach()
        for page in ("index.html", "index.html", f"images/{name}.html", "contact.html"):
            window.open(folder / page)
            yield page, window.value(LOADED)
        window.close()


def made_up_lens(place):
    """Make the folders of a lens; return those of its settings and its work, and the settings."""
    config, work = place / "config", place / "work"
    config.mkdir()
    (work / "raw").mkdir(parents=True)
    (config / "settings.py").write_text(SETTINGS.format(work=str(work)))
    return config, work, load_settings(config)


def main(n):
    """Make the database, time, and tell."""
    with tempfile.TemporaryDirectory() as place:
        config, work, settings = made_up_lens(Path(place))
        runs, random = runs_of(settings), np.random.default_rng(1)
        rows = {row["img_name"]: row for row in rows_of(n, settings, runs, random)}
        Store(work / "database.json").save(rows, runs)
        name, row = next(iter(rows.items()))
        print(f"{n} images x {len(row)} fields")
        print(f"status       {cpu_s('pipe/run_all.py', str(config), '--status'):6.1f} s CPU")
        for run in ("pages", "pages again"):
            spent_s = cpu_s("pipe/8_lookback/1_build_pages.py", str(config))
            print(f"{run:12} {spent_s:6.1f} s CPU")
        folder = work / "lookback_lens"
        print(f"data.js      {(folder / 'data.js').stat().st_size / 1e6:6.1f} MB")
        for page, loaded_ms in loading(folder, name):
            print(f"{page:28} loaded in {loaded_ms} ms")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
