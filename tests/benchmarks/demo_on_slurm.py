"""The demo from frames to light curves on a Slurm of three nodes, and again without.

Run as: python tests/benchmarks/demo_on_slurm.py OUT [--sky demo/sky]

Needs root and Debian's packages slurm-wlm and munge. Draws the frames (or takes those of a demo
that was made), runs all scripts with engine = "dask" on a Slurm that lives in OUT/slurm, then with
engine = "local", and compares all fields of all images, and the light curve, byte for byte.
"""

import argparse
import importlib.util
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from cosmouline.database import manifest
from cosmouline.database.database import Database

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = {
    "dask": """
engine = "dask"
cluster = {"cluster": "slurm", "jobs": 2, "cores": 2, "memory": "3500MB", "walltime": "01:00:00",
           "queue": "main", "interface": "lo"}
""",
    "local": "engine = 'local'\nmax_cpus = 2\n"}


def write_config(out, sky, engine):
    """Write the demo's settings with another engine and work folder; return the folder."""
    text = (ROOT / "configs" / "demo" / "settings.py").read_text()
    text = re.sub("(?m)^_demo = .*", f"_demo = Path({str(out / engine)!r})", text)
    text = text.replace('str(_demo / "sky"', f'str(Path({str(sky)!r})')
    folder = out / f"config_{engine}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "settings.py").write_text(text + SETTINGS[engine])
    return folder


def run_all(config):
    """Run all scripts; return the seconds that it took."""
    start = time.monotonic()
    subprocess.run([sys.executable, str(ROOT / "pipe" / "run_all.py"), str(config)], check=True)
    return time.monotonic() - start


def rows(work):
    """Return the fields of all images, without the records of when and by what.

    Of the notes on files their paths and hashes are left; pictures hold the time of their making.
    """
    found = Database(work / "database.json").rows
    return {name: {field: files(value) if field.startswith("made__") else value
                   for field, value in row.items() if not field.startswith("ran__")}
            for name, row in found.items()}


def files(text):
    """Return paths and hashes of the products in a note."""
    return [(one.path, one.digest) for one in manifest.read(text)[1]
            if not one.path.endswith(manifest.FOR_PEOPLE)]


def compare(out):
    """Tell what differs between the two; return whether nothing does."""
    works = [out / engine / "work" for engine in SETTINGS]
    ours, theirs = map(rows, works)
    differing = sorted({field for name in ours.keys() | theirs.keys()
                        for field in ours[name].keys() | theirs[name].keys()
                        if json.dumps(ours[name].get(field)) != json.dumps(
                            theirs[name].get(field))})
    curves = [{path.name: path.read_bytes() for path in (work / "export").glob("*.rdb")}
              for work in works]
    for name in sorted(curves[0].keys() | curves[1].keys()):
        same = curves[0].get(name) == curves[1].get(name)
        print(f"{name}: {'the same bytes' if same else 'DIFFERS'}")
    print(f"{len(ours)} images, {len(next(iter(ours.values())))} fields; "
          f"different: {', '.join(differing) or 'none'}")
    return curves[0] == curves[1] and not differing and bool(curves[0])


def main():
    """Draw, run twice, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--sky", type=Path)
    options = parser.parse_args()
    out = options.out.resolve()
    sky = (options.sky or out / "sky").resolve()
    if not sky.is_dir():
        subprocess.run([sys.executable, str(ROOT / "skymaker" / "1_draw_campaign.py"), "demo",
                        "--out", str(sky)], check=True)
    path = ROOT / "tests" / "cluster" / "fake_slurm.py"
    spec = importlib.util.spec_from_file_location("fake_slurm", path)
    fake_slurm = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fake_slurm)
    reason = fake_slurm.why_not()
    if reason:
        sys.exit(reason)
    with fake_slurm.FakeSlurm(out / f"slurm_{os.getpid()}") as slurm:
        seconds = run_all(write_config(out, sky, "dask"))
        print(f"dask: {seconds:.0f} s; left in the queue: {slurm.jobs() or 'nothing'}")
    print(f"local: {run_all(write_config(out, sky, 'local')):.0f} s")
    return 0 if compare(out) else 1


if __name__ == "__main__":
    sys.exit(main())
