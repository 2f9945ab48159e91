"""CPU seconds, files and bytes per image of every step, against the number of images.

Run as: python tests/benchmarks/steps_at_scale.py frames 100 OUT [options of run_all.py]
        python tests/benchmarks/steps_at_scale.py rows 10000 OUT CONFIG

``frames`` draws small frames (180 x 160 pixels, 13 stars, a double quasar) and reduces them from
the start. ``rows`` takes a finished reduction, repeats the rows of its database under new names
and dates, and runs the scripts whose work is on rows alone: what a campaign costs where pixels do
not count. OUT is made anew. The CPU
seconds are those that every script tells at its end, workers included, without the libraries that
run_all.py loads for all.
"""

import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from cosmouline.database import paths
from cosmouline.database.database import Database
from cosmouline.database.json_store import Store
from cosmouline.database.script_header import listed_scripts
from cosmouline.database.settings import load_settings
from cosmouline.dates import mjd_to_iso
from cosmouline.skymaker.campaigns import tiny_campaign
from cosmouline.skymaker.io_campaign import draw_campaign

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = """
lens_name = "TINY"
lens_ra_deg, lens_dec_deg = {ra}, {dec}
work_dir = {work!r}
sets = [{{"name": "R", "telescope": "generic", "raw_dir": {raw!r}}}]
point_sources = {{"A": (0.65, 0.30), "B": (-0.62, -0.35)}}
extended_light = "none"
n_norm_stars = 8
"""
ON_ROWS = (
    "1_character/2b_report", "1_character/1c_report", "1_character/3c_report",
    "1_character/4b_report", "3_align/1c_report", "3_align/2b_report", "3_align/3_update_flags",
    "4_norm/3a_medcoeff", "4_norm/3b_report", "4_norm/3c_plot_stars", "4_norm/5_histograms",
    "8_renorm/1a_renormalize",
    "8_renorm/1b_report", "8_renorm/2_plot_star_curves", "7_deconv/1_prepare",
    "7_deconv/7_check_plots", "7_deconv/8_inspect_flux", "9_quicklook/1_quicklook",
    "9_export/export",
    "lcmanip/1_join", "lcmanip/2_plot", "8_lookback/1_build_pages",
)
TOLD = re.compile(r"^(\S+): done in ([\d.]+) s, CPU ([\d.]+) s", re.MULTILINE)


def told(text):
    """Yield script, wall and CPU seconds of every script that has come to its end."""
    for script, wall_s, cpu_s in TOLD.findall(text):
        yield script, float(wall_s), float(cpu_s)


def of_frames(n, out, *options):
    """Draw and reduce; return CPU seconds by script, and the work folder."""
    campaign = tiny_campaign(n, seed=1)
    draw_campaign(campaign, out / "sky")
    (out / "config").mkdir(parents=True)
    raw = out / "sky" / "frames" / campaign.telescopes[0].name
    (out / "config" / "settings.py").write_text(SETTINGS.format(
        ra=campaign.ra_deg, dec=campaign.dec_deg, work=str(out / "work"), raw=str(raw)))
    done = subprocess.run([sys.executable, ROOT / "pipe" / "run_all.py", out / "config",
                           "--keep-going", *options], text=True, stdout=subprocess.PIPE)
    (out / "log.txt").write_text(done.stdout)
    return {script: cpu_s for script, _, cpu_s in told(done.stdout)}, out / "work"


def repeated(rows, n):
    """Return so many rows: those given over and over, on later and later nights."""
    rows, found = list(rows.values()), {}
    length = 5 + max(row["mjd"] for row in rows) - min(row["mjd"] for row in rows)
    for k in range(n):
        later, old = k // len(rows) * length, rows[k % len(rows)]
        name = old["img_name"] if k < len(rows) else f"{old['img_name']}_{k:06d}"
        times = {field: old[field] + later for field in ("mjd", "mhjd") if field in old}
        when = {"datetime_utc": mjd_to_iso(times["mjd"], "seconds")}
        found[name] = old | times | when | {"img_name": name}
    return found


def of_rows(n, out, config):
    """Repeat rows and run what works on rows; yield script, CPU seconds and what it said."""
    settings = load_settings(config)
    shutil.copytree(config, out / "config")
    with (out / "config" / "settings.py").open("a") as stream:
        stream.write(f"\nwork_dir = {str(out / 'work')!r}\n")
    skip = shutil.ignore_patterns("logs", "backups", "*_png", "objects", "psf_*")
    shutil.copytree(settings.work_dir, out / "work", ignore=skip)
    db = Database(paths.database(settings))
    Store(out / "work" / "database.json").save(repeated(db.rows, n), db.runs)
    db.close()
    kept = shutil.copy(out / "work" / "database.json", out / "kept.json")
    for script in ON_ROWS:
        process = [sys.executable, "-c", "import sys; from cosmouline.engine import launch; "
                   "sys.exit(launch.run_script(*sys.argv[1:3], []))", script, str(out / "config")]
        done = subprocess.run(process, text=True, capture_output=True)
        found = list(told(done.stdout))
        yield script, found[0][2] if found else None, (done.stdout.splitlines() or [""])[-1]
        shutil.copy(kept, out / "work" / "database.json")


def folders(work):
    """Return files and bytes by the first part of their paths."""
    n_files, n_bytes = Counter(), Counter()
    for path in work.rglob("*"):
        if path.is_file():
            first = path.relative_to(work).parts[0]
            n_files[first] += 1
            n_bytes[first] += path.stat().st_size
    return n_files, n_bytes


def main(what, n, out, *rest):
    """Run, and tell a table."""
    n, out = int(n), Path(out).resolve()
    shutil.rmtree(out, ignore_errors=True)
    if what == "rows":
        for script, cpu_s, last in of_rows(n, out, Path(rest[0]).resolve()):
            print(f"{script:30} {last}" if cpu_s is None else
                  f"{script:30} {cpu_s:8.2f} s {1000 * cpu_s / n:8.3f} ms per image", flush=True)
        return
    costs, work = of_frames(n, out, *rest)
    for script in (name for name in listed_scripts() if name in costs):
        print(f"{script:30} {costs[script]:8.2f} s {1000 * costs[script] / n:8.1f} ms per image")
    print(f"{'all':30} {sum(costs.values()):8.2f} s {1000 * sum(costs.values()) / n:8.1f} ms")
    n_files, n_bytes = folders(work)
    for folder, number in sorted(n_files.items(), key=lambda pair: -n_bytes[pair[0]]):
        size_kb = n_bytes[folder] / n / 1000
        print(f"{folder:30} {number / n:8.3f} files {size_kb:8.1f} kB per image")


if __name__ == "__main__":
    main(*sys.argv[1:])
