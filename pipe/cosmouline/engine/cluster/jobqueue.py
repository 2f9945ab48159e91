"""The jobs of a cluster: asked for, counted, and replaced where they are lost."""

import asyncio
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

QUEUE_LOOK_S = 10.0  # how often the queue is asked after a job without workers
LOST_S = 60.0  # a job whose workers are gone that long is lost, whatever the queue says
N_STILLBORN = 3  # so many jobs that end without a worker, one after the other, are no accident
BEFORE_THE_END_S, STAGGER_S = 300, 240  # workers leave before the walltime, not all at once
STATUS = {"slurm": "squeue -h -o %T -j", "pbs": "qstat", "sge": "qstat -j",
          "lsf": "bjobs -noheader -o stat", "oar": "oarstat -s -j",
          "htcondor": "condor_q -af JobStatus"}
_UNKNOWN_JOB = re.compile("invalid job id|unknown job|do not exist|does not exist|not found", re.I)
_ENDED = re.compile(r"\b(DONE|EXIT|Terminated|Error|COMPLETED|FAILED|CANCELLED|NODE_FAIL)\b")


def job_cluster(description, keys, work_dir):
    """Return the cluster of dask-jobqueue that fits a description."""
    dask_setup.load(("distributed", "dask_jobqueue"))
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
    exports = dask_setup.environment() | {"COSMOULINE_GPUS": str(description["gpus"])}
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
    if kind == "oar":  # which property is the memory differs from site to site: `extra` has it
        keywords["memory_per_core_property_name"] = "not_applicable"
    if kind == "slurm":
        keywords["job_mem"] = f"{math.ceil(n_bytes(description['memory']) / 2**20)}M"
        # a lost node's job is replaced at once; twice would be too much
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
                self.status = dask_setup.load().Status.running

    return Telling


def _last_words(text):
    """Return what a submit command wrote to stderr, in one line."""
    said = text.split("stderr:")[-1].split()
    return " ".join(said)[:300]


class Keeper:
    """Has as many jobs as were asked for: those that are lost are replaced.

    dask's own `adapt` does not see the loss of a job with several workers.
    """

    def __init__(self, cluster, description):
        self.cluster, self.kind = cluster, description["cluster"]
        self.n_jobs = description["jobs"]
        if self.kind == "local":
            self.n_jobs *= n_cores(description)
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
