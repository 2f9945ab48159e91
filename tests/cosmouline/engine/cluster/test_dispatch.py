"""The engine on a cluster, with two workers on this machine.

What is expected is what the engine gives in one process, on the same images.
"""

import errno
import functools
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

from cosmouline.database.settings_cluster import check_cluster
from cosmouline.engine import engine
from cosmouline.engine.cluster import connection as clusters
from cosmouline.engine.cluster import dispatch, worker
from cosmouline.errors import ImageRejected, UserError
from cosmouline.files.pids import is_alive

import numpy as np
import pytest

pytestmark = pytest.mark.skipif(importlib.util.find_spec("distributed") is None,
                                reason="dask is not installed: pip install cosmouline[cluster]")


def measure(image, settings, nap_s=0.0):
    """Do what the image's name says; workers load it by the path of this file."""
    name = image["img_name"]
    time.sleep(nap_s)
    if name.startswith("reject"):
        raise ImageRejected("cloud")
    if name.startswith("fail"):
        raise ValueError("broken")
    if name.startswith("die"):
        os.kill(os.getpid(), signal.SIGSEGV)
    if name.startswith("hang"):
        time.sleep(600)
    if name.startswith("user"):
        raise UserError("mend this")
    if name.startswith("large"):
        hog = np.ones(40_000_000)  # 320 MB, of 300 MB that a worker has
        time.sleep(60)
        return {"hog": hog.sum()}
    generator = np.random.default_rng(len(name))
    matrix = generator.normal(size=(60, 60))
    return {"x": np.linalg.slogdet(matrix)[1], "y": (matrix @ matrix).sum(),
            "threads": os.environ["OMP_NUM_THREADS"] + os.environ["NPROC"]}


def settings_of(folder, **changes):
    description = {"cluster": "local", "cores": 2, "memory": "600MB"}
    return SimpleNamespace(**({"engine": "dask", "max_cpus": 2, "image_timeout_s": None,
                               "died_retries": 0, "work_dir": folder,
                               "cluster": check_cluster(description, "cluster")} | changes))


@pytest.fixture(scope="module")
def how(tmp_path_factory):
    """Give settings for which a cluster runs, as run_all.py has one for all its scripts."""
    settings = settings_of(tmp_path_factory.mktemp("dask"))
    with clusters.kept(settings):
        yield settings
        clusters.close_all()


def changed(settings, **changes):
    return SimpleNamespace(**vars(settings) | changes)


def run(names, settings, function=measure):
    images = [{"img_name": name} for name in names]
    return {o.img_name: o for o in engine.outcomes(function, images, settings)}


def test_bad_images_cost_nothing_else_and_values_are_those_of_serial(how):
    names = [*(f"img{10**i}" for i in range(9)), "reject1", "fail1", "die1", "hang1"]

    found = run(names, changed(how, image_timeout_s=5.0))

    bad = {name: o.word for name, o in found.items() if o.word != "done"}
    assert bad == {"reject1": "rejected", "fail1": "failed", "die1": "died", "hang1": "timeout"}
    assert "died 2 times" in found["die1"].message  # no more: died_retries is 0
    assert "out of memory, killed, or a crash" in found["die1"].message
    assert "time.sleep(600)" not in found["hang1"].message
    assert f'File "{__file__}", line ' in found["hang1"].details
    assert found["fail1"].message == "ValueError: broken"
    good = [name for name in names if name not in bad]
    serial = run(good, changed(how, engine="serial"))
    assert {name: found[name].values for name in good} == {
        name: serial[name].values for name in good}
    assert {found[name].values["threads"] for name in good} == {"11"}
    assert sorted(path.name for path in (how.work_dir / "cluster").glob("step_*")) == []


def test_an_image_that_takes_too_much_memory_dies_alone(how):
    found = run(["large1", "a", "b", "c", "d"], how)

    assert {name for name, o in found.items() if o.word != "done"} == {"large1"}
    assert found["large1"].word == "died"


def test_few_images_are_done_in_this_process(tmp_path):
    found = run(["a", "b"], settings_of(tmp_path))

    assert {o.word for o in found.values()} == {"done"}
    assert not (tmp_path / "cluster").exists()


def test_the_user_s_fault_stops_the_run(how):
    with pytest.raises(UserError, match="mend this"):
        run(["a", "b", "c", "d", "user1"], how)


def submitted(monkeypatch, per_image_s=()):
    """Keep of every task that is submitted how many are with it, and the names of its images."""
    import distributed

    seen, made = [], []
    submit = distributed.Client.submit

    class Dispatcher(dispatch.Dispatcher):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            self.per_image_s.extend(per_image_s)  # times of images that were done before
            made.append(self)

    def watched(self, function, step, wanted, images, *more, **keywords):
        seen.append((1 + len(made[-1].flying), [image["img_name"] for _, image in images]))
        return submit(self, function, step, wanted, images, *more, **keywords)

    monkeypatch.setattr(dispatch, "Dispatcher", Dispatcher)
    monkeypatch.setattr(distributed.Client, "submit", watched)
    return seen


