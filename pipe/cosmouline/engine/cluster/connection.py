"""Find the cluster of a lens, or start one; check its workers; give it back at the end."""

import atexit
import contextlib
import json
import logging
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from cosmouline.database import paths
from cosmouline.database.settings_cluster import SUBMIT
from cosmouline.engine.cluster import dask_setup, worker
from cosmouline.engine.cluster.scheduler import security, trouble_path
from cosmouline.errors import UserError
from cosmouline.files.atomic import remove_leftovers
from cosmouline.files.pids import is_alive

log = logging.getLogger("cosmouline")

CONNECT_S = 15.0
SERVER_S = 120.0  # on a slow file system a server may take as long to start
END_S = 30.0
MOMENT_S, RESTART_S = 1.0, 5.0
# By so much of its error a flux may differ between the kernels of OpenBLAS: the largest of 92
# fluxes of two campaigns under three kernels (tests/benchmarks/numeric_kernels.py)
KERNEL_FLUX_DIFFERENCE = 0.02
# A processor can run the kernels of older ones; names that are not here are taken as the oldest
OLDEST_FIRST = ("Prescott", "Nehalem", "Sandybridge", "Haswell", "Zen", "SkylakeX", "Cooperlake",
                "SapphireRapids")
_open = {}  # the connections of this process, by cluster and work folder


class Connection:
    """A client of one scheduler, and the server process where this process has started one."""

    def __init__(self, client, address, settings, server=None, publish=None):
        self.client, self.address, self.server = client, address, server
        self.work_dir, self.publish = settings.work_dir, publish
        self.has_warned = False  # that the kernels of the workers differ

    def workers(self):
        """Return the workers that the scheduler knows, dicts by address; UserError without one."""
        try:
            identity = self.client.sync(self.client.scheduler.identity, n_workers=-1,
                                        callback_timeout=CONNECT_S)
        except Exception as error:  # dask raises many kinds of error where nobody answers
            raise self.gone() from error
        return identity["workers"]

    def is_up(self):
        """Return whether the scheduler is connected."""
        return self.client.status == "running"

    def gone(self):
        """Return the error of a scheduler that does not answer any more."""
        self.refuse_trouble()
        return UserError(f"the dask scheduler at {self.address} is gone. What is finished is "
                         "kept: run this again to go on.")

    def refuse_trouble(self):
        """Raise UserError with what a server of ours wrote when it gave up."""
        path = self.publish and trouble_path(self.publish)
        if path and path.is_file():
            text = path.read_text()
            path.unlink()
            raise UserError(text)

    def check(self, step, wanted, workers):
        """Raise UserError if a worker cannot do a step; warn once if their kernels differ."""
        # Workers of other versions fail already in loading this function, or return the difference
        answers = self.client.run(worker.unfit, step, wanted, on_error="return",
                                  workers=list(workers))
        for address, answer in answers.items():
            if isinstance(answer, ImportError | AttributeError):
                raise UserError(f"the worker {address} cannot load this version of the pipeline "
                                f"({type(answer).__name__}: {answer}). Start it with "
                                f"PYTHONPATH={dask_setup.PIPE}")
            if isinstance(answer, str) and answer:
                raise UserError(answer)
        for address, one in workers.items():
            if one["nthreads"] != 1:
                raise UserError(f"the worker {address} has {one['nthreads']} threads, but must "
                                "have one: start it with --nthreads 1 and as many --nworkers.")
        # Versions must agree, kernels need not: they depend on the processor of a node
        kernels = {} if self.has_warned else self.client.run(
            worker.kernel, on_error="ignore", workers=list(workers))
        counts = Counter(sorted(name for name in kernels.values() if name != "unknown"))
        if len(counts) > 1:
            self.has_warned = True
            oldest = min(counts, key=lambda name: name in OLDEST_FIRST
                         and 1 + OLDEST_FIRST.index(name))
            log.warning("the workers use different kernels of OpenBLAS: %s. Fluxes may differ by "
                        "%g of their errors with the worker that had the image. For the same bits "
                        "add \"export OPENBLAS_CORETYPE=%s\" to 'prologue' of cluster in "
                        "settings.py and start the workers again (doc/cluster.md).",
                        ", ".join(f"{name} on {n} workers" for name, n in counts.items()),
                        KERNEL_FLUX_DIFFERENCE, oldest)

    def tidy(self):
        """Remove the half-written files of workers that died, on whatever host."""
        if worker.marks(self.work_dir) and self.is_up():
            tidy(self.work_dir, set(self._who().values()))

    def free_workers(self):
        """Restart the workers that still have images of a finished run in hand after a moment."""
        if self.server:
            return  # it ends its workers
        # Most finish their images in a moment; only the others are restarted
        until = time.monotonic() + MOMENT_S
        while worker.marks(self.work_dir) and time.monotonic() < until:
            time.sleep(0.05)
        busy = worker.marks(self.work_dir)
        addresses = [address for address, who in self._who().items() if who in busy]
        self.client.restart_workers(addresses, timeout=RESTART_S, raise_for_error=False)

    def _who(self):
        """Return (host, process) of the workers by their addresses."""
        return self.client.run(worker.who, on_error="ignore")

    def close(self):
        """Leave the scheduler; end the server and with it the jobs, if they are ours."""
        with contextlib.suppress(Exception):  # what does not close ends with this process
            self.client.close(timeout=2)
        if self.server:
            _end(self.server)
            tidy(self.work_dir)


