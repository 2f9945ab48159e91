"""Reduce a campaign with what makes real frames hard, and say what was right, wrong and reported.

Run as: python tests/benchmarks/mock_real.py OUT [--seed 1] [--without undeclared transient]
        [--nothing] [--controls 3]

Draws skymaker's mock_real into OUT/sky, runs the pipeline on its five sets (four bands) in
OUT/work, and compares the .rdb of each band with the truth. Then some isolated stars take the
lens's route, from its stamps to its joint fit. Every line of OUT/sky/truth_faults.ecsv is looked
for in the logs and reports: the message that names it is printed, for a person to judge.
Some 4 CPU minutes. Exit status 1 unless 95 % of the points are inside 2 quoted errors, control
stars within .5 % and 2 errors of their mean, systematic ones included, and every fault reported.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from cosmouline.database import bands, paths
from cosmouline.database.columns import column, family
from cosmouline.database.database import Database
from cosmouline.database.script_header import ROOT
from cosmouline.database.settings import load_settings
from cosmouline.errors import UserError
from cosmouline.files.io_table import read_ecsv, read_ecsv_columns
from cosmouline.lightcurve.io_rdb import read_rdb
from cosmouline.skymaker.io_campaign import draw_campaign
from cosmouline.skymaker.mock_real import CAMERAS, PLANTS, mock_real_campaign
from cosmouline.skymaker.truth import flux_scale
from cosmouline.sources import db_stars

import numpy as np

SETTINGS = """
lens_name = {name!r}
lens_ra_deg, lens_dec_deg = {ra_deg}, {dec_deg}
work_dir = {work!r}
sets = [{{"name": n, "telescope": "generic", "raw_dir": {raw!r} + "/" + n, "band": n[-1]}}
        for n in {sets}]
point_sources = {sources}
"""
STRETCHES = (("3_align/1b", "3_align/1b"),  # where the lens is, for its PSF and the draws of it
             ("5_psf/4", "5_psf/4"), ("6_extract/1", "6_extract/2"), ("7_deconv/1", "7_deconv/6"),
             ("lcmanip/1_join", "lcmanip/1_join"))
CONTROL_MAGS = (17.8, 18.7)  # of the brightness of the lens; they never saturate
CONTROL_BIAS, COVERAGE, N_SIGMA = 0.005, 0.95, 2.0

# What a message must say to name a fault; of one frame or set it must name that too
NAMED = {
    "colour": r"(narrower|wider|width).*(colour|mean star|stars)",
    "brighter_fatter": r"brighter.fatter|(wider|width).*bright|bright.*(wider|width)",
    "flat": r"flat field",
    "hot_pixels": r"\d{3,} (bad|hot) pixels",
    "saturation": r"saturated below",
    "gain": r"gain of [\d.]+ e-/ADU (wrong|predict)",
    "trail": r"elongated|trailed|ellipticity",
    "double": r"double by|guiding|elongated|trailed|ellipticity|disagree with the apertures",
    "quadratic": r"PSF that varies over the field",
    "satellite": r"trail (of \d+ pixels on|nearer to) the lens|satellite",
    "asteroid": r"asteroid|neighbour|(star|S\d\d).*(left out|outlier|rejected|differs)",
    "variable": r"\bvar(y|ies|iable)",
    "hit": r"cosmic|lens are bad|neighbours in time",
    "undeclared": r"that the model lacks|stars on the lens's stamp",
    "compact_galaxies": r"galaxies.*picked|picked.*(galax|wide)|star \w+ is wider .*as a galaxy",
    "transient": r"transient|one (epoch|source) only|later epochs|appears",
}


def parse():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=lambda text: Path(text).resolve())
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--without", nargs="+", default=[], choices=PLANTS)
    parser.add_argument("--nothing", action="store_true", help="plant nothing: the same field")
    parser.add_argument("--controls", type=int, default=3, help="stars through the lens's route")
    parser.add_argument("--cpus", default="1")
    return parser.parse_args()


def configured(folder, sky, work, name, place, sources):
    """Write a settings.py; return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    ra_deg, dec_deg = place
    (folder / "settings.py").write_text('"""Mock frames."""\n' + SETTINGS.format(
        name=name, ra_deg=ra_deg, dec_deg=dec_deg, work=str(work), raw=str(sky / "frames"),
        sets=tuple(CAMERAS), sources=sources))
    return folder


def run_pipe(config, log, cpus, *words):
    """Run a stretch of the pipeline; return whether it came to its end."""
    command = [sys.executable, ROOT / "pipe" / "run_all.py", config, "--keep-going",
               "--no-pictures", "--cpus", cpus, *words]
    with open(log, "a", encoding="utf-8") as stream:
        done = subprocess.run([str(word) for word in command], stdout=stream, stderr=stream,
                              cwd=ROOT, check=False)
    text = log.read_text(encoding="utf-8")
    return done.returncode == 0 or "stopped at" not in text[text.rfind("\n--- "):]


