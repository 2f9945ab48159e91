"""The process that owns a cluster: dask's scheduler, and the jobs or processes of its workers.

It is a process of its own so that twenty-five scripts can use one cluster, one after the other,
and so that whatever becomes of a script, its jobs are cancelled.
"""

import argparse
import asyncio
import contextlib
import json
import logging
import os
import re
import shlex
import signal
import socket
import sys
import time
from pathlib import Path

from cosmouline import dask_quietly
from cosmouline.atomic import atomic_path
from cosmouline.cluster_settings import walltime_s
from cosmouline.errors import UserError
from cosmouline.processes import stop_on_signals

log = logging.getLogger("cosmouline")

TICK_S = 0.5
LOOK_S = 2.0  # how often jobs are counted
QUEUE_LOOK_S = 10.0  # how often the queue is asked after a job without workers
LOST_S = 60.0  # a job whose workers are gone that long is lost, whatever the queue says
N_STILLBORN = 3  # so many jobs that end without a worker, one after the other, are no accident
CLOSE_S = 20.0
BEFORE_THE_END_S, STAGGER_S = 300, 240  # workers leave before the walltime, not all at once
STATUS = {"slurm": "squeue -h -o %T -j", "pbs": "qstat", "sge": "qstat -j",
          "lsf": "bjobs -noheader -o stat", "oar": "oarstat -s -j",
          "htcondor": "condor_q -af JobStatus"}
_UNKNOWN_JOB = re.compile("invalid job id|unknown job|do not exist|does not exist|not found", re.I)
_ENDED = re.compile(r"\b(DONE|EXIT|Terminated|Error|COMPLETED|FAILED|CANCELLED|NODE_FAIL)\b")


def serve(work_dir, description, publish, parent=None, lazily=False, has_jobs=True):
    """Start a cluster and keep it until a signal, or until the parent process is gone.

    Parameters
    ----------
    work_dir : Path
    description : dict
        The checked setting `cluster`.
    publish : Path
        The scheduler file to write once workers can connect.
    parent : int, optional
        Number of the process that uses the cluster alone.
    lazily : bool
        Ask for workers only when a script connects.
    has_jobs : bool
        False: others start the workers.
    """
    with _credentials(publish) as credentials, _cluster(description, credentials,
                                                        work_dir) as cluster:
        content = {"address": cluster.scheduler.address, "credentials": str(credentials),
                   "host": socket.gethostname(), "pid": os.getpid(), "description": description}
        with atomic_path(publish) as temporary:
            temporary.write_text(json.dumps(content))
        keeper, next_look = _Keeper(cluster, description), 0.0
        log.info("scheduler at %s", content["address"])
        try:
            while parent is None or os.getppid() == parent:
                if has_jobs and time.monotonic() > next_look and (
                        not lazily or _is_used(cluster)):
                    lazily, next_look = False, time.monotonic() + LOOK_S
                    cluster.sync(keeper.look)
                time.sleep(TICK_S)
        finally:
            with contextlib.suppress(OSError, ValueError):
                if json.loads(publish.read_text()) == content:
                    publish.unlink()


def trouble_path(publish):
    """Return the file in which a server tells why it gave up."""
    return publish.with_suffix(".trouble")


def _is_used(cluster):
    return any(name.startswith("Client-") or name.startswith("cosmouline")
               for name in list(cluster.scheduler.clients))


@contextlib.contextmanager
def _credentials(publish):
    """Write key and certificate of a new cluster where only this user can read them."""
    distributed = dask_quietly.load()
    folder = publish.parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)  # what workers unpickle lies here
    path = folder / f"credentials_{socket.gethostname()}_{os.getpid()}.pem"
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
    return dask_quietly.load().Security(tls_ca_file=str(path), require_encryption=True, **roles)


