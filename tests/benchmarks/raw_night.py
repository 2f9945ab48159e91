"""A raw night gives the light curve of perfect frames, within a tenth of its errors.

The perfect frames are drawn first. Each is then turned into what a camera would have read out of
the same electrons: divided into two amplifiers, times the flat field, with dark current, bias,
overscan and 2 % non-linearity; bias, dark and flat frames are drawn beside. 0_preparation makes
frames of these again, and both reductions go through all scripts up to the fluxes.

Run as  : python tests/benchmarks/raw_night.py FOLDER [--frames 6] [--calibrations 15]
"""

import argparse
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from cosmouline.database.database import Database
from cosmouline.skymaker import draw, io_campaign, raw
from cosmouline.skymaker.campaigns import tiny_campaign
from cosmouline.skymaker.model import RAW_NIGHT

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = """
lens_name = "NIGHT"
lens_ra_deg, lens_dec_deg = 69.5619, -12.2874
work_dir = {work!r}
{raw}
sets = [{{"name": "R", "telescope": "skymaker_raw", "raw_dir": {frames!r}}}]
point_sources = {{"A": (0.65, 0.30), "B": (-0.62, -0.35)}}
"""


def draw_both(folder, n_frames, n_calibrations):
    """Draw perfect frames, and raw ones of the same electrons, with their calibrations."""
    perfect = tiny_campaign(n_frames=n_frames, nx=260, ny=240, n_stars=16, dtype="float32")
    camera = replace(perfect.telescopes[0], dtype="uint16", raw=RAW_NIGHT, defect_seed=5)
    campaign = replace(perfect, telescopes=(camera,))
    flat = raw.flat_field(camera)
    for index in range(n_frames):
        data_adu, _, _ = draw.draw_frame(perfect, index)
        name = f"tiny_{index:04d}.fits"
        header = draw.frame_header(campaign, index)
        io_campaign.write_frame(folder / "perfect" / name, data_adu, header)
        dark = raw.dark_electrons(camera, perfect.frames[index].exptime_s)
        electrons = data_adu * camera.gain_e_per_adu * flat + dark
        rng = np.random.default_rng([99, index])
        io_campaign.write_frame(folder / "raw" / name, raw.read_out(electrons, camera, rng),
                                header, camera)
    for kind in raw.CODES:
        for number in range(n_calibrations):
            frame = raw.calibration_frame(campaign, camera, kind, number,
                                          perfect.frames[0].exptime_s)
            io_campaign.write_frame(folder / "raw" / f"{kind}_{number:02d}.fits", *frame, camera)


def reduce_frames(folder, name, frames, extra=""):
    """Run all scripts on the frames of a folder; return the rows."""
    config, work = folder / f"config_{name}", folder / f"work_{name}"
    config.mkdir()
    (config / "settings.py").write_text(SETTINGS.format(work=str(work), frames=str(frames),
                                                        raw=extra))
    routes = [["--route", "preparation"]] if extra else []
    for options in [*routes, ["--to", "7_deconv/6_readout", "--no-pictures"]]:
        subprocess.run([sys.executable, str(ROOT / "pipe" / "run_all.py"), str(config), *options,
                        "--cpus", "1"], check=True)
    db = Database(work / "database.json")
    db.close()
    return [row for row in db.select(gogogo=True) if "flux_e__lens__A" in row]


def main():
    """Draw, reduce twice, compare."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--frames", type=int, default=6)
    parser.add_argument("--calibrations", type=int, default=30)
    options = parser.parse_args()
    folder = options.folder.resolve()
    draw_both(folder, options.frames, options.calibrations)
    perfect = reduce_frames(folder, "perfect", folder / "perfect")
    raw_dir = ('raw_frames = [{"name": "TINY", "telescope": "skymaker_raw", '
               f'"raw_dir": "{folder}/raw"}}]')
    ours = reduce_frames(folder, "raw", folder / "work_raw" / "calibrated" / "TINY", raw_dir)
    # the same frames, by their date
    ours = {round(row["mjd"], 5): row for row in ours}
    print(f"{len(perfect)} and {len(ours)} frames with fluxes")
    # one factor common to all: the level of the flat field, which no light curve shows
    pairs = [(ours[round(row["mjd"], 5)], row, f"__lens__{source}") for row in perfect
             for source in "AB"]
    weights = [(row[f"flux_e{end}"] / row[f"flux_sigma_e{end}"]) ** 2 for _, row, end in pairs]
    factor = np.average([
        other[f"flux_e{end}"] * other["renorm__renorm1"]
        / (row[f"flux_e{end}"] * row["renorm__renorm1"]) for other, row, end in pairs],
        weights=weights)
    print(f"common factor: {100 * (factor - 1):+.3f} %")
    for source in "AB":
        pulls = []
        for row in perfect:
            other = ours[round(row["mjd"], 5)]
            flux, sigma = (f"{word}__lens__{source}" for word in ("flux_e", "flux_sigma_e"))
            # what the light curve shows: the flux times the coefficient, up to a factor
            scale, theirs = row["renorm__renorm1"], other["renorm__renorm1"]
            pulls.append((other[flux] * theirs / factor - row[flux] * scale)
                         / (row[sigma] * scale))
            print(f"{source} {row['img_name']}: perfect {row[flux]:.0f} +- {row[sigma]:.0f}, "
                  f"raw {other[flux]:.0f} +- {other[sigma]:.0f}: "
                  f"{(other[flux] - row[flux]) / row[sigma]:+.3f} sigma; with the coefficients "
                  f"{pulls[-1]:+.3f}")
        print(f"{source}: rms {np.sqrt(np.mean(np.square(pulls))):.3f} sigma, mean "
              f"{np.mean(pulls):+.3f}")


if __name__ == "__main__":
    main()
