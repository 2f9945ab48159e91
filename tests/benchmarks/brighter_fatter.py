"""Drawn detectors that widen bright stars: what is reported, and what the correction is worth.

Run by hand:

    python tests/benchmarks/brighter_fatter.py OUT [--percent 0 1 2 3] [--seeds 1]

The demo's frames are drawn with charge that moves to its neighbours: so many per cent of the FWHM
at a peak of 100 000 electrons. The order runs without pictures. Printed are the bias of each
source as it is and with the factor of its width (flux_width_factor) taken out, and what the
reports say of bright stars.
"""

import argparse
import dataclasses
import subprocess
import sys
from pathlib import Path

from cosmouline.database import paths
from cosmouline.database.columns import column
from cosmouline.database.database import Database
from cosmouline.database.script_header import ROOT
from cosmouline.database.settings import load_settings
from cosmouline.run import make_options, with_options
from cosmouline.skymaker import db_truth
from cosmouline.skymaker.campaigns import demo_campaign
from cosmouline.skymaker.io_campaign import draw_campaign

import numpy as np

PER_E_OF_PERCENT = 3e-7  # see skymaker/mock_real: 1 % of the FWHM at 100 000 e-


def reduce_frames(out, percent, seed):
    """Draw and reduce one campaign; return its settings."""
    campaign = demo_campaign(seed)
    telescopes = tuple(dataclasses.replace(one, brighter_fatter_per_e=percent * PER_E_OF_PERCENT)
                       for one in campaign.telescopes)
    draw_campaign(dataclasses.replace(campaign, telescopes=telescopes), out / "sky")
    text = (ROOT / "configs/demo/settings.py").read_text()
    old = "Path(__file__).resolve().parents[2] / \"demo\""
    if old not in text:
        raise ValueError("configs/demo has its frames elsewhere")
    config = out / "config"
    config.mkdir(exist_ok=True)
    (config / "settings.py").write_text(text.replace(old, f"Path({str(out)!r})"))
    with open(out / "log.txt", "w", encoding="utf-8") as log:
        subprocess.run([sys.executable, ROOT / "pipe/run_all.py", config, "--no-pictures"],
                       stdout=log, stderr=log, check=True)
    return with_options(load_settings(config), make_options())


def main():
    """Draw, reduce, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=lambda text: Path(text).resolve())
    parser.add_argument("--percent", type=float, nargs="+", default=[0, 1, 2, 3])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    options = parser.parse_args()
    for seed in options.seeds:
        for percent in options.percent:
            out = options.out / f"s{seed}_{percent:g}"
            out.mkdir(parents=True, exist_ok=True)
            settings = reduce_frames(out, percent, seed)
            db = Database(paths.database(settings))
            _, found = next(iter(db_truth.compare_sources(db, settings, out / "sky")))
            rows, cells = db.select(), []
            for line in found.lines:
                key = f"flux_width_factor__{settings.dec_name}__{line['source']}"
                factor = np.nan_to_num(column(rows, key), nan=1.0)
                before = 100 * ((1 + line["bias %"] / 100) / factor.mean() - 1)
                cells.append(f"{line['source']} {line['bias %']:+.2f} (without {before:+.2f}, "
                             f"systematic {line['systematic %']:.2f})")
            told = [text.strip() for text in (out / "log.txt").read_text().splitlines()
                    if "bright" in text and "wider" in text]
            print(f"seed {seed}, {percent:g} %: {'; '.join(cells)}\n    " + "\n    ".join(told),
                  flush=True)


if __name__ == "__main__":
    main()
