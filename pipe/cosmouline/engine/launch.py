"""Start the numbered scripts, each in a process of its own, without loading the libraries anew."""

import contextlib
import importlib
import logging
import multiprocessing
import runpy
import signal
import sys
import time

from cosmouline.database.script_header import ROOT, script_path
from cosmouline.database.settings import load_settings
from cosmouline.engine.processes import end_with_parent, start_method, stop_on_signals
from cosmouline.errors import EXIT_IMAGES_FAILED, EXIT_USER_ERROR, UserError

log = logging.getLogger("cosmouline")

INTERRUPTED = 128  # exit statuses above it: 128 and the number of the signal

# Between them they load what most scripts need, but never jax
WARM = ("cosmouline.stamps.db_cut", "cosmouline.deconv.db_fit", "cosmouline.pages.drawing",
        "cosmouline.frames.ephemeris", "cosmouline.psf.db_build")


def start(path, arguments):
    """Start a script as ``python path arguments`` does; return its process.

    Parameters
    ----------
    path : Path
    arguments : list of str

    Returns
    -------
    multiprocessing.Process
        Its ``exitcode`` is the exit status of the script; negative after a signal.
    """
    method = start_method()
    if method == "fork":
        for name in WARM:
            importlib.import_module(name)
    process = multiprocessing.get_context(method).Process(
        target=_run_as_main, args=(str(path), arguments))
    process.start()
    return process


def _run_as_main(path, arguments):
    """Be the script; stop, as on SIGTERM, where the process that started it is gone."""
    end_with_parent(signal.SIGTERM)
    sys.argv = [path, *arguments]
    try:
        runpy.run_path(path, run_name="__main__")
    except KeyboardInterrupt as stop:  # before the script itself listens
        sys.exit(stop.status)


def order(name="QUASAR"):
    """Return a tuple of scripts that ``pipe/order.py`` defines."""
    return runpy.run_path(str(ROOT / "pipe" / "order.py"))[name]


def without_pictures(scripts):
    """Return scripts without those that only draw."""
    drawing = order("PICTURES")
    return [script for script in scripts if script not in drawing]


def run_script(script, config_dir, extra):
    """Run one script in a process of its own; return its exit status."""
    log.info("--- %s", script)
    process = start(script_path(script), [str(config_dir), *extra])
    try:
        process.join()
        return process.exitcode
    except KeyboardInterrupt as stop:
        process.terminate()  # once more: a terminal has told both, a `kill` only this one
        process.join()
        return stop.status


def run_stretch(scripts, config_dir, extra, keep_going):
    """Run scripts one after the other; return the exit status of the one that stopped it.

    Parameters
    ----------
    scripts : sequence of str
    config_dir : str or Path
    extra : list of str
        Options for all of them.
    keep_going : bool
        Go on where single images failed.
    """
    stop_on_signals()
    try:
        with _cluster(load_settings(config_dir)):
            return _run_each(scripts, config_dir, extra, keep_going)
    except UserError as problem:
        log.error("%s", problem)
        return EXIT_USER_ERROR
    except KeyboardInterrupt as stop:  # between two scripts
        return stop.status


def _cluster(settings):
    """Keep one cluster for all scripts, where the settings describe one."""
    if settings.engine != "dask":
        return contextlib.nullcontext()
    from cosmouline.engine.cluster import (
        connection,  # takes a tenth of a second, for clusters alone
    )

    return connection.kept(settings)


def _run_each(scripts, config_dir, extra, keep_going):
    """Run scripts until one stops it; return its exit status."""
    started = time.perf_counter()
    for script in scripts:
        code = run_script(script, config_dir, extra)
        if code and not (keep_going and code == EXIT_IMAGES_FAILED):
            log.error("stopped at %s (%s). %s on with --from %s", script,
                      *("interrupted", "Go") if code > INTERRUPTED
                      else (f"exit status {code}", "Mend it, then go"), script)
            return code
    log.info("%d scripts done in %.0f s", len(scripts), time.perf_counter() - started)
    return 0