class Truth:
    """The tables of the truth, and the scale of the stars in every set."""

    def __init__(self, sky, settings):
        self.settings = settings
        db = Database(paths.database(settings))
        self.rows, self.reference = db.select(), db.reference()
        self.frames = {row["file"]: row for row in read_ecsv(sky / "truth_frames.ecsv")}
        self.objects = read_ecsv_columns(sky / "truth_objects.ecsv")
        self.constant = {row["name"] for row in read_ecsv(sky / "truth_stars.ecsv")
                         if row["amplitude_mag"] == 0 and row["name"] != "UNDECLARED"}
        self.scales = {name: self._scale(name) for name in CAMERAS}

    def file(self, row):
        """Name of the frame of a row in the tables."""
        path = Path(row["raw_path"])
        return f"frames/{path.parent.name}/{path.name}"

    def on_frame(self, file):
        """Sources of one frame."""
        return {name: values[self.objects["file"] == file]
                for name, values in self.objects.items()}

    def _scale(self, set_name):
        """What a source of 1 e-/s measures in a set, from its constant stars."""
        key = self.settings.psf_name
        rows = [row for row in self.rows if row["set_name"] == set_name and row["gogogo"]]
        there, here = (self.on_frame(self.file(row)) for row in (self.reference, rows[0]))
        flux = dict(zip(here["name"], here["flux_e_s"], strict=True))
        stars = db_stars.norm_stars(self.settings)
        light = family(rows, f"star_flux_e__{key}__{{star}}", [star.name for star in stars])
        true = [flux[name] if name in self.constant else np.nan for name in there["name"]]
        return flux_scale(
            light * column(rows, f"renorm__{self.settings.renorm_name}")[:, None],
            db_stars.star_positions(stars), np.array(true),
            np.column_stack([there["x_px"], there["y_px"]]))

    def picked(self):
        """Names in the truth of the stars that were picked."""
        here = self.on_frame(self.file(self.reference))
        away = np.hypot(*(db_stars.star_positions(db_stars.norm_stars(self.settings))[:, None]
                          - np.column_stack([here["x_px"], here["y_px"]])).T)
        return [str(name) for name in here["name"][away.argmin(axis=0)]]

    def flux(self, row, name):
        """True electrons per second of a source on a frame."""
        here = self.on_frame(self.file(row))
        return float(here["flux_e_s"][list(here["name"]).index(name)])

    def compared(self, settings, names):
        """Deviations of the .rdb of one band.

        Parameters
        ----------
        names : dict
            Name in the truth by name in the table.

        Returns
        -------
        dict of ndarray
            measured / true - 1, its quoted errors (random, systematic), and the flags.
        """
        table = read_rdb(paths.light_curve(settings))
        rows = [row for row in self.rows if bands.of(row, settings) == settings.band]
        dates = np.array([row["mhjd"] for row in rows])
        nearest = [rows[int(np.abs(dates - date).argmin())] for date in table["mhjd"]]
        scale = np.array([self.scales[row["set_name"]] for row in nearest])
        found = {}
        for source, name in names.items():
            flux = 10 ** (-0.4 * np.asarray(table[f"mag_{source}"], float))
            true = np.array([self.flux(row, name) for row in nearest])
            error, systematic = (np.asarray(table[name], float) / 1.0857 for name in (
                f"magerr_{source}_cov", f"magsys_{source}"))
            flag = table[f"flag_{source}"] if f"flag_{source}" in table else table["flag"]
            found[source] = (flux / scale / true - 1, error, systematic, np.asarray(flag, bool))
        return found


def line_of(label, deviation, random, systematic, flag):
    """Print one line of the table; return points inside, points, bias and bias over its error."""
    good = flag & np.isfinite(deviation)
    deviation, random, systematic = deviation[good], random[good], systematic[good]
    if len(deviation) < 3:
        print(f"| {label} | {len(deviation)} of {len(flag)} | | | | | |")
        return 0, len(deviation), np.nan, np.nan
    bias = np.average(deviation, weights=random**-2)
    pull = np.sqrt((((deviation - bias) / random) ** 2).sum() / (len(deviation) - 1))
    inside = np.abs(deviation) < N_SIGMA * np.hypot(random, systematic)
    print(f"| {label} | {len(deviation)} of {len(flag)} | {100 * bias:+.2f} | "
          f"{100 * np.median(systematic):.2f} | {100 * np.median(random):.2f} | "
          f"{100 * inside.mean():.0f} | {pull:.2f} |", flush=True)
    error = np.hypot(np.median(systematic), (random**-2).sum() ** -0.5)
    return int(inside.sum()), len(inside), bias, bias / error


