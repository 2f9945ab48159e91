"""The process that owns a cluster: dask's scheduler, and the jobs or processes of its workers.

It is a process of its own so that all scripts can use one cluster, one after the other, and so
that its jobs are cancelled whatever becomes of a script.
"""

import argparse
import contextlib
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from cosmouline.engine.cluster import dask_setup
from cosmouline.engine.cluster.jobqueue import JobKeeper, job_cluster, memory_per_worker
from cosmouline.engine.processes import stop_on_signals
from cosmouline.errors import UserError
from cosmouline.files.atomic import atomic_path

log = logging.getLogger("cosmouline")

TICK_S = 0.5
LOOK_S = 2.0  # how often jobs are counted
CLOSE_S = 20.0


def serve(work_dir, description, publish, parent=None, lazily=False, has_jobs=True, command=()):
    """Start a cluster; keep it until a signal, or until the parent process or a command ends.

    Parameters
    ----------
    work_dir : Path
    description : dict
        The checked setting `cluster`.
    publish : Path
        The scheduler file to write once workers can connect.
    parent : int, optional
        Number of the only process that uses the cluster.
    lazily : bool
        Submit jobs only when a script connects.
    has_jobs : bool
        False: others start the workers.
    command : sequence of str
        Started once workers can connect.

    Returns
    -------
    int
        The exit status of the command.
    """
    with _credentials(publish) as credentials, _cluster(description, credentials,
                                                        work_dir) as cluster:
        content = {"address": cluster.scheduler.address, "credentials": str(credentials),
                   "host": socket.gethostname(), "pid": os.getpid(), "description": description}
        # Publish the address, then keep the jobs until parent or command end
        keeper, next_look, child = JobKeeper(cluster, description), 0.0, None
        try:
            with atomic_path(publish) as temporary:
                temporary.write_text(json.dumps(content))
            log.info("scheduler at %s", content["address"])
            child = subprocess.Popen(command) if command else None
            while (parent is None or os.getppid() == parent) and (
                    child is None or child.poll() is None):
                # Lazily: no job before a script or a user of the scheduler file has connected
                lazily = lazily and not any(name.startswith(("Client-", "cosmouline"))
                                            for name in list(cluster.scheduler.clients))
                if has_jobs and not lazily and time.monotonic() > next_look:
                    next_look = time.monotonic() + LOOK_S
                    cluster.sync(keeper.look)
                time.sleep(TICK_S)
        finally:
            if child and child.poll() is None:
                child.terminate()
            status = child.wait() if child else 0
            # Remove the scheduler file, unless it is by now that of another server
            with contextlib.suppress(OSError, ValueError):
                if json.loads(publish.read_text()) == content:
                    publish.unlink()
    return status if status >= 0 else 128 - status  # as shells do for signals


def worker_command(publish, description, n_workers):
    """Return the command that starts workers for the scheduler of a scheduler file."""
    dask_setup.load()
    # The key of the cluster encrypts both directions
    content = json.loads(publish.read_text())
    key = content["credentials"]
    command = [sys.executable, "-m", "distributed.cli.dask_worker", content["address"],
               "--nthreads", "1", "--nworkers", str(n_workers), "--no-dashboard",
               "--death-timeout", "60", "--tls-ca-file", key, "--tls-cert", key, "--tls-key", key]
    if description["interface"]:
        command += ["--interface", description["interface"]]
    if description["cluster"] != "local":
        command += ["--memory-limit", str(memory_per_worker(description))]
    return command


def trouble_path(publish):
    """Return the file in which a server says why it gave up."""
    return publish.with_suffix(".trouble")


@contextlib.contextmanager
def _credentials(publish):
    """Write key and certificate of a new cluster where only this user can read them."""
    distributed = dask_setup.load()
    folder = publish.parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)  # what workers unpickle lies here
    path = folder / f"credentials_{socket.gethostname()}_{os.getpid()}.pem"
    # One key serves scheduler, workers and scripts; it is made for this cluster alone
    made = distributed.Security.temporary()
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(made.tls_client_key + made.tls_client_cert)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def security(path):
    """Return dask's description of an encrypted connection with one key for all."""
    roles = {f"tls_{role}_{part}": str(path) for role in ("client", "scheduler", "worker")
             for part in ("key", "cert")}
    return dask_setup.load().Security(tls_ca_file=str(path), require_encryption=True, **roles)


@contextlib.contextmanager
def _cluster(description, credentials, work_dir):
    """Give a cluster without workers; at the end cancel all jobs, or end all processes."""
    os.environ.update(dask_setup.environment())
    os.environ.update(dask_setup.cards(description["gpus"], work_dir / "logs" / "cluster"))
    os.environ["COSMOULINE_CLUSTER_ID"] = f"{socket.gethostname()}_{os.getpid()}"
    keys, is_local = security(credentials), description["cluster"] == "local"
    try:
        cluster = dask_setup.load().LocalCluster(
            n_workers=0, threads_per_worker=1, processes=True, host="127.0.0.1",
            dashboard_address="127.0.0.1:0", worker_dashboard_address="127.0.0.1:0",
            memory_limit=memory_per_worker(description), security=keys, protocol="tls://",
            silence_logs=False) if is_local else job_cluster(description, keys, work_dir)
    except (OSError, ValueError, RuntimeError) as error:
        raise UserError(f"the cluster cannot start: {error}") from error
    try:
        yield cluster
    finally:
        # End local workers at once, with what they have in hand
        for nanny in list(cluster.workers.values()) if is_local else ():
            nanny.auto_restart = False
            if nanny.process and nanny.process.pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(nanny.process.pid, signal.SIGKILL)
        with contextlib.suppress(Exception):  # what is left to close ends with this process
            cluster.close(timeout=CLOSE_S)


def main():
    """Serve one script or one run of all scripts; write to the log file alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work_dir", type=Path)
    parser.add_argument("description", type=json.loads)
    parser.add_argument("publish", type=Path)
    parser.add_argument("--parent", type=int)
    parser.add_argument("--lazily", action="store_true")
    options = parser.parse_intermixed_args()
    stop_on_signals()
    # This process has no terminal: its output is appended to logs/cluster.log
    logging.basicConfig(level=logging.INFO, stream=sys.stderr,
                        format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("cosmouline.file").addHandler(logging.root.handlers[0])
    try:
        serve(**vars(options))
    except KeyboardInterrupt:
        log.info("stopped")
    except UserError as problem:
        log.error("%s", problem)
        trouble_path(options.publish).write_text(str(problem))
        return 1
    return 0


def exit_now(status):
    """End this process without waiting for the threads of dask."""
    logging.shutdown()
    sys.stdout.flush()
    os._exit(status)


if __name__ == "__main__":
    exit_now(main())