def tidy(work_dir, alive=()):
    """Remove the half-written files of workers that had images in hand and are dead.

    `alive` are the hosts and process numbers of the workers that live.
    """
    dead = {who: path for who, path in worker.marks(work_dir).items() if who not in alive}
    if dead:
        remove_leftovers(work_dir, dead.keys())
        for path in dead.values():
            path.unlink(missing_ok=True)


def connected(settings):
    """Return the connection of this process to the ``cluster`` of the settings.

    It is made with the first call and closed when the process ends. Where ``cluster`` is a
    description, a server of ``run_all.py`` or ``start_cluster.py`` for the same ``work_dir`` is
    used, and a new one is started where there is none.
    """
    # Settings that lead to the same cluster share one connection
    key = json.dumps(settings.cluster, sort_keys=True), str(settings.work_dir)
    held = _open.get(key)
    if held and held.is_up():
        return held
    # A connection that was lost is closed and made again
    if held:
        _open.pop(key).close()
    if not _open:
        atexit.register(close_all)
    # Remove what scripts and servers of this host left when they were killed
    for path in (settings.work_dir / "cluster").glob("*_*_*"):
        match = re.search(rf"_{re.escape(socket.gethostname())}_(\d+)(\.\w+)?$", path.name)
        if match and not is_alive(int(match[1])):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
    if isinstance(settings.cluster, dict):
        _open[key] = _of_description(settings)
        return _open[key]
    dask_setup.load()
    address, credentials = settings.cluster, None
    if "://" not in address:
        address, credentials = _read_scheduler_file(Path(address))
    _open[key] = Connection(_client(address, credentials), address, settings)
    return _open[key]


def close_all():
    """Close what this process has open."""
    while _open:
        _open.popitem()[1].close()


def _of_description(settings):
    """Connect to the server of the work folder, or to a new one of our own."""
    check_commands(settings.cluster)
    published = published_path(settings)
    # A server that run_all.py or start_cluster.py has published for this work folder
    if is_live(published):
        address, credentials = _read_scheduler_file(published)
        with contextlib.suppress(UserError):  # it ended this very moment
            client = _client(address, credentials)
            return Connection(client, address, settings, publish=published)
    # Otherwise a server for this process alone, under a name that no other script looks for
    own = published.with_name(f"scheduler_{socket.gethostname()}_{os.getpid()}.json")
    server = start_server(settings, own)
    try:
        address, credentials = _read_scheduler_file(own)
        return Connection(_client(address, credentials), address, settings, server, own)
    except BaseException:
        _end(server)
        raise