def controls(out, sky, work, n, cpus):
    """Send the most isolated stars through the lens's route; return biases, over errors too."""
    settings = load_settings(out / "config")
    truth = Truth(sky, settings)
    here = truth.on_frame(truth.file(truth.reference))
    xy = np.column_stack([here["x_px"], here["y_px"]])
    away = np.hypot(*(xy[:, None] - xy).T) + 1e9 * np.eye(len(xy))
    stars = {row["name"]: row for row in read_ecsv(sky / "truth_stars.ecsv")}
    chosen = [(away[i].min(), name) for i, name in enumerate(here["name"])
              if name in truth.constant and np.abs(xy[i] - 200).max() < 150
              and CONTROL_MAGS[0] < stars[name]["mag"] < CONTROL_MAGS[1]]
    biases = []
    for _, name in sorted(chosen, reverse=True)[:n]:
        folder, copy = out / f"config_{name}", out / f"work_{name}"
        shutil.copytree(work, copy, dirs_exist_ok=True)
        configured(folder, sky, copy, f"CONTROL{name}",
                   (stars[name]["ra_deg"], stars[name]["dec_deg"]), 1)
        for first, last in STRETCHES:
            run_pipe(folder, out / f"log_{name}.txt", cpus, "--from", first, "--to", last,
                     "--redo")
        biases += compare_bands(folder, truth, {None: name}, name)[2]
    return np.array(biases).reshape(-1, 2).T


def compare_bands(config, truth, names, label):
    """Print a line for each band and source; return points inside, points; biases, in errors."""
    settings, total = load_settings(config), [0, 0, []]
    for band in bands.names(settings):
        one = bands.only(settings, band)
        try:
            table = read_rdb(paths.light_curve(one))
        except UserError:
            print(f"| {label}, {band} | no curve | | | | | |")
            continue
        sources = [key[4:] for key in table if key.startswith("mag_")]
        chosen = {source: names.get(source, names.get(None)) for source in sources}
        chosen = {source: name for source, name in chosen.items() if name}
        for source, values in truth.compared(one, chosen).items():
            n_inside, n, *bias = line_of(f"{label or source}, {band}", *values)
            total[0] += n_inside
            total[1] += n
            total[2].append(bias)
    return total


def messages(work, log):
    """All lines that the pipeline wrote for its user: log of the run, and reports."""
    text = log.read_text(encoding="utf-8") + "".join(
        path.read_text(encoding="utf-8") for path in sorted(work.glob("report_*.txt")))
    rows = Database(work / "database.json").rows
    notes = [f"{name}: {value}" for name, row in rows.items() for key, value in row.items()
             if isinstance(value, str) and key in ("whynot", "intake_flags", "notes")]
    # a line that counts all kinds of flags together names none of them
    lines = [line for line in dict.fromkeys(text.splitlines())
             if not re.match(r"\s*\d+ flagged: ", line)]
    return [*lines, *notes]


def reported(sky, lines):
    """Print a line for each fault with the message that names it; return how many have none."""
    if not (sky / "truth_faults.ecsv").exists():
        return 0
    print("\n| planted | where | reported | by |\n|---|---|---|---|")
    n_silent = 0
    for fault in read_ecsv(sky / "truth_faults.ecsv"):
        where = fault["telescope"]
        if fault.get("file"):
            where = f"{where}_{Path(fault['file']).stem}"
        found = [line for line in lines if re.search(NAMED[fault["kind"]], line)
                 and (where == "all" or where in line)]
        n_silent += not found
        text = " ".join(found[0].split())[:150].replace("|", "/") if found else ""
        print(f"| {fault['kind']} ({fault['size']}) | {where} | {'yes' if found else 'NO'} | "
              f"{text} |")
    return n_silent


def main():
    """Draw, run, compare, look for messages."""
    options = parse()
    out, sky, work = options.out, options.out / "sky", options.out / "work"
    planted = [] if options.nothing else [n for n in PLANTS if n not in options.without]
    draw_campaign(mock_real_campaign(seed=options.seed, planted=planted), sky)
    lens = json.loads((sky / "truth.json").read_text())["lens"]
    sources = {one["name"]: (one["east_arcsec"], one["north_arcsec"]) for one in lens["images"]}
    config = configured(out / "config", sky, work, "MOCK", (lens["ra_deg"], lens["dec_deg"]),
                        sources)
    log = out / "log.txt"
    finished = run_pipe(config, log, options.cpus)
    if not finished:
        print("STOPPED:", log.read_text(encoding="utf-8").rstrip().splitlines()[-2])
    print("\n| source, band | points | bias % | systematic % | error % | inside, % | pull |")
    print("|---|---|---|---|---|---|---|")
    truth = Truth(sky, load_settings(config))
    inside, n, _ = compare_bands(config, truth, {name: name for name in sources}, "")
    print(f"\npicked stars: {', '.join(truth.picked())} (G: galaxies; S16 varies)\n", flush=True)
    biases, in_errors = controls(out, sky, work, options.controls, options.cpus)
    n_silent = reported(sky, messages(work, log))
    print(f"\nA-D: {inside} of {n} points inside {N_SIGMA:g} quoted errors; control stars: "
          f"{', '.join(f'{100 * bias:+.2f}' for bias in biases)} %, at most "
          f"{np.abs(in_errors).max(initial=0):.1f} of their errors; {n_silent} faults unreported")
    met = n and inside >= COVERAGE * n and not n_silent
    met = met and np.abs(biases).max(initial=0) < CONTROL_BIAS
    met = met and np.abs(in_errors).max(initial=0) < N_SIGMA
    return int(not (met and finished))


if __name__ == "__main__":
    sys.exit(main())
