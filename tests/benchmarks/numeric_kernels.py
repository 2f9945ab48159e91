"""Reduce the same frames under several numeric kernels; list the fields that depend on them.

Run as: python tests/benchmarks/numeric_kernels.py WORK [--sim SIM] [--kernels NAME NAME ...]

OpenBLAS chooses its kernel by the processor; OPENBLAS_CORETYPE chooses another. The frames are
those of the demo, or SIM, drawn by simulate.py of the yardstick. A field moves when the change
between two kernels is more than 1e-3 of its error; a field without an error, when it is more
than 1e-3 of its value. One table per kernel beside the first: fields that move, the median and
the largest change, and in how many images.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from cosmouline.database import paths
from cosmouline.database.database import Database
from cosmouline.database.script_header import ROOT
from cosmouline.database.settings import load_settings
from cosmouline.skymaker.campaigns import demo_campaign
from cosmouline.skymaker.io_campaign import draw_campaign

import numpy as np
import yardstick_tools as tools

MOVES = 1e-3
ROUNDING = 1e-6  # the transform of the reference image to itself is 1e-16, not 0
DEMO = """
lens_name = "DEMO"
lens_ra_deg, lens_dec_deg = 69.5619, -12.2874
work_dir = {work!r}
sets = [{{"name": "R", "telescope": "generic", "raw_dir": {raw!r}}}]
point_sources = {{"A": (1.0, 0.5), "B": (-0.3, 1.0), "C": (-1.1, 0.0), "D": (0.2, -0.9)}}
"""
# Field: its error. What follows "__" stays, but for the pairs of a covariance.
ERRORS = {"flux_e": "flux_sigma_e", "medcoeff": "medcoeff_sigma", "renorm": "renorm_sigma",
          "dec_coeff": "dec_coeff_sigma", "star_flux_e": "star_sigma_e",
          "aper_flux_e": "aper_sigma_e", "star_x_px": "star_xy_sigma_px",
          "star_y_px": "star_xy_sigma_px"}
NOT_RESULTS = ("made__", "ran__", "raw_", "dec_objective", "dec_fit", "dec_epochs", "dec_start")


def reduce_frames(folder, sim, kernel):
    """Reduce the frames under one kernel; return the images of the database by name."""
    work = folder / kernel / "work"
    config = folder / kernel / "config"
    if sim is None:
        config.mkdir(parents=True, exist_ok=True)
        text = DEMO.format(work=str(work), raw=str(folder / "sky" / "frames" / "SIM1"))
        (config / "settings.py").write_text(text)
    else:
        tools.write_settings(config, sim, work)
    with open(folder / kernel / "log.txt", "w", encoding="utf-8") as log:
        subprocess.run([sys.executable, ROOT / "pipe" / "run_all.py", config, "--no-pictures"],
                       env=os.environ | {"OPENBLAS_CORETYPE": kernel}, stdout=log, stderr=log,
                       check=True)
    return Database(paths.database(load_settings(config))).rows


def changes(first, other):
    """Return, for each family of fields, its changes by image in units of the error or value."""
    found = {}
    for name, row in first.items():
        for field, value in row.items():
            if isinstance(value, bool | str) or field.startswith(NOT_RESULTS) or value is None:
                continue
            family, _, rest = field.partition("__")
            against = other[name].get(field)
            unit = row.get(f"{ERRORS[family]}__{rest}" if rest else ERRORS[family]) \
                if family in ERRORS else max(abs(value), ROUNDING)
            if against is None or not unit:
                change = 0.0 if against == value else np.inf
            else:
                change = abs(against - value) / unit
            found.setdefault(family, []).append(change)
    return found


def main():
    """Reduce under each kernel, compare, and print the fields that move."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("work", type=lambda text: Path(text).resolve())
    parser.add_argument("--sim", type=lambda text: Path(text).resolve())
    parser.add_argument("--kernels", nargs="+", default=["Haswell", "Nehalem", "Prescott"])
    options = parser.parse_args()
    if options.sim is None:
        draw_campaign(demo_campaign(), options.work / "sky")
    images = {one: reduce_frames(options.work, options.sim, one) for one in options.kernels}
    for other in options.kernels[1:]:
        found = changes(images[options.kernels[0]], images[other])
        sys.stdout.write(f"\n| {options.kernels[0]}, {other} | unit | median | largest | moved |\n"
                         "|---|---|---|---|---|\n")
        for family, values in sorted(found.items(), key=lambda one: -np.max(one[1])):
            if max(values) > MOVES:
                moved = sum(value > MOVES for value in values)
                sys.stdout.write(
                    f"| `{family}` | {'error' if family in ERRORS else 'value'} "
                    f"| {np.median(values):.2g} | {np.max(values):.2g} "
                    f"| {moved} of {len(values)} |\n")
        flux = np.max(found["flux_e"])
        sys.stdout.write(f"fluxes: largest change {flux:.2g} of the error\n")


if __name__ == "__main__":
    main()
