"""CPU and memory of a stack, beside sep's background and extraction of one of its frames.

Writes 50 frames of 2048 x 2048 pixels (0.8 GB) into a folder, stacks them three times by each
method, and prints the CPU time per frame over that of ``sep.Background(64)`` and ``sep.extract``
on one of them, the least of each; and the memory that stacking took. Wanted: 0.4 and 150 MB.

Run as: python tests/benchmarks/stack_cost.py FOLDER
"""

import resource
import sys
import time
from pathlib import Path

from cosmouline.files.io_fits import write_image
from cosmouline.images.combine import METHODS, combine, strips
from cosmouline.images.io_stack import row_reader, stack_writer

import numpy as np
import sep

N_IMAGES, SIDE = 50, 2048
N_STARS, COSMIC_PART = 700, 2e-4  # of a field of 7 arcmin, and 800 pixels hit
HOLES_PART = 5e-3  # masked pixels, of which each spoils four of the resampled image


def draw(folder):
    """Write the frames; return their paths and one of them, with a sky."""
    rng = np.random.default_rng(1)
    rows, cols = np.mgrid[-12:13, -12:13]
    star = np.exp(-(rows**2 + cols**2) / (2 * 1.7**2))
    light = np.zeros((SIDE, SIDE), np.float32)
    for x, y in rng.integers(15, SIDE - 15, (N_STARS, 2)):
        light[y - 12:y + 13, x - 12:x + 13] += rng.pareto(1.0) * 200 * star
    paths = [folder / f"{k:02d}.fits" for k in range(N_IMAGES)]
    for path in paths:
        frame = light + rng.normal(0, 20, light.shape).astype(np.float32)
        frame[rng.random(light.shape) < COSMIC_PART] += 3000
        if not path.exists():
            holes = rng.random(light.shape) < HOLES_PART
            write_image(path, np.where(holes, np.float32(np.nan), frame))
    return paths, frame + 400


def stack(paths, out, method):
    """Stack the frames row by row, as `stacking.write` does."""
    readers = [row_reader(path)[1] for path in paths]
    ones = np.ones(len(paths))
    with stack_writer(out, (SIDE, SIDE), {}) as write:
        for rows, cols in strips(len(paths), (SIDE, SIDE)):
            values = np.stack([read(rows, cols) * np.float32(1) for read in readers])
            part = combine(values, 20 * ones, ones, method)
            write(rows, cols, (part.image, part.variance, part.count))


def reference(frame):
    """Do what a frame costs by sep alone."""
    sky = sep.Background(frame, bw=64, bh=64)
    sep.extract(frame - sky.back(), 3 * sky.globalrms)


def cpu_s(work, *arguments):
    start = time.process_time()
    work(*arguments)
    return time.process_time() - start


def main(folder):
    paths, frame = draw(folder)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for method in METHODS:
        times = [(cpu_s(stack, paths, folder / "stack.fits", method) / N_IMAGES,
                  cpu_s(reference, frame)) for _ in range(3)]
        own, other = np.min(times, axis=0)
        print(f"{method}: {own:.3f} s a frame, {own / other:.2f} of sep's {other:.3f} s")
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"memory: {(after - before) / 1024:.0f} MB more than the {before / 1024:.0f} before")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