@contextlib.contextmanager
def _cluster(description, credentials, work_dir):
    """Give a cluster without workers; at the end cancel all jobs, or end all processes."""
    os.environ.update(dask_quietly.environment())
    os.environ["COSMOULINE_GPUS"] = str(description["gpus"])
    os.environ["COSMOULINE_CLUSTER_ID"] = f"{socket.gethostname()}_{os.getpid()}"
    make = _local_cluster if description["cluster"] == "local" else _job_cluster
    try:
        cluster = make(description, security(credentials), work_dir)
    except (OSError, ValueError, RuntimeError) as error:
        raise UserError(f"the cluster cannot start: {error}") from error
    try:
        yield cluster
    finally:
        if description["cluster"] == "local":
            _kill(cluster)
        with contextlib.suppress(Exception):  # what is left to close ends with this process
            cluster.close(timeout=CLOSE_S)


def _kill(cluster):
    """End local workers at once, with what they have in hand."""
    for nanny in list(cluster.workers.values()):
        nanny.auto_restart = False
        if nanny.process and nanny.process.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(nanny.process.pid, signal.SIGKILL)


def _local_cluster(description, keys, work_dir):
    distributed = dask_quietly.load()
    return distributed.LocalCluster(
        n_workers=0, threads_per_worker=1, processes=True, host="127.0.0.1",
        dashboard_address="127.0.0.1:0", worker_dashboard_address="127.0.0.1:0",
        memory_limit=_memory_per_worker(description), security=keys, protocol="tls://",
        silence_logs=False)


def _memory_per_worker(description):
    """Return the memory of one local worker in bytes, or "auto"."""
    if "memory" not in description:
        return "auto"
    from dask.utils import parse_bytes

    return parse_bytes(description["memory"]) // _n_cores(description)


def _n_cores(description):
    return description.get("cores") or len(os.sched_getaffinity(0))


def _job_cluster(description, keys, work_dir):
    """Return the cluster of dask-jobqueue that fits a description."""
    dask_quietly.load(("distributed", "dask_jobqueue"))
    import dask_jobqueue

    kind = description["cluster"]
    prefix = {"htcondor": "HTCondor"}.get(kind, kind.upper())
    factory = getattr(dask_jobqueue, f"{prefix}Cluster")
    logs = work_dir / "logs" / "cluster"
    logs.mkdir(parents=True, exist_ok=True)
    return factory(job_cls=_telling(factory.job_cls), security=keys, protocol="tls://",
                   silence_logs=False, **job_keywords(description, logs))


