"""The jobs of a cluster: submitted, counted, and replaced where they are lost."""

import asyncio
import contextlib
import logging
import math
import re
import shlex
import time

from cosmouline.database.settings_cluster import walltime_s
from cosmouline.engine.cluster import dask_setup
from cosmouline.engine.work import n_usable_cpus
from cosmouline.errors import UserError

log = logging.getLogger("cosmouline")

QUEUE_LOOK_S = 10.0  # how often the queue is asked about a job without workers
LOST_S = 60.0  # a job without workers for so long is lost, whatever the queue says
N_STILLBORN = 3  # so many jobs that end without a worker, one after the other, are no accident
BEFORE_THE_END_S, STAGGER_S = 300, 240  # workers leave before the walltime, not all at once
STATUS = {"slurm": "squeue -h -o %T -j", "pbs": "qstat", "sge": "qstat -j",
          "lsf": "bjobs -noheader -o stat", "oar": "oarstat -s -j",
          "htcondor": "condor_q -af JobStatus"}
_UNKNOWN_JOB = re.compile("invalid job id|unknown job|do not exist|does not exist|not found", re.I)
_ENDED = re.compile(r"\b(DONE|EXIT|Terminated|Error|COMPLETED|FAILED|CANCELLED|NODE_FAIL)\b")


def job_cluster(description, keys, work_dir):
    """Return the cluster of dask-jobqueue that fits a description."""
    status = dask_setup.load(("distributed", "dask_jobqueue")).Status
    import dask_jobqueue

    kind = description["cluster"]
    factory = getattr(dask_jobqueue, {"htcondor": "HTCondor"}.get(kind, kind.upper()) + "Cluster")

    class Job(factory.job_cls):
        """A job that keeps the message of the submit command, where that failed."""

        trouble = ""

        async def start(self):
            try:
                await super().start()
            except (RuntimeError, OSError, ValueError) as error:
                words = " ".join(str(error).split("stderr:")[-1].split())
                self.trouble = words[:300] or type(error).__name__
                self.status = status.running

    # The output of every job lies in a file of its own
    logs = work_dir / "logs" / "cluster"
    logs.mkdir(parents=True, exist_ok=True)
    return factory(job_cls=Job, security=keys, protocol="tls://", silence_logs=False,
                   **job_keywords(description, logs))


def job_keywords(description, logs):
    """Return a description as keywords of a cluster of dask-jobqueue."""
    kind, cores = description["cluster"], description["cores"]
    # Workers leave one after the other before the queue ends the job
    walltime = walltime_s(description["walltime"])
    lifetime = max(walltime - BEFORE_THE_END_S, walltime // 2)
    stagger = min(STAGGER_S, lifetime // 4)
    exports = dask_setup.environment() | dask_setup.cards(description["gpus"], logs)
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
    # What only some queues have, or call by names of their own
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
    if kind == "oar":  # which property is the memory differs from site to site: `extra` has it
        keywords["memory_per_core_property_name"] = "not_applicable"
    if kind == "slurm":
        keywords["job_mem"] = f"{math.ceil(n_bytes(description['memory']) / 2**20)}M"
        # the keeper replaces the job of a lost node at once: the queue must not do it too
        keywords["job_extra_directives"].append("--no-requeue")
    return keywords


class JobKeeper:
    """Keeps as many jobs as the description has: those that are lost are replaced.

    dask's own `adapt` does not see the loss of a job with several workers.
    """

    def __init__(self, cluster, description):
        self.cluster, self.kind = cluster, description["cluster"]
        self.n_jobs = description["jobs"]
        if self.kind == "local":
            self.n_jobs *= n_cores(description)
        self.seen = {}  # when a job had a worker last
        self.asked = {}  # when the queue was asked about it last
        self.n_stillborn = 0

    async def look(self):
        """Drop the jobs that are lost, and submit what is missing."""
        # Workers have the name of their job, with a number behind it where it has several
        names = {str(worker.name) for worker in self.cluster.scheduler.workers.values()}
        for name, job in list(self.cluster.workers.items()):
            if any(one == str(name) or one.startswith(f"{name}-") for one in names):
                self.seen[name], self.n_stillborn = time.monotonic(), 0
            elif name in self.cluster.worker_spec and await self._is_lost(name, job):
                log.info("job %s is lost: replaced", getattr(job, "job_id", name))
                del self.cluster.worker_spec[name]
        if len(self.cluster.worker_spec) != self.n_jobs or not self.cluster.workers:
            self.cluster.scale(**{"n" if self.kind == "local" else "jobs": self.n_jobs})

    async def _is_lost(self, name, job):
        """Return whether a job without workers is lost; UserError where new ones are no use."""
        if self.kind == "local":
            return job.status.name in ("closed", "failed")
        if job.trouble:  # give up where no job was ever taken; else submit it again
            if not self.seen:
                raise UserError(f"{job.submit_command} refused the job: {job.trouble}")
            log.warning("%s refused the job: %s", job.submit_command, job.trouble)
            return True
        # Ask the queue: every time where the workers are gone, seldom where the job has had none
        now = time.monotonic()
        wait_s = 0.0 if name in self.seen else QUEUE_LOOK_S
        if now - self.asked.setdefault(name, now) < wait_s:
            return False
        self.asked[name] = now
        is_over = False  # in doubt the queue still has the job
        if job.job_id:
            with contextlib.suppress(OSError):
                process = await asyncio.create_subprocess_exec(
                    *shlex.split(STATUS[self.kind]), job.job_id, stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.PIPE)
                out, err = (text.decode(errors="replace") for text in await process.communicate())
                is_over = bool(_UNKNOWN_JOB.search(out + err) if process.returncode
                               else not out.strip() or _ENDED.search(out))
        if not is_over:
            return now - self.seen.get(name, now) > LOST_S
        # Some jobs that end without a worker, one after the other: something is wrong with all
        if name not in self.seen:
            self.n_stillborn += 1
            if self.n_stillborn >= N_STILLBORN:
                raise UserError(f"{self.n_stillborn} jobs ended and brought no worker (the last "
                                f"one: {job.job_id}). The newest files in {job.log_directory} "
                                "say why.")
        return True


def memory_per_worker(description):
    """Return the memory of one local worker in bytes, or "auto"."""
    if "memory" not in description:
        return "auto"
    return n_bytes(description["memory"]) // n_cores(description)


def n_cores(description):
    """Return the cores of one job, or of this machine."""
    return description.get("cores") or n_usable_cpus()


def n_bytes(text):
    """Return a size such as "16GB" in bytes."""
    from dask.utils import parse_bytes

    return parse_bytes(text)