def _read_scheduler_file(path):
    """Return address and credentials that a scheduler file names."""
    try:
        content = json.loads(path.read_text())
        return content["address"], content.get("credentials")
    except FileNotFoundError:
        raise UserError(f"there is no scheduler file {path}: is the cluster started?") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path} is not a scheduler file of dask: {error!r}.") from error


def published_path(settings):
    """Return the scheduler file that the scripts of a lens look for."""
    return settings.work_dir / "cluster" / "scheduler.json"


def check_commands(description):
    """Raise UserError if something that a description needs is not installed."""
    kind = description["cluster"]
    dask_setup.load(("distributed",) if kind == "local" else ("distributed", "dask_jobqueue"))
    if kind != "local" and shutil.which(SUBMIT[kind]) is None:
        raise UserError(f"cluster = {{\"cluster\": \"{kind}\", ...}}, but there is no command "
                        f"{SUBMIT[kind]} on {socket.gethostname()}: run this on a node from "
                        "which jobs are submitted.")


def is_live(path):
    """Return whether somebody listens where a scheduler file says; takes 3 s at most."""
    try:
        host, _, port = _read_scheduler_file(path)[0].partition("://")[2].rpartition(":")
        with socket.create_connection((host, int(port)), 3.0):
            return True
    except (UserError, OSError, ValueError):
        return False


def start_server(settings, publish, lazily=False):
    """Start a server process of our own and wait until it can be connected to."""
    publish.unlink(missing_ok=True)
    trouble_path(publish).unlink(missing_ok=True)
    logs = paths.logs(settings)
    logs.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "cosmouline.engine.cluster.scheduler", str(settings.work_dir),
               json.dumps(settings.cluster), str(publish), "--parent", str(os.getpid())]
    with open(logs / "cluster.log", "a") as file:
        server = subprocess.Popen(
            command + ["--lazily"] * lazily, stdin=subprocess.DEVNULL, stdout=file, stderr=file,
            start_new_session=True, env=os.environ | dask_setup.environment())
    # The server writes its scheduler file as soon as workers can connect
    until = time.monotonic() + SERVER_S
    try:
        while not publish.is_file():
            if server.poll() is not None or time.monotonic() > until:
                trouble = trouble_path(publish)
                raise UserError(trouble.read_text() if trouble.is_file() else
                                f"the cluster did not start: see the end of {logs}/cluster.log")
            time.sleep(0.05)
    except BaseException:
        _end(server)
        raise
    return server


def _end(server):
    """Let a server cancel its jobs, and wait for it."""
    server.terminate()
    try:
        server.wait(END_S)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


@contextlib.contextmanager
def kept(settings):
    """Keep one cluster for all scripts that are started inside, where `cluster` describes one.

    Its jobs are submitted when the first script has work for them.
    """
    is_ours = isinstance(settings.cluster, dict)
    if is_ours:
        check_commands(settings.cluster)
    if not is_ours or is_live(published_path(settings)):
        yield
        return
    server = start_server(settings, published_path(settings), lazily=True)
    try:
        yield
    finally:
        _end(server)
        tidy(settings.work_dir)


def _client(address, credentials):
    """Return a client of a scheduler, or raise UserError where nobody answers."""
    distributed = dask_setup.load()
    keys = security(credentials) if credentials else None
    try:
        return distributed.Client(address, timeout=CONNECT_S, security=keys,
                                  set_as_default=False)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        how = (" (tls:// needs credentials: give the scheduler file that start_cluster.py "
               "wrote, or dask's own settings)" if address.startswith("tls") else "")
        reason = str(error).splitlines()[0][:200] if str(error) else repr(error)
        raise UserError(f"no dask scheduler answers at {address}{how}: {reason}") from error
