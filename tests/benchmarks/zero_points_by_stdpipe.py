"""Zero points of the same simulated fields by stdpipe and by us.

Run by hand, once under each Python (pip install stdpipe==0.4.1 "statsmodels<0.15" elsewhere):

    python tests/benchmarks/zero_points_by_stdpipe.py ours OUT.json
    STDPIPE_PYTHON tests/benchmarks/zero_points_by_stdpipe.py theirs OUT.json

The fields are those of zero_points.py. Both fit a zero point with a colour term and a gradient
over the field; the second call compares the zero points at the mean colour and the mean place of
the stars, where they do not hang on the degree of either.
"""

import json
import sys
from pathlib import Path

import numpy as np

N_FIELDS, SEED = 100, 5
FIELD_DEG = 0.1  # half a side; stdpipe wants coordinates


def ours(out):
    """Fit all fields; write them with what was found."""
    from zero_points import field, zero_point

    random, kept = np.random.default_rng(SEED), []
    for _ in range(N_FIELDS):
        stars = field(random, random.integers(15, 101))
        found = zero_point.of_set(*stars, 1)
        value, error = found.at_colour(float(np.mean(stars[4])), 0.0)
        kept.append([part.tolist() for part in stars] + [float(value), float(error)])
    out.write_text(json.dumps(kept))


def theirs(out):
    """Fit the fields with stdpipe; print the difference."""
    from stdpipe.photometry import match

    differences, errors = [], []
    for *stars, value, error in json.loads(out.read_text()):
        known_mag, known_sigma, mag, sigma, colour, place = map(np.array, stars)
        ra, dec = 150 + FIELD_DEG * place[:, 0], FIELD_DEG * place[:, 1]
        found = match(ra, dec, mag, sigma, np.zeros(len(mag), int), ra, dec, known_mag,
                      known_sigma, colour, obj_x=place[:, 0], obj_y=place[:, 1], spatial_order=1,
                      max_intrinsic_rms=0.05)
        at_middle = found["zero_fn"](np.zeros(1), np.zeros(1))[0]
        differences.append(at_middle + found["color_term"] * np.mean(colour) - value)
        errors.append(error)
    differences = 1000 * np.array(differences)
    print(f"{len(differences)} fields, stdpipe - ours: mean {differences.mean():+.2f}, median "
          f"{np.median(differences):+.2f}, scatter {differences.std(ddof=1):.2f}, largest "
          f"{np.abs(differences).max():.1f}; our error, median {1000 * np.median(errors):.2f}")


if __name__ == "__main__":
    {"ours": ours, "theirs": theirs}[sys.argv[1]](Path(sys.argv[2]))
