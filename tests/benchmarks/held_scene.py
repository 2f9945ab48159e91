"""New epochs under a held scene, and a fit that goes on with all, against a fit from scratch.

Run as: python tests/benchmarks/held_scene.py [CASE ..]

A CASE is scene:epochs:new:seed, as yard:60:2:1; stamps of 48 x 48 pixels. Told are CPU seconds;
how far the scene has moved the old points (in their errors, the largest), from which on all would
be fitted again; and the largest differences from a fit from scratch: of the fluxes, in their
errors, and of the random and the systematic errors, in per cent.
"""

import sys

from cosmouline.deconv.fit_lens import fit_lens
from cosmouline.deconv.held import add_epochs as held_scene

import numpy as np
from scene_simulator import draw_scene, reference_scene
from scene_statistics import timed

CASES = [f"{scene}:{n}:2:{seed}" for scene, n, seeds in (
    ("yard", 20, (1, 2)), ("yard", 60, (1, 2, 3)), ("h4", 60, (1, 2)), ("nogal", 60, (1, 2)),
    ("double", 60, (1, 2)), ("arcs", 60, (1, 2))) for seed in seeds]
COLUMNS = ("case", "how", "CPU s", "moved", "fluxes", "random %", "systematic %")


def lines(case):
    """Yield the lines of a case."""
    scene, n_old, n_new, seed = case.split(":")
    n_old, n_new = int(n_old), int(n_new)
    drawn = draw_scene(reference_scene(scene), n_old + n_new, seed=int(seed), side=48)
    epochs, start_px = drawn.epochs, drawn.start_px
    old, _ = timed(fit_lens, epochs.take(np.arange(n_old)), start_px)
    log = []
    fits = {"held": timed(held_scene.add_epochs, epochs, start_px, old, log.append),
            "goes on": timed(fit_lens, epochs, start_px, None, None, old),
            "scratch": timed(fit_lens, epochs, start_px)}
    scratch, _ = fits["scratch"]
    moved = next(one["moved_sigma"] for one in log if one["stage"] == "held scene")
    for how, (fit, cpu_s) in fits.items():
        yield (case, how, f"{cpu_s:.2f}", f"{moved:.2f}" if how == "held" else "", *(
            f"{value:.3f}" for value in (
                np.nanmax(np.abs(fit.flux - scratch.flux) / scratch.flux_sigma),
                100 * np.nanmax(np.abs(fit.flux_sigma / scratch.flux_sigma - 1)),
                100 * np.abs(fit.flux_systematic / scratch.flux_systematic - 1).max())))


def main(cases):
    """Fit, tell a table."""
    held_scene.MOST_MOVED = np.inf  # however far the scene moves
    print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}")
    for case in cases or CASES:
        for line in lines(case):
            print(f"| {' | '.join(line)} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
