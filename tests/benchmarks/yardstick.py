"""Reduce a campaign of the yardstick from its frames, and compare it with the truth.

Run as: python tests/benchmarks/yardstick.py SIM WORK --yardstick FOLDER --results RESULTS.jsonl

SIM is what simulate.py of FOLDER has drawn. run_all.py does the work; CPU is user and system time
of it and all its scripts, start of Python and imports included. Pictures are left out unless asked
for. One line is added to RESULTS.jsonl, for yardstick_table.py. evaluate.py needs pandas: --python
names an interpreter that has it. With --catalogue the stars of the sky are known, as from Gaia:
the frames are solved, and the stars of the catalogue are followed.
"""

import argparse
import re
import shutil
import sys
from pathlib import Path

from cosmouline.database.script_header import ROOT
from cosmouline.database.settings import load_settings

import yardstick_tools as tools

RUN_ALL = ROOT / "pipe" / "run_all.py"
FETCH = ROOT / "pipe" / "fac_astrometry" / "1_fetch_catalogue.py"
DONE = re.compile(r"^(\S+): done in .* CPU (\S+) s", re.MULTILINE)


def parse():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("sim", "work"):
        parser.add_argument(name, type=lambda text: Path(text).resolve())
    parser.add_argument("--yardstick", type=Path, required=True, help="folder of evaluate.py")
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--python", default=sys.executable, help="with pandas, for evaluate.py")
    parser.add_argument("--engine", default="serial", choices=("serial", "local"))
    parser.add_argument("--box", type=int, default=40, help="of evaluate.py, in pixels")
    parser.add_argument("--pictures", action="store_true", help="draw them too")
    parser.add_argument("--catalogue", action="store_true", help="of the sky, as from Gaia")
    parser.add_argument("--label", default="", help="stands in the results")
    parser.add_argument("--keep", action="store_true", help="go on from what WORK holds")
    return parser.parse_args()


def reduce_frames(config, options):
    """Run the order; return its cost, and the CPU seconds of every script."""
    command = [sys.executable, RUN_ALL, config, *([] if options.pictures else ["--no-pictures"])]
    with open(options.work / "log.txt", "w", encoding="utf-8") as log:
        cost = tools.measured(command, stdout=log, stderr=log)
    told = DONE.findall((options.work / "log.txt").read_text(encoding="utf-8"))
    return cost, {script: float(cpu_s) for script, cpu_s in told}


def main():
    """Reduce, export, compare, tell."""
    options = parse()
    if not options.keep:
        shutil.rmtree(options.work, ignore_errors=True)
    config, tables = options.work / "config", options.work / "neutral"
    tools.write_settings(config, options.sim, options.work / "products", engine=options.engine)
    if options.catalogue:
        tools.measured([sys.executable, FETCH, config, "--from-file", options.sim / "gaia.ecsv"])
    cost, steps_cpu_s = reduce_frames(config, options)
    more = tools.export(load_settings(config), options.sim, tables)
    judged = tools.evaluate(options.yardstick, options.sim, tables, options.box, options.python)
    scatter = tools.coefficient_scatter(options.yardstick, options.sim, tables,
                                        more.pop("side_px"))
    tools.append_line(options.results, {
        "campaign": options.sim.name, "by": options.label or f"COSMOULINE {options.engine}",
        "eval": judged, "coefficient_scatter": scatter,
        "star_pull": tools.star_pull(options.sim, tables), "cost": cost._asdict(),
        "steps_cpu_s": steps_cpu_s, **more})
    print(f"{cost.cpu_s:.1f} CPU s, {cost.wall_s:.0f} s, peak {cost.peak_mb:.0f} MB")


if __name__ == "__main__":
    main()
