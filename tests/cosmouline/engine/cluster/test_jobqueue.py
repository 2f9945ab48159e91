"""What is asked of the queue; that it works on a real one is for tests/cluster."""

import asyncio
import importlib.util
from pathlib import Path
from types import SimpleNamespace

from cosmouline.database.settings_cluster import SUBMIT, check_cluster
from cosmouline.engine.cluster import jobqueue as jobs
from cosmouline.errors import UserError

import pytest

pytestmark = pytest.mark.skipif(importlib.util.find_spec("dask_jobqueue") is None,
                                reason="dask-jobqueue is not installed")

LINES = {"slurm": ["#SBATCH -p long", "#SBATCH -A p123", "#SBATCH --cpus-per-task=4",
                   "#SBATCH --mem=15259M", "#SBATCH -t 30:00:00", "#SBATCH --no-requeue"],
         "pbs": ["#PBS -q long", "#PBS -A p123", "#PBS -l walltime=30:00:00"],
         "sge": ["#$ -q long", "#$ -P p123", "#$ -l h_rt=30:00:00"],
         "lsf": ["#BSUB -q long", '#BSUB -P "p123"', "#BSUB -W 30:00"],
         "oar": ["#OAR -q long", "#OAR --project p123", "walltime=30:00:00"],
         "htcondor": ["MY.Queue"]}


def description(kind, **changes):
    extra = {"htcondor": ["MY.Queue=long"]}.get(kind, [])
    return check_cluster({"cluster": kind, "cores": 4, "memory": "16GB", "queue": "long",
                          "account": "p123", "walltime": "1-06:00:00", "gpus": 1, "extra": extra,
                          "interface": "ib0", "prologue": ["module load x"]} | changes, "cluster")


@pytest.mark.parametrize("kind", SUBMIT)
def test_every_queue_is_asked_in_its_own_words(kind, tmp_path):
    import dask_jobqueue

    keywords = jobs.job_keywords(description(kind), tmp_path)
    keywords.pop("scheduler_options")
    factory = getattr(dask_jobqueue, {"htcondor": "HTCondor"}.get(kind, kind.upper()) + "Cluster")
    script = factory.job_cls(scheduler="tls://n:1", name="w", **keywords).job_script()

    for line in [*LINES[kind], "module load x", "NPROC=1", "COSMOULINE_GPUS=1", "--nthreads 1",
                 "--nworkers 4", "--interface ib0", "--lifetime 107700s", "cluster.gpu"]:
        assert line in script


def test_a_short_job_ends_half_way():
    keywords = jobs.job_keywords(description("slurm", walltime="00:08:00"), Path("logs"))

    assert keywords["worker_extra_args"][:4] == ["--lifetime", "240s", "--lifetime-stagger", "60s"]


class Job:
    """A job of a cluster, as far as the keeper looks at it."""

    submit_command, log_directory, trouble = "sbatch", "logs", ""

    def __init__(self, job_id):
        self.job_id = job_id


class Cluster:
    """Jobs by name; each `scale` fills them up with new ones."""

    def __init__(self):
        self.workers, self.worker_spec, self.n = {}, {}, 0
        self.scheduler = SimpleNamespace(workers={})

    def scale(self, jobs):
        for name in list(self.workers):
            if name not in self.worker_spec:
                del self.workers[name]
        while len(self.worker_spec) < jobs:
            self.n += 1
            self.worker_spec[f"c-{self.n}"] = None
            self.workers[f"c-{self.n}"] = Job(str(self.n))


@pytest.fixture
def kept(monkeypatch, tmp_path):
    """Give a keeper of two jobs of two workers; a function by which the queue forgets jobs."""
    forgotten = tmp_path / "forgotten"
    forgotten.touch()
    monkeypatch.setitem(jobs.STATUS, "slurm", f"sh -c 'grep -qx $0 {forgotten} || echo RUNNING'")
    monkeypatch.setattr(jobs, "QUEUE_LOOK_S", 0.0)
    keeper = jobs.JobKeeper(Cluster(), description("slurm", jobs=2))
    return keeper, lambda *job_ids: forgotten.write_text("\n".join(job_ids))


def look(keeper, *workers):
    keeper.cluster.scheduler.workers = {
        name: SimpleNamespace(name=name) for name in workers}
    asyncio.run(keeper.look())
    return sorted(keeper.cluster.worker_spec)


