"""Zero points of simulated fields: bias, colour term and pull, with outliers and a flat gradient.

Run by hand:

    python tests/benchmarks/zero_points.py [--fields 200] [--seed 1]

15 to 100 stars with errors of 2 to 30 mmag, colours 0.4 to 2.2, a scatter of their own of 10
mmag, 10 % outliers (variable stars, wrong matches) up to 2 mag off, a colour term of 0.05, a flat
field that is wrong by 2 % from edge to edge. Then fields of 3 to 5 stars.
"""

import argparse

from cosmouline.photometry.zero_points import zero_point

import numpy as np

TRUE_MAG, TERM, SCATTER_MAG, GRADIENT_MAG = 26.0, 0.05, 0.010, 0.02


def field(random, n, outliers=0.1):
    """Return the arguments of `zero_point.of_set` for one simulated field."""
    colour, place = random.uniform(0.4, 2.2, n), random.uniform(-1, 1, (n, 2))
    catalogue_mag = random.uniform(15, 20, n)
    sigma = 0.002 + 0.028 * 10 ** (0.4 * (catalogue_mag - 20))
    catalogue_sigma = np.full(n, 0.003)
    mag = (catalogue_mag - TRUE_MAG - TERM * (colour - 1.0)
           - GRADIENT_MAG / 2 * (place @ (0.8, 0.6)) + random.normal(0, 1, n) * sigma
           + random.normal(0, SCATTER_MAG, n))
    bad = random.uniform(size=n) < outliers
    mag[bad] += random.choice([-1, 1], bad.sum()) * random.uniform(0.1, 2.0, bad.sum())
    return (catalogue_mag + random.normal(0, catalogue_sigma), catalogue_sigma, mag, sigma,
            colour, place)


def main():
    """Fit all fields and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fields", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    random = np.random.default_rng(options.seed)
    for name, numbers, outliers, degree in (("15-100 stars", (15, 101), 0.1, 1),
                                            ("3-5 stars", (3, 6), 0.0, 0)):
        away, sigma, term, term_sigma = [], [], [], []
        for _ in range(options.fields):
            *known, place = field(random, random.integers(*numbers), outliers)
            found = zero_point.of_set(*known, place, degree)
            # at the colour 1, where the truth is TRUE_MAG; without a term at the mean colour
            value, error = found.at_colour(1.0, 0.0)
            mean = TERM * (np.median(known[4]) - 1.0) if not found.colour_term_sigma else 0.0
            away.append(value - TRUE_MAG - mean)
            sigma.append(error)
            if found.colour_term_sigma:
                term.append(found.colour_term - TERM)
                term_sigma.append(found.colour_term_sigma)
        away, sigma = np.array(away), np.array(sigma)
        text = (f"{name}: bias {1000 * away.mean():+.2f} mmag, scatter "
                f"{1000 * away.std():.2f}, largest {1000 * np.abs(away).max():.1f}; quoted "
                f"{1000 * np.median(sigma):.2f}; pull {np.sqrt(np.mean((away / sigma) ** 2)):.3f}")
        if term:
            term, term_sigma = np.array(term), np.array(term_sigma)
            text += (f"; colour term {TERM + term.mean():.4f} +- {term.std():.4f}, pull "
                     f"{np.sqrt(np.mean((term / term_sigma) ** 2)):.3f}")
        print(text)


if __name__ == "__main__":
    main()
