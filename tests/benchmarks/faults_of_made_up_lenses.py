"""Spoil the stamps of a quad over a galaxy, and see what the joint fit tells of it.

Run as: python tests/benchmarks/faults_of_made_up_lenses.py [seed ...]

Flat errors: .5 % over 16 px, and 1 % from pixel to pixel, other ones in each epoch. Cosmics: 4 per
stamp, none flagged, from 1 to 50 sigma. Told: pull of the fluxes, constant offset, chi2 of all
pixels and of those where the sources outshine the sky, and the pull when the errors of an epoch
grow by the root of that chi2. Exit status 1 when an offset moves by 1.5 quoted errors.
"""

import argparse
import sys
from dataclasses import replace

from cosmouline.deconv.fit_lens import fit_lens
from cosmouline.deconv.picture import model_images

import numpy as np
from scene_simulator import draw
from scene_statistics import score
from scipy.ndimage import gaussian_filter

N_EPOCHS = 20
SMOOTH_PX, LARGE_SCALE, PIXELS = 16 / 2.355, 0.005, 0.01
LARGEST_MOVE = 1.5  # of an offset, in quoted errors: .5 % in each of 20 epochs is .6 of one
N_COSMICS, FAINTEST_SIGMA, BRIGHTEST_SIGMA = 4, 1.0, 50.0


def with_flat_errors(epochs, rng, large=LARGE_SCALE, pixels=PIXELS):
    """Return the epochs seen through wrong flat fields."""
    shape = epochs.data_e.shape
    smooth = gaussian_filter(rng.standard_normal(shape), (0, SMOOTH_PX, SMOOTH_PX), mode="wrap")
    flat = 1 + large * smooth / smooth.std() + pixels * rng.standard_normal(shape)
    return replace(epochs, data_e=epochs.data_e * flat)


def with_cosmics(epochs, rng):
    """Return the epochs with unflagged cosmics of 1 to 3 pixels in a row, half near the centre."""
    data = epochs.data_e.copy()
    side = data.shape[1]
    for stamp, variance in zip(data, epochs.sky_variance_e2, strict=True):
        for number in range(N_COSMICS):
            reach = 10 if number % 2 else side // 2 - 3
            x, y = rng.integers(-reach, reach, 2) + side // 2
            size = np.exp(rng.uniform(np.log(FAINTEST_SIGMA), np.log(BRIGHTEST_SIGMA)))
            stamp[y, x : x + rng.integers(1, 4)] += size * np.sqrt(variance[y, x])
    return replace(epochs, data_e=data)


def core_chi2(fit, epochs):
    """Return chi2 per pixel of each epoch where the sources give more noise than the sky."""
    points, extended, sky = model_images(fit, epochs)
    model = (points + extended + sky[:, None, None]) / epochs.coeff[:, None, None]
    residual = epochs.data_e - model
    core = fit.good & (fit.variance_e2 > 2 * epochs.sky_variance_e2)
    squares = np.where(core, residual**2 / fit.variance_e2, 0)
    return squares.sum((1, 2)) / core.sum((1, 2))


def texts(*rows):
    """Return rows of numbers as texts."""
    return [" ".join(f"{value:.2f}" for value in row) for row in rows]


def spoil_and_fit(seed):
    """Tell what each fault does; return the largest move of an offset, in quoted errors."""
    drawn, rng = draw("yard", N_EPOCHS, seed=seed), np.random.default_rng(seed)
    plain = drawn.epochs
    cases = {"none": plain, "flat .5 %, 1 %": with_flat_errors(plain, rng),
             "flat .5 %": with_flat_errors(plain, rng, pixels=0.0),
             "cosmics": with_cosmics(plain, rng)}
    offsets = []
    for name, epochs in cases.items():
        fit = fit_lens(epochs, drawn.start_px)
        found, chi2 = score(drawn, fit), core_chi2(fit, epochs)
        offsets.append(found.bias / found.systematic)
        scaled = score(drawn, fit, scale=np.sqrt(np.maximum(1, chi2))[:, None]).pull_total
        bias, systematic, pull, scaled = texts(
            found.bias, found.systematic, found.pull_total, scaled)
        print(f"| {name} ({seed}) | {bias} | {systematic} | {pull} | {found.chi2:.3f} | "
              f"{chi2.mean():.3f} | {scaled} | {fit.n_masked.sum()} |", flush=True)
    return np.abs(np.array(offsets) - offsets[0]).max()


def main():
    """Spoil, fit, tell."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("seeds", type=int, nargs="*", default=[11])
    print("| fault | bias % | systematic % | pull | chi2 | of cores | scaled pull | masked |")
    print("|---|---|---|---|---|---|---|---|")
    moved = [spoil_and_fit(seed) for seed in parser.parse_args().seeds]
    return int(max(moved) > LARGEST_MOVE)


if __name__ == "__main__":
    sys.exit(main())
