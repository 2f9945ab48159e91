"""Start the numbered scripts in processes that have the libraries loaded.

Scripts that follow each other share one process (`Host`): another one is not copied for each, and
what the last script saved need not be read again. After one that does not end well, or has left
threads or jax behind, the next begins in a fresh copy.
"""

import contextlib
import functools
import gc
import importlib
import logging
import multiprocessing
import os
import runpy
import signal
import sys
import time

from cosmouline import load_libraries
from cosmouline.database import fields, json_store
from cosmouline.database.script_header import listed_scripts, read_header, script_path
from cosmouline.database.settings import load_settings
from cosmouline.engine import work
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
    gc.disable()  # what is loaded stays
    for name in WARM:
        if with_pictures or name != PICTURES:
            importlib.import_module(name)
    load_libraries()
    for script in listed_scripts():
        header = read_header(script)
        for pattern in (*header.needs, *header.writes):
            fields.lookup(pattern)
    gc.freeze()  # else the copies' collections touch, and so copy, all of their memory
    gc.enable()


def _run_as_main(path, arguments):
    """Run a script as ``__main__``; stop it, as on SIGTERM, if its parent process has ended."""
    end_with_parent(signal.SIGTERM)
    sys.argv = [path, *arguments]
    try:
        runpy.run_path(path, run_name="__main__")
    except KeyboardInterrupt as stop:  # before the script itself listens
        sys.exit(stop.status)


class Host:
    """A process that runs scripts one after the other; closed, and one of its own, on every stop.

    ``with Host() as host: status = host.run(script, arguments)``.
    """

    def __init__(self):
        self._process = self._pipe = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._end()

    def run(self, path, arguments):
        """Run a script to its end; return its exit status, negative after a signal."""
        try:
            if start_method() != "fork":
                self._process = start(path, arguments)
                return self._end()
            if self._process is None:
                self._begin("--no-pictures" not in arguments)
            self._pipe.send((str(path), arguments))
            try:
                is_free = self._pipe.recv()
            except EOFError:  # it ended with the script
                return self._end()
            return 0 if is_free else self._end()
        except KeyboardInterrupt as stop:
            if self._process is not None:
                self._process.terminate()  # Ctrl-C in a terminal reaches both, a `kill` only this
            self._end()
            return stop.status

    def _begin(self, with_pictures):
        _load(with_pictures)
        self._pipe, other = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("fork").Process(
            target=_serve, args=(other, self._pipe))
        self._process.start()
        other.close()

    def _end(self):
        """Close the pipe, which ends the process; return its exit status."""
        process, pipe = self._process, self._pipe
        self._process = self._pipe = None
        if pipe is not None:
            pipe.close()
        if process is None:
            return None
        process.join()
        return process.exitcode


def _serve(pipe, other_end):
    """Run the scripts that come through a pipe; end with one whose exit status is not 0."""
    other_end.close()  # else it would not be seen that the other side has closed it
    json_store.keep()
    while True:
        try:
            path, arguments = pipe.recv()
        except EOFError:
            return
        except KeyboardInterrupt as stop:
            sys.exit(stop.status)
        # CPU seconds of the script alone
        work.cpu_s_elsewhere[0] = -sum(os.times()[:4])
        try:
            _run_as_main(path, arguments)
        except SystemExit as end:
            if end.code:
                raise
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        is_free = start_method() == "fork"
        pipe.send(is_free)
        if not is_free:
            return


def without_pictures(scripts):
    """Return scripts without those that only draw."""
    drawing = listed_scripts("PICTURES")
    return [script for script in scripts if script not in drawing]


def run_script(script, config_dir, extra, host=None):
    """Run one script, in a process of its own or in that of a `Host`; return its exit status."""
    log.info("--- %s", script)
    with Host() if host is None else contextlib.nullcontext(host) as host:
        return host.run(script_path(script), [str(config_dir), *extra])


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
        with cluster, Host() as host:
            started = time.perf_counter()
            for script in scripts:
                code = run_script(script, config_dir, extra, host)
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
