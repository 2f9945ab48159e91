"""How much faster two local workers are than one, on the steps per image of the demo.

Run as: python tests/benchmarks/two_workers.py CONFIG OUT [repetitions, default 3] [script ...]

CONFIG is the demo after `make demo`. Its work folder is copied to OUT; the scripts that treat
images one by one (or those named) are run on it with --redo, with --cpus 1 and --cpus 2 in turn,
on CPUs 0 and 1 alone. Told for each script, the best of all repetitions: wall times and their
ratio, CPU seconds with one worker, those of the script itself and of its workers with two. Where
others use the machine (more than a few % of "waiting"), wall times mean nothing; then the CPU
seconds tell the ratio on an idle one: at least one / (script + workers / 2), if the script works
only while its workers rest, and at most one / (script + workers) x 2. Exit status 1 if all steps
together are less than 1.7 times faster, by wall on an idle machine, by "at least" on a busy one.
"""

import importlib
import io
import multiprocessing
import os
import shutil
import sys
import time
from pathlib import Path
from typing import NamedTuple

from cosmouline.database.script_header import script_path
from cosmouline.database.settings import load_settings
from cosmouline.engine import launch

ASKED, BUSY = 1.7, 0.1
PER_IMAGE = (
    "1_character/1b_copy_convert", "1_character/3a_detect",
    "1_character/3b_measure_seeing", "1_character/4a_sky_stats", "2_skysub/1_skysub",
    "2_skysub/2_sky_pngs", "3_align/1b_identify_stars", "4_norm/1a_image_stats",
    "4_norm/2a_photometry", "5_psf/2a_extract", "5_psf/3_find_cosmics", "5_psf/4_build_psf",
    "5_psf/5_png_check", "6_extract/1_extract_objects", "6_extract/2_find_cosmics",
    "6_extract/3_png_check", "7_deconv/0_star_photometry", "7_deconv/5a_png_check",
)


class Cost(NamedTuple):
    """Seconds of a run: wall, CPU of the script, CPU of its workers, tasks waiting for a CPU."""

    wall_s: float
    own_s: float
    workers_s: float
    waiting_s: float


def copied(config, out):
    """Copy configuration and work folder; return the folder of the new configuration."""
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(config, out / "config")
    shutil.copytree(load_settings(config).work_dir, out / "work")
    with (out / "config" / "settings.py").open("a") as stream:
        stream.write(f"\nwork_dir = {str(out / 'work')!r}\n")
    return out / "config"


def waited_s():
    """Return how long tasks of the machine have waited for a CPU; 0 where nobody counts."""
    try:
        return float(Path("/proc/pressure/cpu").read_text().split("total=")[1].split()[0]) / 1e6
    except (OSError, IndexError):
        return 0.0


def _timed(path, arguments, pipe):
    """Be the script, and tell its CPU seconds."""
    before = os.times()
    sys.stdout = io.StringIO()
    try:
        launch._run_as_main(path, arguments)
    finally:
        now = os.times()
        pipe.send((now.user + now.system - before.user - before.system,
                   now.children_user + now.children_system))


def run(script, config, n):
    """Run a script with n workers; return its `Cost`."""
    here, there = multiprocessing.Pipe(duplex=False)
    arguments = [str(config), "--redo", "--cpus", str(n)]
    process = multiprocessing.get_context("fork").Process(
        target=_timed, args=(str(script_path(script)), arguments, there))
    waited, start = waited_s(), time.perf_counter()
    process.start()
    own_s, workers_s = here.recv()
    process.join()
    if process.exitcode:
        sys.exit(f"{script} ended with {process.exitcode}")
    return Cost(time.perf_counter() - start, own_s, workers_s, waited_s() - waited)


def best(costs):
    """Return the least of each."""
    return Cost(*map(min, zip(*costs, strict=True)))


def joined(costs):
    """Return the sum of each."""
    return Cost(*map(sum, zip(*costs, strict=True)))


def ratios(one, two):
    """Return the ratio of the wall times, and its bounds by the CPU seconds."""
    cpu_s = one.own_s + one.workers_s
    return (one.wall_s / two.wall_s, cpu_s / (two.own_s + two.workers_s / 2),
            2 * cpu_s / (two.own_s + two.workers_s))


def line(name, one, two):
    """Return the line of a script, or of all."""
    wall, least, most = ratios(one, two)
    return (f"| {name} | {one.wall_s:.2f} | {two.wall_s:.2f} | {wall:.2f} | "
            f"{one.own_s + one.workers_s:.2f} | {two.own_s:.2f} + {two.workers_s:.2f} | "
            f"{least:.2f}-{most:.2f} |")


def main(config, out, n_times=3, *scripts):
    """Copy, run, tell."""
    os.sched_setaffinity(0, {0, 1})
    config = copied(Path(config).resolve(), Path(out).resolve())
    for name in launch.WARM:
        importlib.import_module(name)
    print("| script | 1: s | 2: s | ratio | 1: CPU s | 2: script + workers | by CPU |\n"
          + "|---" * 7 + "|")
    alone, both = [], []
    for script in scripts or PER_IMAGE:
        runs = [(run(script, config, 1), run(script, config, 2)) for _ in range(int(n_times))]
        alone.append(best([one for one, _ in runs]))
        both.append(best([two for _, two in runs]))
        print(line(script, alone[-1], both[-1]), flush=True)
    one, two = joined(alone), joined(both)
    is_busy = one.waiting_s > BUSY * one.wall_s
    print(line("all", one, two) + f"\nwaiting {100 * one.waiting_s / one.wall_s:.0f} % of the time"
          " with one worker")
    return int(ratios(one, two)[is_busy] < ASKED)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
