"""Join two made-up telescopes whose filters see the stars' colours differently.

Run as: python tests/benchmarks/colour_terms.py [campaigns per line, default 40]

Ten stars of .17 to .51 %, 30 images by each telescope, a fifth of the fluxes missing. The colour
of a star, in per cent, is how much brighter the second telescope sees it. Columns: scatter of
coefficient / transparency within a telescope, its pull, error of the jump between both (against
the mean star, in per cent), stars called variable per campaign; with common fluxes of the stars,
then with fluxes per set. The last lines have 20 sets of 3 images each.
"""

import sys

from cosmouline.photometry.coefficients import solve

import numpy as np

ERRORS = np.array([0.17, 0.19, 0.22, 0.24, 0.25, 0.26, 0.28, 0.36, 0.41, 0.51]) / 100
N_IMAGES, MISSING = 60, 0.2


def campaign(seed, colour_scatter, n_sets):
    """Return fluxes, errors, transparencies and sets of one campaign, and the colours."""
    random = np.random.default_rng(seed)
    transparency = np.clip(random.normal(0.85, 0.15, N_IMAGES), 0.3, 1.1)
    colour = colour_scatter * random.standard_normal((n_sets, ERRORS.size))
    colour[0] = 0
    rows = np.arange(N_IMAGES) * n_sets // N_IMAGES
    clean = transparency[:, None] * (10 / ERRORS) * np.exp(colour[rows])
    sigma = clean * ERRORS / np.sqrt(transparency)[:, None]
    flux = clean + sigma * random.standard_normal(clean.shape)
    flux[1:][random.random(flux[1:].shape) < MISSING] = np.nan
    return flux, sigma, transparency, rows, colour


def judge(coeff, relative, transparency, rows, colour):
    """Return mean squares of scatter and pull within sets, and of the jumps against set 0."""
    ratio = coeff * transparency
    mean_star = np.exp(np.average(colour, axis=1, weights=ERRORS**-2.0))
    levels, off = [], np.empty(len(ratio))
    for k in range(len(colour)):
        of_set = rows == k
        levels.append(np.average(ratio[of_set], weights=relative[of_set] ** -2))
        off[of_set] = ratio[of_set] / levels[-1] - 1
    jumps = np.array(levels[1:]) * mean_star[1:] / levels[0] - 1
    n_free = len(ratio) / (len(ratio) - len(colour))
    return (np.mean(off**2) * n_free, np.mean((off / relative) ** 2) * n_free, np.mean(jumps**2))


def line(name, colour_scatter, n_sets, n_campaigns):
    """Print one line."""
    found = {False: [], True: []}
    for seed in range(n_campaigns):
        flux, sigma, transparency, rows, colour = campaign(seed, colour_scatter, n_sets)
        for by_set, results in found.items():
            result = solve(flux, sigma, 0, "als", [f"{k:02d}" for k in rows] if by_set else None)
            results.append((*judge(result.coeff, result.coeff_sigma / result.coeff, transparency,
                                   rows, colour), result.is_variable.sum()))
    text = []
    for results in found.values():
        scatter2, pull2, jump2, variable = np.mean(results, axis=0)
        text.append(f"scatter {100 * np.sqrt(scatter2):.3f} pull {np.sqrt(pull2):5.2f} jump "
                    f"{100 * np.sqrt(jump2):.3f} variables {variable:.2f}")
    print(f"{name:30s} common: {text[0]} | per set: {text[1]}", flush=True)


if __name__ == "__main__":
    n_campaigns = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    for percent in (0, 1, 3, 10):
        line(f"colours of {percent} %", percent / 100, 2, n_campaigns)
    for percent in (0, 3):
        line(f"20 sets, colours of {percent} %", percent / 100, 20, n_campaigns)