def test_two_tasks_for_each_worker_are_under_way_and_tiny_images_share_one(how, monkeypatch):
    seen = submitted(monkeypatch)
    found = run([f"img{i}" for i in range(300)], how, functools.partial(measure, nap_s=0.002))

    assert len(found) == 300
    assert max(n_flying for n_flying, _ in seen) <= 4
    assert max(len(names) for _, names in seen) > 2
    assert sum(len(names) for _, names in seen) == 300


def measure_unlucky(image, settings, folder):
    """Die as `measure` does; "unlucky" is killed at its second try, by no fault of its own."""
    if image["img_name"] == "unlucky":
        with open(folder / "tries", "a") as tries:
            tries.write("x")
        if (folder / "tries").stat().st_size == 2:
            os.kill(os.getpid(), signal.SIGKILL)
    return measure(image, settings)


def test_a_task_whose_worker_dies_is_broken_up_and_accuses_none_of_its_images(
        how, monkeypatch, tmp_path):
    seen = submitted(monkeypatch, per_image_s=[0.0])
    names = ["unlucky", *(f"img{i}" for i in range(6)), "die1", *(f"img{i}" for i in range(6, 30))]

    found = run(names, how, functools.partial(measure_unlucky, folder=tmp_path))

    assert seen[0][1] == names[:8]  # 1 + 31 // 4 tiny images in the first task
    assert (tmp_path / "tries").read_text() == "xxx"
    assert {name for name, o in found.items() if o.word != "done"} == {"die1"}
    alone = [task[0] for _, task in seen if len(task) == 1 and task[0] in names[:8]]
    assert sorted(alone) == sorted([*names[:8], "unlucky", "die1"])  # eight, and two once more


def test_a_dead_worker_accuses_the_one_image_that_it_works_on(how, monkeypatch):
    """From the first task on: only the deadly image is sent twice."""
    seen = submitted(monkeypatch)

    found = run([*(f"img{i}" for i in range(3)), "die1", *(f"img{i}" for i in range(3, 6))], how,
                functools.partial(measure, nap_s=0.3))

    assert {name for name, o in found.items() if o.word != "done"} == {"die1"}
    assert sum(len(names) for _, names in seen) == 7 + 1


def test_half_written_files_of_dead_workers_go_on_whatever_host(how, monkeypatch):
    """The worker names another host in its file, and in what it tells of itself."""
    monkeypatch.setattr(worker, "AT_WORK", "at_work")
    marks = how.work_dir / "cluster" / "at_work"
    marks.mkdir(exist_ok=True)
    for pid in (7, 8):
        (how.work_dir / f".elsewhere.{pid}.0123abcd.tmp.x.fits").write_text("x")
    (marks / "elsewhere.7").write_text("img1")  # died while it had img1 in hand

    run([f"img{i}" for i in range(4)], how)

    assert [path.name for path in how.work_dir.glob(".elsewhere*")] == [
        ".elsewhere.8.0123abcd.tmp.x.fits"]
    assert list(marks.iterdir()) == []


def test_a_worker_that_sees_no_work_folder_tells(monkeypatch):
    monkeypatch.setattr(worker, "NFS_S", 0.0)
    told = worker.unfit("/nonexistent/work/cluster/step_1/step.pickle",
                        tuple(worker.versions().items()))

    assert "cannot read and write in work_dir /nonexistent/work: No such file" in told


def test_a_worker_that_cannot_write_there_tells(tmp_path, monkeypatch):
    step = worker.write_step(tmp_path / "cluster" / "step_1", "work", "settings")
    monkeypatch.setattr(Path, "write_text", lambda *_: (_ for _ in ()).throw(
        OSError(errno.EROFS, os.strerror(errno.EROFS))))

    assert f"work_dir {tmp_path}: Read-only file system" in worker.unfit(
        step, tuple(worker.versions().items()))


@pytest.mark.parametrize("late", [False, True])
def test_a_run_stops_where_a_worker_is_not_fit(how, monkeypatch, late):
    """Workers that are there are asked before any work; those that come later, with it."""
    if late:
        monkeypatch.setattr(clusters.Connection, "check", lambda *_: None)
    monkeypatch.setattr(worker, "versions", lambda: {"numpy": "1.26.0"})

    with pytest.raises(UserError, match=f"the worker {socket.gethostname()} .* has numpy "
                                        f"{np.__version__}, not version 1.26.0"):
        run(["a", "b", "c", "d"], how)


def test_the_connection_is_encrypted_and_the_key_is_the_user_s_alone(how):
    import distributed

    published = json.loads(clusters.published_path(how).read_text())

    assert published["address"].startswith("tls://127.0.0.1:")
    assert Path(published["credentials"]).stat().st_mode & 0o777 == 0o600
    assert (how.work_dir / "cluster").stat().st_mode & 0o777 == 0o700
    with pytest.raises(OSError, match="tcp://"):
        distributed.Client(published["address"].replace("tls", "tcp"), timeout=2)


