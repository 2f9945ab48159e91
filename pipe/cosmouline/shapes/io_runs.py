"""The runs of the scripts of a route, from their log files."""

import re
from datetime import datetime
from typing import NamedTuple

from cosmouline.errors import UserError, did_you_mean
from cosmouline.files.io_text import read_lines

LINE = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),\d+ (\w+) (.*)")
DONE = re.compile(r": done in ([\d.]+) s, CPU ([\d.]+) s")
FAILED = re.compile(r"(\d+) (failed|died|timeout)\b")
OK, RUNNING, STOPPED = "ok", "running", "stopped"  # and "failed N", "failed"
MODULES = {  # of ShapePipe, and the script of fac_shapes that does the same
    "split_exp_runner": "1a_split_exposures", "merge_headers_runner": "1b_merge_headers",
    "mask_runner": "2b_masks", "sextractor_runner": "3a_detect_exposures",
    "setools_runner": "3b_select_stars", "psfex_runner": "3c_psf_model",
    "psfex_interp_runner": "3d_psf_validate", "psfexinterp_runner": "3d_psf_validate",
    "sextractor_runner_run_2": "4a_detect_tiles", "psfex_interp_runner_run_2": "4b_psf_multiepoch",
    "vignetmaker_runner": "5a_vignets", "vignetmaker_runner2": "5a_vignets",
    "spread_model_runner": "5b_spread_model", "ngmix_runner": "6_shapes",
    "make_cat_runner": "7a_make_catalogue", "make_catalog_runner": "7a_make_catalogue",
    "random_cat_runner": "7c_random_points"}


class Run(NamedTuple):
    """One run of one script."""

    name: str  # of its log file, without ".log"
    script: str
    started: str
    state: str  # ok, running, stopped (no last line), failed, failed N (of its images)
    wall_s: float  # NaN without a last line
    cpu_s: float
    message: str  # the error


def read_runs(folder, route, is_at_work=False):
    """Return the `Run` of every log file of a route, the oldest first.

    Parameters
    ----------
    folder : Path
        Of the log files.
    route : str
        Folder of the scripts, such as fac_shapes.
    is_at_work : bool
        Whether a script holds the database: then the newest log without a last line is running.
    """
    found = []
    for path in sorted(folder.glob(f"*_{route}-*.log")):
        lines = [match.groups() for line in read_lines(path) if (match := LINE.match(line))]
        script = path.stem.partition(f"_{route}-")[2]
        state, wall_s, cpu_s, message = STOPPED, float("nan"), float("nan"), ""
        for _, level, text in lines:
            if match := DONE.search(text):
                wall_s, cpu_s = map(float, match.groups())
                state = OK if state == STOPPED else state
            elif (n_failed := sum(int(n) for n, _ in FAILED.findall(text))) and level == "INFO":
                state = f"failed {n_failed}"
            elif level == "ERROR" and text.startswith(f"{route}/{script}: "):
                state, message = "failed", text.partition(": ")[2]
        started = lines[0][0] if lines else str(datetime.fromtimestamp(path.stat().st_mtime))[:19]
        found.append(Run(path.stem, script, started, state, wall_s, cpu_s, message))
    found.sort(key=lambda run: run.name[:15])
    if is_at_work and found and found[-1].state == STOPPED:
        found[-1] = found[-1]._replace(state=RUNNING)
    return found


def script_of(word, scripts):
    """Return the script that a word names: its beginning, or a module of ShapePipe.

    Raises UserError if there is none.
    """
    begin = MODULES.get(word.lower(), word)
    found = next((script for script in scripts if begin and script.startswith(begin)), None)
    if found is None:
        raise UserError(f"'{word}' is no script or module."
                        f"{did_you_mean(word, [*scripts, *MODULES])}")
    return found


def chosen(runs, wanted):
    """Return the runs that ``last:MODULE``, ``all:MODULE`` or ``PATTERN:MODULE`` names.

    MODULE is a script, or its beginning, or a module of ShapePipe. ``last:`` and ``all:`` name
    runs that came to their end (`OK`), the newest first; PATTERN stands in the name of the one run
    that is meant.

    Raises
    ------
    UserError
        If no run fits, or a PATTERN fits several.
    """
    word, colon, module = wanted.partition(":")
    if not colon:
        word, module = "last", wanted
    script = script_of(module, [run.script for run in runs])
    those = [run for run in reversed(runs) if run.script == script]
    fitting = [run for run in those
               if (run.state == OK if word in ("last", "all") else word in run.name)]
    if not fitting:
        raise UserError(f"{wanted}: {len(those)} runs, the last {those[0].state}; none "
                        + ("came to its end." if word in ("last", "all") else f"has '{word}'."))
    if word not in ("last", "all") and len(fitting) > 1:
        raise UserError(f"{wanted}: {len(fitting)} runs fit: "
                        f"{', '.join(run.name for run in fitting[:3])}. Say more of the name.")
    return fitting if word == "all" else fitting[:1]