def job_keywords(description, logs):
    """Return a description as keywords of a cluster of dask-jobqueue."""
    kind, cores = description["cluster"], description["cores"]
    walltime = walltime_s(description["walltime"])
    lifetime = max(walltime - BEFORE_THE_END_S, walltime // 2)
    stagger = min(STAGGER_S, lifetime // 4)
    exports = dask_quietly.environment() | {"COSMOULINE_GPUS": str(description["gpus"])}
    keywords = {
        "cores": cores, "processes": cores, "memory": description["memory"],
        "interface": description["interface"], "python": description["python"],
        "log_directory": str(logs), "death_timeout": 60, "job_name": "cosmouline",
        "worker_extra_args": ["--lifetime", f"{lifetime}s", "--lifetime-stagger", f"{stagger}s",
                              "--no-dashboard"],
        "scheduler_options": {"dashboard": False, "dashboard_address": "127.0.0.1:0"},
        "job_script_prologue": [*description["prologue"], *(
            f"export {name}={shlex.quote(value)}" for name, value in exports.items())],
        "job_extra_directives": list(description["extra"])}
    if kind == "htcondor":
        keywords["disk"] = description["disk"]
        keywords["job_extra_directives"] = dict(
            line.partition("=")[::2] for line in description["extra"])
        return keywords
    hours, rest = divmod(walltime, 3600)
    keywords["walltime"] = f"{hours:02d}:{rest // 60:02d}" + (
        "" if kind == "lsf" else f":{rest % 60:02d}")
    keywords["queue"] = description["queue"]
    keywords["account" if kind in ("slurm", "pbs") else "project"] = description["account"]
    if kind == "slurm":  # a lost node's job is replaced at once; twice would be too much
        keywords["job_extra_directives"].append("--no-requeue")
    return keywords


def _telling(job_class):
    """Return a kind of job that keeps what the submit command said, where it failed."""

    class Telling(job_class):
        trouble = ""

        async def start(self):
            try:
                await super().start()
            except (RuntimeError, OSError, ValueError) as error:
                self.trouble = _last_words(str(error)) or type(error).__name__
                self.status = dask_quietly.load().Status.running

    return Telling


def _last_words(text):
    """Return what a submit command wrote to stderr, in one line."""
    said = text.split("stderr:")[-1].split()
    return " ".join(said)[:300]


class _Keeper:
    """Has as many jobs as were asked for: those that are lost are replaced.

    dask's own `adapt` does not see the loss of a job with several workers.
    """

    def __init__(self, cluster, description):
        self.cluster, self.kind = cluster, description["cluster"]
        self.n_jobs = description["jobs"]
        if self.kind == "local":
            self.n_jobs *= _n_cores(description)
        self.seen = {}  # when a job had a worker last
        self.asked = {}  # when the queue was asked after it last
        self.n_stillborn = 0

    async def look(self):
        """Drop the jobs that are lost, and submit what is missing."""
        names = {str(worker.name) for worker in self.cluster.scheduler.workers.values()}
        for name, job in list(self.cluster.workers.items()):
            if any(one == str(name) or one.startswith(f"{name}-") for one in names):
                self.seen[name], self.n_stillborn = time.monotonic(), 0
            elif name in self.cluster.worker_spec and await self._is_lost(name, job):
                log.info("job %s is lost: replaced", getattr(job, "job_id", name))
                del self.cluster.worker_spec[name]
        await self._fill()

    async def _fill(self):
        if len(self.cluster.worker_spec) != self.n_jobs or not self.cluster.workers:
            keyword = {"n": self.n_jobs} if self.kind == "local" else {"jobs": self.n_jobs}
            self.cluster.scale(**keyword)

    async def _is_lost(self, name, job):
        if self.kind == "local":
            return job.status.name in ("closed", "failed")
        if job.trouble:
            return self._refused(job)
        now = time.monotonic()
        wait = 0.0 if name in self.seen else QUEUE_LOOK_S
        if now - self.asked.setdefault(name, now) < wait:
            return False
        self.asked[name] = now
        if await _is_gone(self.kind, job.job_id):
            if name not in self.seen:
                self._stillborn(job)
            return True
        return now - self.seen.get(name, now) > LOST_S

    def _refused(self, job):
        """Give up where no job was ever taken; else try again with the next look."""
        if not self.seen:
            raise UserError(f"{job.submit_command} refused the job: {job.trouble}")
        log.warning("%s refused the job: %s", job.submit_command, job.trouble)
        return True

    def _stillborn(self, job):
        self.n_stillborn += 1
        if self.n_stillborn >= N_STILLBORN:
            raise UserError(
                f"{self.n_stillborn} jobs ended and brought no worker (the last one: "
                f"{job.job_id}). Why is told in the newest files of {job.log_directory}")


async def _is_gone(kind, job_id):
    """Tell whether the queue knows a job no longer; in doubt it does."""
    if not job_id:
        return False
    try:
        process = await asyncio.create_subprocess_exec(
            *shlex.split(STATUS[kind]), job_id, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE)
    except OSError:
        return False
    out, err = (text.decode(errors="replace") for text in await process.communicate())
    if process.returncode:
        return bool(_UNKNOWN_JOB.search(out + err))
    return not out.strip() or bool(_ENDED.search(out))


def main():
    """Be the server of one script or of one run of all scripts; talk to the log file alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work_dir", type=Path)
    parser.add_argument("description", type=json.loads)
    parser.add_argument("publish", type=Path)
    parser.add_argument("--parent", type=int)
    parser.add_argument("--lazily", action="store_true")
    options = parser.parse_args()
    stop_on_signals()
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
