"""Start the numbered scripts, each in a process of its own, without loading libraries again."""

import contextlib
import functools
import gc
import importlib
import logging
import multiprocessing
import runpy
import signal
import sys
import time

from cosmouline import load_libraries
from cosmouline.database import fields
from cosmouline.database.script_header import listed_scripts, read_header, script_path
from cosmouline.database.settings import load_settings
from cosmouline.engine.processes import (
    check_python_starts,
    end_with_parent,
    start_method,
    stop_on_signals,
)
from cosmouline.errors import EXIT_IMAGES_FAILED, EXIT_USER_ERROR, UserError

log = logging.getLogger("cosmouline")

INTERRUPTED = 128  # exit statuses above it: 128 and the number of the signal

# Together they load what most scripts need, but never jax
PICTURES = "cosmouline.pages.drawing"
WARM = ("cosmouline.stamps.db_cut", "cosmouline.deconv.db_fit", "cosmouline.frames.ephemeris",
        "cosmouline.psf.db_build", "cosmouline.run", PICTURES)


def start(path, arguments):
    """Start a script as ``python path arguments`` does; return its process.

    The ``exitcode`` of the process is the exit status of the script; negative after a signal.
    """
    method = start_method()
    if method == "fork":
        _load("--no-pictures" not in arguments)
    else:
        check_python_starts()
    process = multiprocessing.get_context(method).Process(
        target=_run_as_main, args=(str(path), arguments))
    process.start()
    return process


@functools.cache
def _load(with_pictures):
    """Load and read once what most scripts need: a copy of this process has it."""
    for name in WARM:
        if with_pictures or name != PICTURES:
            importlib.import_module(name)
    load_libraries()
    for script in listed_scripts():
        header = read_header(script)
        for pattern in (*header.needs, *header.writes):
            fields.lookup(pattern)
    gc.collect()
    gc.freeze()  # else the copies' collections touch, and so copy, all of their memory


def _run_as_main(path, arguments):
    """Run a script as ``__main__``; stop it, as on SIGTERM, if its parent process has ended."""
    end_with_parent(signal.SIGTERM)
    sys.argv = [path, *arguments]
    try:
        runpy.run_path(path, run_name="__main__")
    except KeyboardInterrupt as stop:  # before the script itself listens
        sys.exit(stop.status)


def without_pictures(scripts):
    """Return scripts without those that only draw."""
    drawing = listed_scripts("PICTURES")
    return [script for script in scripts if script not in drawing]


def run_script(script, config_dir, extra):
    """Run one script in a process of its own; return its exit status."""
    log.info("--- %s", script)
    process = start(script_path(script), [str(config_dir), *extra])
    try:
        process.join()
        return process.exitcode
    except KeyboardInterrupt as stop:
        process.terminate()  # Ctrl-C in a terminal reaches both, a `kill` only this process
        process.join()
        return stop.status


def run_stretch(scripts, config_dir, extra, keep_going):
    """Run scripts one after the other; return 0, or the exit status of the one that stopped it.

    The options `extra` are given to all of them. With `keep_going` a script in which single images
    failed does not stop the others.
    """
    stop_on_signals()
    try:
        settings, cluster = load_settings(config_dir), contextlib.nullcontext()
        if settings.engine == "dask":  # one cluster for all scripts; loaded for clusters alone
            from cosmouline.engine.cluster import connection

            cluster = connection.kept(settings)
        with cluster:
            started = time.perf_counter()
            for script in scripts:
                code = run_script(script, config_dir, extra)
                if code and not (keep_going and code == EXIT_IMAGES_FAILED):
                    log.error("stopped at %s (%s). %s on with --from %s", script,
                              *("interrupted", "Go") if code > INTERRUPTED
                              else (f"exit status {code}", "Correct the problem above, then go"),
                              script)
                    return code
            log.info("%d scripts done in %.0f s", len(scripts), time.perf_counter() - started)
            return 0
    except UserError as problem:
        log.error("%s", problem)
        return EXIT_USER_ERROR
    except KeyboardInterrupt as stop:  # between two scripts
        return stop.status
