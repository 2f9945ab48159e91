"""What two new frames cost a finished reduction, and what a run with nothing new does.

Run as: python tests/benchmarks/two_new_frames.py FRAMES OUT

The demo's campaign with FRAMES + 2 frames is drawn into OUT, which is made anew; all but the last
two are reduced without pictures, then these are added, then nothing. CPU seconds of each (user and
system, with starting the scripts), of the update by script, and how far the old points moved.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DONE = re.compile(r"^(\S+): done in .* CPU (\S+) s", re.MULTILINE)
LEAST_S = 0.05  # of a script that has a line of its own
SETTINGS = """
lens_name = "DEMO"
lens_ra_deg, lens_dec_deg = 69.5619, -12.2874
work_dir = {work!r}
sets = [{{"name": "R", "telescope": "generic", "raw_dir": {raw!r}}}]
point_sources = {{"A": (1.0, 0.5), "B": (-0.3, 1.0), "C": (-1.1, 0.0), "D": (0.2, -0.9)}}
"""


def timed(*command):
    """Run a script; return its CPU seconds, with those of its own processes, and what it wrote."""
    before = os.times()
    done = subprocess.run([sys.executable, *map(str, command)], cwd=ROOT, text=True, check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    after = os.times()
    spent = (after.children_user - before.children_user
             + after.children_system - before.children_system)
    return spent, done.stdout


def main(n_frames, out):
    """Draw, reduce, add, tell."""
    out = Path(out).resolve()
    shutil.rmtree(out, ignore_errors=True)
    for name in ("config", "raw"):
        (out / name).mkdir(parents=True)
    timed("skymaker/1_draw_campaign.py", "demo", "--frames", int(n_frames) + 2, "--out",
          out / "sky")
    (out / "config" / "settings.py").write_text(SETTINGS.format(work=str(out / "work"),
                                                                raw=str(out / "raw")))
    frames = sorted((out / "sky" / "frames").glob("*/*.fits"))
    update = "pipe/all_update/1_update.py", out / "config", "--no-pictures"
    for frame in frames[:-2]:
        os.link(frame, out / "raw" / frame.name)
    cpu_s, _ = timed("pipe/run_all.py", out / "config", "--no-pictures", "--keep-going")
    print(f"{n_frames} frames: {cpu_s:.1f} CPU s", flush=True)
    for frame in frames[-2:]:
        os.link(frame, out / "raw" / frame.name)
    cpu_s, text = timed(*update)
    print(f"2 more: {cpu_s:.1f} CPU s")
    steps = sorted(((float(cpu), name) for name, cpu in DONE.findall(text)), reverse=True)
    for cpu, name in steps:
        if cpu > LEAST_S:
            print(f"  {name:32} {cpu:6.2f}")
    rest = sum(cpu for cpu, _ in steps if cpu <= LEAST_S)
    print(f"  {'the other scripts':32} {rest:6.2f}\n  {'starting them all':32} "
          f"{cpu_s - sum(cpu for cpu, _ in steps):6.2f}")
    print("\n".join(text[text.find("How far the points"):].splitlines()[:8]))
    cpu_s, _ = timed(*update)
    print(f"nothing new: {cpu_s:.2f} CPU s")


if __name__ == "__main__":
    main(*sys.argv[1:])
