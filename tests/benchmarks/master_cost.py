"""CPU and memory of a master bias of 20 frames of 4k, against background and detection on one.

Run as  : python tests/benchmarks/master_cost.py FOLDER [--side 4096] [--frames 20]

REF is the CPU of sep.Background(64) and sep.extract on one frame (design: at most 1 REF for each
frame, 300 MB in all). The frames are uint16 with an overscan of 32 columns.
"""

import argparse
import os
import resource
import time
from pathlib import Path

from cosmouline.frames.raw.camera import RawCamera
from cosmouline.frames.raw.mosaic import read_detector
from cosmouline.images.calibration.io_master import put_aside, rows_of
from cosmouline.images.calibration.masters import combined
from cosmouline.images.io_stack import stack_writer

import numpy as np
import sep
from astropy.io import fits


def cpu_s():
    """Return the CPU seconds of this process."""
    return sum(os.times()[:2])


def draw(folder, side, n_frames):
    """Write frames of a bias with its noise, and one of the sky; return the paths."""
    rng = np.random.default_rng(1)
    one = rng.normal(1000, 3, (side, side + 32)).astype(np.float32)
    paths = []
    for number in range(n_frames):
        frame = np.roll(one, (number * 37, number * 11), (0, 1)).astype(np.uint16)
        hdu = fits.PrimaryHDU(frame)
        hdu.header.update({"DATASEC": f"[1:{side},1:{side}]",
                           "BIASSEC": f"[{side + 1}:{side + 32},1:{side}]"})
        paths.append(folder / f"bias_{number:02d}.fits")
        hdu.writeto(paths[-1], overwrite=True)
    sky = rng.normal(300, 18, (side, side)).astype(np.float32)
    y, x = np.indices((9, 9)) - 4
    star = np.exp(-(x**2 + y**2) / 6.0)
    for top, left in rng.integers(0, side - 9, (3000, 2)):
        sky[top:top + 9, left:left + 9] += 3000 * rng.random() * star
    return paths, sky


def main():
    """Measure REF, then the master."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--side", type=int, default=4096)
    parser.add_argument("--frames", type=int, default=20)
    options = parser.parse_args()
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    child = os.fork()  # so that the memory of what draws is not counted
    if child == 0:
        paths, sky = draw(folder, options.side, options.frames)
        times = []
        for _ in range(3):
            start = cpu_s()
            back = sep.Background(sky, bw=64, bh=64)
            sep.extract(sky - back.back(), 3 * back.globalrms)
            times.append(cpu_s() - start)
        (folder / "ref.txt").write_text(str(min(times)))
        os._exit(0)
    os.waitpid(child, 0)
    ref_s, shape = float((folder / "ref.txt").read_text()), (options.side, options.side)
    paths = sorted(folder.glob("bias_*.fits"))[:options.frames]
    start, wall = cpu_s(), time.perf_counter()
    readers = []
    for number, path in enumerate(paths):
        raw = read_detector(path, "", RawCamera(), 65000.0)
        put_aside(folder / f"{number}.raw", raw.data_adu)
        readers.append(rows_of(folder / f"{number}.raw", shape))
    prepared = cpu_s() - start
    with stack_writer(folder / "master.fits", shape, {"BUNIT": "adu"}) as write:
        combined(readers, shape, np.full(len(paths), 3.0), np.zeros(len(paths)), write)
    total = cpu_s() - start
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"REF {ref_s:.3f} s; {len(paths)} frames of {options.side}: CPU {total:.2f} s = "
          f"{total / len(paths) / ref_s:.2f} REF each ({prepared / len(paths) / ref_s:.2f} to "
          f"read and prepare); peak {memory_mb:.0f} MB; {time.perf_counter() - wall:.0f} s in all")


if __name__ == "__main__":
    main()
