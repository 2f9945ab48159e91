"""Fit the transit of HAT-P-32 b to a finished reduction of configs/hatp32.

Run as: python tests/benchmarks/transit_of_hatp32.py configs/hatp32

Published: depth 2.37 +- 0.10 %, duration 0.130 d, middle at MJD 58107.2096 (UTC at the telescope).
Exit status 1 unless 35 of 36 frames are aligned, the scatter out of transit is below 12 mmag, and
the depth is 0.019 to 0.029 mag.
"""

import argparse
import sys

from cosmouline.database import paths
from cosmouline.database.database import Database
from cosmouline.database.settings import load_settings
from cosmouline.lightcurve.io_rdb import read_rdb

import numpy as np

MIDDLE_MJD, DURATION_D = 58107.2096, 0.130
INGRESS_D = 0.02  # from first to second contact
MARGIN_D = 0.003  # of the middle and the duration
N_ALIGNED, SCATTER_MMAG, DEPTH_MAG = 35, 12.0, (0.019, 0.029)


def fit(mjd, mag):
    """Return scatter about a line out of transit in mmag, depth and its error in mag."""
    phase_d = mjd - MIDDLE_MJD
    outside = np.abs(phase_d) > DURATION_D / 2 + MARGIN_D
    bottom = np.abs(phase_d) < DURATION_D / 2 - INGRESS_D
    residual = mag - np.polyval(np.polyfit(phase_d[outside], mag[outside], 1), phase_d)
    depth, n = residual[bottom], bottom.sum()
    return (1e3 * residual[outside].std(ddof=2), depth.mean(),
            depth.std(ddof=1) / np.sqrt(n), outside.sum(), n)


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
    scatter, depth, error, n_out, n_in = fit(np.array(curve["mhjd"]) - helio_d,
                                             np.array(curve["mag_b"]))
    print(f"{n_aligned} of {len(rows)} frames aligned; scatter of {n_out} points out of transit "
          f"{scatter:.1f} mmag; depth {depth:.4f} +- {error:.4f} mag ({n_in} points)")
    met = (n_aligned >= N_ALIGNED and scatter < SCATTER_MMAG
           and DEPTH_MAG[0] < depth < DEPTH_MAG[1])
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