def test_a_scheduler_file_leads_to_the_cluster(how, tmp_path):
    path = clusters.published_path(how)
    found = run([f"img{i}" for i in range(5)], changed(how, cluster=str(path), work_dir=tmp_path))

    assert {o.word for o in found.values()} == {"done"}


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "tls://127.0.0.1:1"])
def test_nobody_at_the_address(tmp_path, monkeypatch, address):
    monkeypatch.setattr(clusters, "CONNECT_S", 1.0)

    with pytest.raises(UserError, match=f"no dask scheduler answers at {address}"):
        run(["a", "b", "c", "d"], settings_of(tmp_path, cluster=address))


def test_a_scheduler_file_that_is_not_there_or_none(tmp_path):
    path = tmp_path / "scheduler.json"
    with pytest.raises(UserError, match=f"there is no scheduler file {path}"):
        run(["a", "b", "c", "d"], settings_of(tmp_path, cluster=str(path)))
    path.write_text("[]")
    with pytest.raises(UserError, match="is not a scheduler file of dask"):
        run(["a", "b", "c", "d"], settings_of(tmp_path, cluster=str(path)))


def test_without_dask_it_is_told_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    with pytest.raises(UserError, match=r"needs distributed, .*: pip install 'cosmouline\[clust"):
        run(["a", "b", "c", "d"], settings_of(tmp_path))


def test_without_sbatch_it_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    slurm = check_cluster({"cluster": "slurm", "cores": 2, "memory": "1GB"}, "cluster")

    with pytest.raises(UserError, match="there is no command sbatch on "):
        run(["a", "b", "c", "d"], settings_of(tmp_path, cluster=slurm))


@pytest.mark.parametrize(("gpus", "on_gpu", "n_counts"), [(1, True, 3), (1, False, 2),
                                                          (0, True, 2), (None, True, 2)])
def test_workers_with_a_card_are_waited_for_where_the_description_has_some(
        tmp_path, gpus, on_gpu, n_counts):
    """No worker, then one without a card, then one with a card; `None`: an address."""
    plain, card = {"nthreads": 1, "resources": {}}, {"nthreads": 1, "resources": {"GPU": 1}}
    seen = iter([{}, {"a": plain}, {"a": plain, "b": card}])
    counts, checks = [], []

    def workers():
        counts.append(next(seen, counts and {"a": plain, "b": card}))
        return counts[-1]

    cluster = SimpleNamespace(client=SimpleNamespace(status="running"), workers=workers,
                              refuse_trouble=lambda: None, is_up=lambda: True,
                              check=lambda *arguments: checks.append(arguments[2]))
    settings = settings_of(tmp_path)
    settings.cluster = "tcp://s:1" if gpus is None else settings.cluster | {"gpus": gpus}

    dispatch.Dispatcher(cluster, "step", [], settings, on_gpu).wait_for_workers()

    assert len(counts) == n_counts + 1  # they are counted once more for the check
    assert list(checks[0]) == ["a", "b"]


SCRIPT = """
import sys
import test_dispatch
from pathlib import Path
if __name__ == "__main__":
    for outcome in test_dispatch.engine.outcomes(
            test_dispatch.measure, [{"img_name": f"hang{i}"} for i in range(9)],
            test_dispatch.settings_of(Path(sys.argv[1]))):
        pass
"""


def workers_of(folder):
    """Return the processes that work for a folder, by the mark that each has in /proc."""
    return [path for path in (folder / "cluster" / "at_work").glob("*.*")]


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")
def test_no_worker_and_no_server_outlives_a_script_that_is_killed(tmp_path):
    env = os.environ | {"PYTHONPATH": os.pathsep.join(
        [str(Path(__file__).parent), str(clusters.dask_setup.PIPE)])}
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(tmp_path)], env=env)
    while len(workers_of(tmp_path)) < 2:
        assert process.poll() is None
        time.sleep(0.1)
    pids = [int(path.name.rpartition(".")[2]) for path in workers_of(tmp_path)]
    process.kill()
    process.wait()

    def left():
        files = [*(tmp_path / "cluster").glob("*.json"), *(tmp_path / "cluster").glob("*.pem")]
        return [pid for pid in pids if is_alive(pid)] + files

    until = time.monotonic() + 60
    while left() and time.monotonic() < until:
        time.sleep(0.1)
    assert left() == []


@pytest.mark.parametrize(("answer", "n_threads", "says"), [
    (ModuleNotFoundError("No module named 'cosmouline'"), 1,
     r"the worker tcp://n:1 cannot load this version of the pipeline \(ModuleNotFoundError"),
    ("", 4, "the worker tcp://n:1 has 4 threads, but must have one: start it with --nthreads 1"),
    ("the worker n has numpy 1", 1, "the worker n has numpy 1")])
def test_workers_that_somebody_else_started_are_looked_at(tmp_path, answer, n_threads, says):
    client = SimpleNamespace(run=lambda *_, **__: {"tcp://n:1": answer})
    connection = clusters.Connection(client, "tcp://s:1", settings_of(tmp_path))

    with pytest.raises(UserError, match=says):
        connection.check("step", (), {"tcp://n:1": {"nthreads": n_threads}})
