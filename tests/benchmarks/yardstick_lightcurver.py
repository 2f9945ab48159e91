"""Run LightCurver on a campaign of the yardstick, and compare it with the truth.

Run as: python tests/benchmarks/yardstick_lightcurver.py SIM WORK --yardstick FOLDER
        --results RESULTS.jsonl --python /path/to/its/environment/bin/python

The environment: pip install lightcurver==1.2.4 "pandas<3". LightCurver runs unmodified, as
run_lightcurver.py of FOLDER has it, one thread at a time (OMP_NUM_THREADS=1, NPROC=1), which is
the fewest CPU seconds. A WORK that holds a finished run is taken as it is.
"""

import argparse
import json
import os
from pathlib import Path

from cosmouline import ONE_THREAD

import yardstick_tools as tools

STAMP_PX = 24  # its default


def parse():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("sim", "work"):
        parser.add_argument(name, type=lambda text: Path(text).resolve())
    for name in ("--yardstick", "--results", "--python"):
        parser.add_argument(name, type=Path, required=True)
    return parser.parse_args()


def steps(options):
    """Return the CPU seconds of every step, and peak memory in MB, as it was run or is now."""
    timing = options.work / "timing.json"
    if not timing.is_file():
        tools.measured([options.python, options.yardstick / "run_lightcurver.py", options.sim,
                        options.work], env=os.environ | ONE_THREAD)
    told = json.loads(timing.read_text())
    return told.pop("total"), {name: step["cpu"] for name, step in told.items()}


def main():
    """Run, export, compare, tell."""
    options = parse()
    total, steps_cpu_s = steps(options)
    tables = options.work / "neutral"
    tools.measured([options.python, options.yardstick / "export_lightcurver.py", options.work,
                    tables])
    judged = tools.evaluate(options.yardstick, options.sim, tables, STAMP_PX, options.python)
    frames = [path.name for path in (options.sim / "frames").iterdir()]
    tools.append_line(options.results, {
        "campaign": options.sim.name, "by": "LightCurver", "eval": judged,
        "coefficient_scatter": tools.coefficient_scatter(
            options.yardstick, options.sim, tables, dict.fromkeys(frames, STAMP_PX)),
        "star_pull": tools.star_pull(options.sim, tables),
        "cost": {"cpu_s": total["cpu"], "wall_s": total["wall"], "peak_mb": total["peak_mb"]},
        "steps_cpu_s": steps_cpu_s})


if __name__ == "__main__":
    main()