def test_a_job_is_replaced_when_its_last_worker_and_it_are_gone(kept):
    keeper, forget = kept

    assert look(keeper) == ["c-1", "c-2"]
    assert look(keeper, "c-1-0", "c-1-1", "c-2-0") == ["c-1", "c-2"]
    assert look(keeper, "c-1-0", "c-2-0") == ["c-1", "c-2"]  # one worker less: it starts again
    assert look(keeper, "c-1-0") == ["c-1", "c-2"]  # the queue has it still
    forget("2")
    assert look(keeper, "c-1-0") == ["c-1", "c-3"]


def test_a_job_without_workers_for_long_is_replaced_whatever_the_queue_says(kept, monkeypatch):
    keeper, _ = kept
    look(keeper)
    look(keeper, "c-1-0", "c-2-1")
    monkeypatch.setattr(jobs, "LOST_S", -1.0)

    assert look(keeper, "c-2-1") == ["c-2", "c-3"]


def test_jobs_that_bring_no_worker_end_it(kept):
    keeper, forget = kept
    forget(*"12345678")
    look(keeper)
    look(keeper)
    with pytest.raises(UserError, match="3 jobs ended and brought no worker"):
        look(keeper)


def test_a_refused_job_ends_it_unless_others_were_taken(kept):
    keeper, _ = kept
    look(keeper)
    look(keeper, "c-1-0")
    keeper.cluster.workers["c-2"].trouble = "slurmctld is away"
    assert look(keeper, "c-1-0") == ["c-1", "c-3"]

    keeper.seen.clear()
    keeper.cluster.workers["c-3"].trouble = "no such account"
    with pytest.raises(UserError, match="sbatch refused the job: no such account"):
        look(keeper)


@pytest.mark.parametrize(("says", "code", "gone"), [
    ("RUNNING", 0, False), ("", 0, True), ("COMPLETED", 0, True),
    ("slurm_load_jobs error: Invalid job id specified", 1, True),
    ("slurm_load_jobs error: Unable to contact slurm controller", 1, False)])
def test_in_doubt_the_queue_has_a_job_still(kept, monkeypatch, says, code, gone):
    keeper, _ = kept
    look(keeper)
    look(keeper, "c-1-0", "c-2-0")
    monkeypatch.setitem(jobs.STATUS, "slurm", f"sh -c 'echo \"{says}\"; exit {code}'")

    assert look(keeper, "c-1-0") == ["c-1", "c-3" if gone else "c-2"]


def test_a_job_without_number_and_a_queue_without_command_are_in_doubt(kept, monkeypatch):
    keeper, forget = kept
    forget("1", "2")
    look(keeper)
    look(keeper, "c-1-0", "c-2-0")
    keeper.cluster.workers["c-1"].job_id = None

    assert look(keeper) == ["c-1", "c-3"]
    monkeypatch.setitem(jobs.STATUS, "slurm", "/not/there")
    assert look(keeper) == ["c-1", "c-3"]


def test_a_new_job_is_given_time_before_the_queue_is_asked(kept, monkeypatch):
    """Slurm may not know it yet a moment after sbatch."""
    monkeypatch.setattr(jobs, "QUEUE_LOOK_S", 3600.0)
    keeper, forget = kept
    forget("1", "2")

    assert look(keeper) == look(keeper) == look(keeper) == ["c-1", "c-2"]
    assert keeper.n_stillborn == 0


def test_a_submit_command_that_fails_leaves_its_message_in_the_job(monkeypatch, tmp_path):
    """What dask-jobqueue raises has the command first, then its output and its error."""
    import dask_jobqueue

    async def start(self):
        raise RuntimeError("Command exited with non-zero exit code.\nstderr:\nno such\n account\n")

    monkeypatch.setattr(dask_jobqueue.SLURMCluster.job_cls, "start", start)
    monkeypatch.setattr(dask_jobqueue.SLURMCluster, "__init__",
                        lambda self, job_cls, **keywords: setattr(self, "job_cls", job_cls))
    cluster = jobs.job_cluster(description("slurm"), None, tmp_path)
    job = cluster.job_cls.__new__(cluster.job_cls)
    asyncio.run(job.start())

    assert job.trouble == "no such account"
    assert job.status.name == "running"
    monkeypatch.undo()
