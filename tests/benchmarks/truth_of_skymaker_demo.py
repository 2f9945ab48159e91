"""Compare a finished reduction of configs/skymaker_demo with the truth of its frames.

Run as: python tests/benchmarks/truth_of_skymaker_demo.py configs/skymaker_demo

Exit status 1 unless all frames are registered, every spoilt frame is named by a quality_note or
out of use, the variable star V06 is not among the normalisation stars, and every source is within
3 % of the truth in the mean of the good frames. The nightly means are told, worst first.
"""

import argparse
import csv
import sys
from pathlib import Path

from cosmouline.database import paths
from cosmouline.database.columns import column, family
from cosmouline.database.database import Database
from cosmouline.database.settings import load_settings
from cosmouline.lightcurve.db_columns import rows_with_fluxes
from cosmouline.skymaker.truth import MATCH_PX, compare, flux_scale
from cosmouline.sources import db_stars

import numpy as np

SPOILT = ("trailed", "cloud", "seeing", "moon")  # words in the column quality
NOT_COUNTED = SPOILT[:3]  # the moon costs light only
VARIABLE = "V06"
BIAS_MAX = 0.03


class Truth:
    """The tables beside the frames."""

    def __init__(self, folder):
        self.frames = {Path(row["file"]).stem: row for row in _table(folder / "frames.csv")}
        self.objects = _table(folder / "objects_per_frame.csv")
        self.magnitude = {row["id"]: float(row["phot_g_mean_mag"])
                          for row in _table(folder / "gaia_like.csv") if row["variable"] == "0"}

    def frame(self, row):
        """Return the line of an image."""
        return self.frames[Path(row["raw_path"]).name.split(".")[0]]

    def stars_of(self, row):
        """Return identities, positions, and fluxes (NaN for a variable) on an image."""
        here = [o for o in self.objects if o["frame"] == self.frame(row)["frame"]]
        names = [o["id"] for o in here]
        xy = np.array([(float(o["x_fits"]) - 1, float(o["y_fits"]) - 1) for o in here])
        flux = 10 ** (-0.4 * np.array([self.magnitude.get(name, np.nan) for name in names]))
        return names, xy, flux


def _table(path):
    with open(path, newline="", encoding="utf-8") as text:
        return list(csv.DictReader(text))


def measured(rows, sources, dec):
    """Return fluxes on the common scale and their errors, shape (n_images, n_sources)."""
    coeff = column(rows, f"dec_coeff__{dec}")[:, None]
    flux = family(rows, f"flux_e__{dec}__{{source}}", sources) * coeff
    sigma = family(rows, f"flux_sigma_e__{dec}__{{source}}", sources) * coeff
    return flux, np.hypot(sigma, flux * column(rows, f"dec_coeff_sigma__{dec}")[:, None] / coeff)


def stars(rows, settings):
    """Return places and normalised fluxes of the stars behind the coefficients."""
    chosen = db_stars.norm_stars(settings)
    flux = family(rows, f"star_flux_e__{settings.psf_name}__{{star}}",
                  [star.name for star in chosen])
    return db_stars.star_positions(chosen), flux * column(rows, f"dec_coeff__{settings.dec_name}")[
        :, None]


def tell_sources(rows, sources, flux, sigma, true, nights):
    """Tell bias, errors and worst night of every source; return whether one misses."""
    missed = False
    for i, source in enumerate(sources):
        found = compare(flux[:, i], sigma[:, i], true[:, i])
        by_night = {night: np.average((flux / true - 1)[nights == night, i],
                                      weights=sigma[nights == night, i] ** -2.0)
                    for night in np.unique(nights)}
        worst = max(by_night, key=lambda night: abs(by_night[night]))
        missed |= abs(found.bias) > BIAS_MAX
        print(f"{source}: bias {100 * found.bias:+.2f} %, scatter {100 * found.scatter:.2f} %, "
              f"error {100 * found.error:.2f} %, pull {found.pull:.2f}; worst night {worst}: "
              f"{100 * by_night[worst]:+.2f} % ({(nights == worst).sum()} frames)")
    return missed


def tell_spoilt(images, truth):
    """Tell what the reduction says of every spoilt frame; return whether one goes unnoticed."""
    missed = False
    for row in images:
        quality = truth.frame(row)["quality"]
        if any(word in quality for word in SPOILT):
            told = row.get("whynot", row.get("quality_note"))
            missed |= told is None
            print(f"{row['img_name']} ({quality}): {told}")
    return missed


def main():
    """Read, compare, tell."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("config_dir")
    settings = load_settings(parser.parse_args().config_dir)
    truth = Truth(settings.sets[0]["raw_dir"].parent / "truth")
    db = Database(paths.database(settings))
    rows, sources = rows_with_fluxes(db, settings.dec_name)
    rows = [row for row in rows
            if not any(word in truth.frame(row)["quality"] for word in NOT_COUNTED)]
    names, true_xy, true_flux = truth.stars_of(db.reference())
    star_xy, star_flux = stars(rows, settings)
    scale = flux_scale(star_flux, star_xy, true_flux, true_xy)
    true = scale * 10 ** (-0.4 * np.array(
        [[float(truth.frame(row)[f"mag_{s}"]) for s in sources] for row in rows]))
    nights = np.array([int(truth.frame(row)["night"]) for row in rows])
    n_aligned = sum(row.get("is_aligned", False) for row in db.select())
    variable_xy = true_xy[names.index(VARIABLE)]
    is_used = np.hypot(*(star_xy - variable_xy).T).min() < MATCH_PX
    print(f"{n_aligned} of {len(db.rows)} frames aligned, {len(rows)} good ones with fluxes; "
          f"{VARIABLE} is {'' if is_used else 'not '}among the {len(star_xy)} stars")
    missed = tell_sources(rows, sources, *measured(rows, sources, settings.dec_name), true, nights)
    missed |= tell_spoilt(db.select(), truth)
    return int(missed or is_used or n_aligned < len(db.rows))


if __name__ == "__main__":
    sys.exit(main())
