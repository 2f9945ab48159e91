"""Two telescopes, two filters, 60 frames, 10 % of them bad: from frames to one curve per filter.

Six frames are held back and added by all_update; the fluxes are compared with those of a run from
scratch, and with the truth. By hand, some ten minutes:

python tests/benchmarks/two_telescopes.py OUT
"""

import shutil
import subprocess
import sys
from pathlib import Path

from cosmouline.database.database import Database
from cosmouline.files.io_table import read_ecsv_columns

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
SETS = ("SIM1_R", "SIM2_R", "SIM1_V", "SIM2_V")
N_LATE = 6
SETTINGS = """
lens_name = "TWO"
lens_ra_deg, lens_dec_deg = 69.5619, -12.2874
work_dir = {work!r}
sets = [{{"name": n, "telescope": "generic", "raw_dir": {raw!r} + "/" + n, "band": n[-1]}}
        for n in {sets}]
allow_mirror_images = True
point_sources = {{"A": (1.01, 0.50), "B": (-0.27, 0.98), "C": (-1.13, -0.03), "D": (0.20, -0.91)}}
"""


def python(*words):
    """Run a script; stop if it fails."""
    subprocess.run([sys.executable, *map(str, words)], check=True, cwd=ROOT)


def reduction(folder, frames):
    """Make a config folder and a folder of raw frames; return both."""
    for frame in frames:
        (folder / "raw" / frame.parent.name).mkdir(parents=True, exist_ok=True)
        shutil.copy2(frame, folder / "raw" / frame.parent.name)
    (folder / "config").mkdir()
    (folder / "config" / "settings.py").write_text(SETTINGS.format(
        work=str(folder / "work"), raw=str(folder / "raw"), sets=SETS))
    return folder / "config"


def fluxes(folder, band, source):
    """Return fluxes, errors and systematic errors of a source in a band, by image."""
    rows = Database(folder / "work" / "database.json").rows
    names = [f"flux_{kind}e__lens__{source}" for kind in ("", "sigma_", "sys_")]
    return {name: tuple(row[field] for field in names) for name, row in rows.items()
            if names[0] in row and row["set_name"].endswith(band)}


def true_fluxes(out, source):
    """Return the true electrons of a source in every good exposure, by image."""
    table = read_ecsv_columns(out / "sky" / "truth_frames.ecsv")
    light = table["transparency"] * table["exptime_s"] * table[f"flux_e_s_{source}"]
    return {f"{Path(file).parent.name}_{Path(file).stem}": value
            for file, value, defect in zip(table["file"], light, table["defect"], strict=True)
            if defect == "none"}


def main(out):
    """Draw, run, update, run from scratch, and compare."""
    python("skymaker/1_draw_campaign.py", "two_telescopes", "--out", out / "sky")
    frames = sorted((out / "sky" / "frames").glob("*/*.fits"), key=lambda path: path.stem)
    early = reduction(out / "early", frames[:-N_LATE])
    python("pipe/run_all.py", early, "--keep-going")
    for frame in frames[-N_LATE:]:
        shutil.copy2(frame, out / "early" / "raw" / frame.parent.name)
    python("pipe/all_update/1_update.py", early, "--no-pictures")
    python("pipe/run_all.py", reduction(out / "scratch", frames), "--keep-going", "--no-pictures")
    sys.stdout.write("band source images  bias %  systematic %  pull  update - scratch (sigma)\n")
    for band in "RV":
        for source in "ABCD":
            compare(out, band, source)


def compare(out, band, source):
    """Write one line: against the truth, and against the run from scratch."""
    found, scratch = (fluxes(out / name, band, source) for name in ("early", "scratch"))
    truth = true_fluxes(out, source)
    good = [name for name in found if name in truth]
    flux, sigma, systematic = np.array([found[name] for name in good]).T / [truth[n] for n in good]
    bias = np.average(flux - 1, weights=sigma**-2)
    pull = np.sqrt((((flux - 1 - bias) / sigma) ** 2).sum() / (len(good) - 1))
    moved = max(abs(found[name][0] - scratch[name][0]) / scratch[name][1] for name in found)
    sys.stdout.write(f"{band:>4} {source:>6} {len(found):6d} {100 * bias:+7.2f} "
                     f"{100 * np.median(systematic):13.2f} {pull:5.2f} {moved:9.3f}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
