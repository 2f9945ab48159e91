"""Fit the transit of HAT-P-32 b to a finished reduction of configs/hatp32, and judge the errors.

Run as: python tests/benchmarks/transit_of_hatp32.py configs/hatp32

Published: depth 2.37 +- 0.10 %, duration 0.130 d, middle at MJD 58107.2096 (UTC at the telescope).
The pull of b is its scatter about a line, out of transit and at its bottom, in units of the quoted
errors; that of the field stars, the brightest ten in 35 images or more, the same about a line.
Exit status 1 unless 35 of 36 frames are aligned, the scatter out of transit is below 12 mmag, the
depth agrees with the published one within its error, and the pulls of b and of the stars (their
median) are .85 to 1.15.
"""

import argparse
import sys

from cosmouline.database import paths
from cosmouline.database.database import Database
from cosmouline.database.settings import load_settings
from cosmouline.lightcurve import db_star_curves
from cosmouline.lightcurve.io_rdb import read_rdb
from cosmouline.photometry import db_star_magnitudes

import numpy as np

MIDDLE_MJD, DURATION_D = 58107.2096, 0.130
INGRESS_D = 0.02  # from first to second contact
MARGIN_D = 0.003  # of the middle and the duration
N_ALIGNED, SCATTER_MMAG, DEPTH_MAG, DEPTH_ERROR_MAG = 35, 12.0, 0.0237, 0.0010
N_STARS, PULLS = 10, (0.85, 1.15)


def pull(mjd, mag, error, *shapes):
    """Return the reduced scatter of magnitudes about a line and other shapes, over the errors."""
    shape = np.stack([np.ones_like(mjd), mjd - mjd.mean(), *shapes], 1) / error[:, None]
    residual = mag / error - shape @ np.linalg.lstsq(shape, mag / error)[0]
    return np.sqrt((residual**2).sum() / (len(mag) - shape.shape[1]))


def fit(mjd, mag, error):
    """Return scatter about a line out of transit in mmag, depth and its error, numbers, pull."""
    phase_d = mjd - MIDDLE_MJD
    outside = np.abs(phase_d) > DURATION_D / 2 + MARGIN_D
    bottom = np.abs(phase_d) < DURATION_D / 2 - INGRESS_D
    residual = mag - np.polyval(np.polyfit(phase_d[outside], mag[outside], 1), phase_d)
    depth, n = residual[bottom], bottom.sum()
    both = outside | bottom
    return (1e3 * residual[outside].std(ddof=2), depth.mean(),
            depth.std(ddof=1) / np.sqrt(n), outside.sum(), n,
            pull(phase_d[both], mag[both], error[both], 1.0 * bottom[both]))


def star_pulls(rows, settings):
    """Return the pulls of the brightest field stars, by name."""
    images = [row for row in rows if row["gogogo"] and f"renorm__{settings.renorm_name}" in row]
    names = db_star_magnitudes.star_names(images, settings.psf_name, settings.renorm_name)
    table = db_star_curves.joined_stars(images, names, settings)
    found = {}
    for name in sorted(names, key=lambda name: np.nanmedian(table[f"mag_{name}"])):
        mag, error = table[f"mag_{name}"], table[f"magerr_{name}_cov"]
        good = np.isfinite(mag) & np.isfinite(error)
        if good.sum() >= N_ALIGNED and len(found) < N_STARS:
            found[name] = pull(np.asarray(table["mhjd"])[good], mag[good], error[good])
    return found


def main():
    """Read, fit, tell."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("config_dir")
    settings = load_settings(parser.parse_args().config_dir)
    rows = Database(paths.database(settings)).select()
    n_aligned = sum(row.get("is_aligned", False) for row in rows)
    curve = read_rdb(paths.light_curve(settings))
    # the light curve counts heliocentric time, the published middle is at the telescope
    helio_d = np.median([row["mhjd"] - row["mjd"] for row in rows])
    scatter, depth, error, n_out, n_in, pull_b = fit(*(np.asarray(values, float) for values in (
        np.array(curve["mhjd"]) - helio_d, curve["mag_b"], curve["magerr_b_cov"])))
    print(f"{n_aligned} of {len(rows)} frames aligned; scatter of {n_out} points out of transit "
          f"{scatter:.1f} mmag; depth {depth:.4f} +- {error:.4f} mag ({n_in} points)")
    stars = star_pulls(rows, settings)
    print(f"scatter / error of b {pull_b:.2f}; of field stars " + ", ".join(
        f"{name} {one:.2f}" for name, one in stars.items())
        + f" (median {np.median(list(stars.values())):.2f})")
    met = (n_aligned >= N_ALIGNED and scatter < SCATTER_MMAG
           and abs(depth - DEPTH_MAG) < np.hypot(error, DEPTH_ERROR_MAG)
           and all(PULLS[0] <= one <= PULLS[1]
                   for one in (pull_b, np.median(list(stars.values())))))
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
