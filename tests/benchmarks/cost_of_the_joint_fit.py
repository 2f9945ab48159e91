"""CPU time and memory of the joint fit against epochs, images, size of the stamps, and nodes.

Run as: python tests/benchmarks/cost_of_the_joint_fit.py [results.jsonl]

Each case runs in a process of its own: a quad over a galaxy, 20 epochs of 64 x 64 pixels, with one
thing changed (5 CPU minutes). Beyond 40 epochs the stamps are used again. Exit status 1 unless
100 epochs cost at most 40 CPU s and .8 GB.
"""

import argparse
import json
import os
import subprocess
import sys
from dataclasses import replace

from cosmouline.deconv.fit_lens import fit_lens
from cosmouline.deconv.options import FitOptions

import numpy as np
from scene_simulator import draw_scene, reference_scene
from scene_statistics import peak_memory_gb, timed

CASES = [{}, *({"epochs": n} for n in (50, 100, 200, 400)), *({"images": n} for n in (2, 8)),
         *({"side": n} for n in (32, 48, 96)), *({"step": s} for s in (0.5, 0.4, 0.22))]
MOST_DRAWN = 40
CPU_S_OF_100, MEMORY_GB = 40.0, 0.8


def scene_of(n_images):
    """Return the quad with fewer images, or with more on a wider ring."""
    scene = reference_scene("yard")
    angle = 2 * np.pi * np.arange(4) / 4 + 0.4
    ring = 8.0 * np.stack([np.cos(angle), np.sin(angle)], 1)
    return replace(scene, flux=np.concatenate([scene.flux, scene.flux])[:n_images],
                   position_px=np.concatenate([scene.position_px, ring])[:n_images])


def measure(epochs=20, images=4, side=64, step=0.3):
    """Return the line of a case."""
    drawn = draw_scene(scene_of(images), min(epochs, MOST_DRAWN), seed=1, side=side)
    stamps = drawn.epochs.take(np.resize(np.arange(len(drawn.epochs)), epochs))
    options = FitOptions(node_step_fwhm=step)
    before_gb = peak_memory_gb()
    fit, cpu_s = timed(fit_lens, stamps, drawn.start_px, options)
    return {"epochs": epochs, "images": images, "side": side, "step": step,
            "nodes": len(fit.nodes_px), "iterations": fit.n_iterations, "cpu_s": round(cpu_s, 1),
            "memory_gb": round(peak_memory_gb(), 2), "before_gb": round(before_gb, 2)}


def run(case):
    """Return the line of a case from a process of its own."""
    command = [sys.executable, __file__, "--case", json.dumps(case)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ)
    return json.loads(done.stdout)


def main():
    """Run all, tell all."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("results", nargs="?", default=os.devnull)
    parser.add_argument("--case", help="one case, as JSON")
    arguments = parser.parse_args()
    if arguments.case:
        print(json.dumps(measure(**json.loads(arguments.case))))
        return 0
    met = True
    print("| epochs | images | side px | nodes | iterations | CPU s | peak GB |\n|" + "---|" * 7)
    for case in CASES:
        line = run(case)
        with open(arguments.results, "a") as stream:
            print(json.dumps(line), file=stream)
        names = ("epochs", "images", "side", "nodes", "iterations", "cpu_s", "memory_gb")
        print(f"| {' | '.join(str(line[name]) for name in names)} |", flush=True)
        if case == {"epochs": 100}:
            met = line["cpu_s"] <= CPU_S_OF_100 and line["memory_gb"] <= MEMORY_GB
    return int(not met)


if __name__ == "__main__":
    sys.exit(main())
