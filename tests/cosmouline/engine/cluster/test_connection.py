"""Finding and checking a cluster, with a made-up client; test_dispatch has a real one."""

import json
import os
import socket
import subprocess
from types import SimpleNamespace

from cosmouline.database.settings_cluster import check_cluster
from cosmouline.engine.cluster import connection, worker
from cosmouline.engine.cluster.scheduler import trouble_path
from cosmouline.errors import UserError

import pytest

WORKERS = {f"tcp://n:{i}": {"nthreads": 1} for i in range(4)}


class Client:
    """A client of dask whose workers give the same answers again and again."""

    def __init__(self, address="tcp://s:1", status="running", kernels=(), **keywords):
        self.address, self.status, self.keywords = address, status, keywords
        self.kernels, self.asked, self.closed = kernels, [], False

    def run(self, function, *arguments, workers=None, on_error="raise"):
        self.asked.append(function)
        answers = {worker.unfit: [""] * 4, worker.kernel: self.kernels,
                   worker.who: [("n", i) for i in range(4)]}[function]
        return dict(zip(workers or WORKERS, answers, strict=False))

    def close(self, timeout):
        self.closed = True


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "cluster" / worker.AT_WORK).mkdir(parents=True)
    return SimpleNamespace(cluster="tcp://s:1", work_dir=tmp_path)


def checked(settings, *kernels, times=1):
    """Return the client of a connection after its workers were checked."""
    client = Client(kernels=kernels)
    made = connection.Connection(client, "tcp://s:1", settings)
    for _ in range(times):
        made.check("step", (), WORKERS)
    return client


def test_kernels_that_differ_are_warned_of_once_with_the_number_of_workers(settings, caplog):
    client = checked(settings, "SkylakeX", "Haswell", "SkylakeX", "SkylakeX", times=3)

    message, = caplog.messages
    assert "of OpenBLAS: Haswell on 1 workers, SkylakeX on 3 workers. Fluxes may differ" in message
    assert f" {connection.KERNEL_FLUX_DIFFERENCE:g} of their errors" in message
    assert '"export OPENBLAS_CORETYPE=Haswell" to \'prologue\'' in message
    assert client.asked == [worker.unfit, worker.kernel, worker.unfit, worker.unfit]


@pytest.mark.parametrize(("kernels", "oldest"), [
    (("Haswell", "Nehalem", "SkylakeX", "Zen"), "Nehalem"),
    (("Zen", "SkylakeX", "Zen", "SkylakeX"), "Zen"),
    (("Prescott", "Core2", "Zen", "Zen"), "Core2")])
def test_the_kernel_that_every_worker_can_run_is_proposed(settings, caplog, kernels, oldest):
    checked(settings, *kernels)

    assert f"OPENBLAS_CORETYPE={oldest}\"" in caplog.text


@pytest.mark.parametrize("kernels", [
    ("Haswell",) * 4, ("unknown",) * 4, ("Haswell", "unknown", "Haswell", "unknown"), ()])
def test_equal_or_unknown_kernels_are_not(settings, caplog, kernels):
    client = checked(settings, *kernels, times=2)

    assert caplog.messages == []
    assert client.asked.count(worker.kernel) == 2  # a worker that comes later may differ


def test_kernels_do_not_matter_for_what_workers_refuse():
    """They are no version: these are compared for equality."""
    assert not any("kernel" in name or "blas" in name.lower() for name in worker.versions())


@pytest.fixture
def opened(monkeypatch):
    """Let connections be made to a made-up dask; return the clients."""
    clients = []

    def make(address, **keywords):
        clients.append(Client(address, **keywords))
        return clients[-1]

    monkeypatch.setattr(connection.dask_setup, "load",
                        lambda needed=(): SimpleNamespace(Client=make))
    monkeypatch.setattr(connection, "security", lambda path: f"key in {path}")
    yield clients
    connection.close_all()


def test_one_connection_serves_all_steps_and_is_made_again_when_it_is_lost(settings, opened):
    first = connection.connected(settings)
    assert connection.connected(settings) is first
    assert (first.address, first.client.keywords["security"]) == ("tcp://s:1", None)

    first.client.status = "closed"
    second = connection.connected(settings)
    other = connection.connected(SimpleNamespace(cluster="tcp://s:2", work_dir=settings.work_dir))

    assert [client.closed for client in opened] == [True, False, False]
    assert second is connection.connected(settings) is not other
    settings.work_dir = settings.work_dir / "other"
    assert connection.connected(settings) not in (second, other)
    connection.close_all()
    assert all(client.closed for client in opened)


def test_a_scheduler_file_gives_address_and_key(settings, opened, tmp_path):
    path = tmp_path / "scheduler.json"
    path.write_text('{"address": "tls://s:3", "credentials": "/k.pem"}')

    made = connection.connected(SimpleNamespace(cluster=str(path), work_dir=settings.work_dir))

    assert (made.address, made.client.keywords["security"]) == ("tls://s:3", "key in /k.pem")


@pytest.mark.parametrize(("address", "hint"), [
    ("tcp://s:1", ""), ("tls://s:1", r" \(tls:// needs credentials: .*\)")])
def test_a_scheduler_that_does_not_answer_is_named_with_the_first_line(
        settings, monkeypatch, address, hint):
    def refuse(*_, **__):
        raise OSError("refused\nmore")

    monkeypatch.setattr(connection.dask_setup, "load",
                        lambda needed=(): SimpleNamespace(Client=refuse))

    settings.cluster = address
    with pytest.raises(UserError, match=f"no dask scheduler answers at {address}{hint}: refused$"):
        connection.connected(settings)


def test_files_of_killed_scripts_of_this_host_are_removed(settings, opened):
    gone = subprocess.Popen(["true"])
    gone.wait()
    folder, host = settings.work_dir / "cluster", socket.gethostname()
    dead = [folder / f"scheduler_{host}_{gone.pid}.json", folder / f"step_1_{host}_{gone.pid}"]
    alive = [folder / f"scheduler_{host}_{os.getpid()}.json", folder / f"step_1_far_{gone.pid}",
             folder / f"step_1_{host}_{gone.pid}_x"]
    for path in (dead[0], alive[0]):
        path.write_text("")
    for path in (dead[1], *alive[1:]):
        path.mkdir()
        (path / "step.pickle").write_text("")

    connection.connected(settings)

    assert [path.exists() for path in dead] == [False, False]
    assert all(path.exists() for path in alive)


def test_what_a_server_wrote_when_it_gave_up_is_raised_once(settings, tmp_path):
    publish = tmp_path / "cluster" / "scheduler.json"
    made = connection.Connection(Client(), "tcp://s:1", settings, publish=publish)
    made.refuse_trouble()
    trouble_path(publish).write_text("sbatch refused the job: no such account")

    with pytest.raises(UserError, match=r"^sbatch refused the job: no such account$"):
        made.gone()
    assert str(made.gone()).startswith("the dask scheduler at tcp://s:1 is gone. What is finished")


def test_the_files_of_dead_workers_go_and_those_of_live_ones_stay(settings):
    marks = settings.work_dir / "cluster" / worker.AT_WORK
    for name in ("n.0", "n.9"):
        (marks / name).write_text("img1")
        (settings.work_dir / f".{name}.0123abcd.tmp.x.fits").write_text("half")

    connection.Connection(Client(), "tcp://s:1", settings).tidy()

    assert [path.name for path in marks.iterdir()] == ["n.0"]
    assert [path.name for path in settings.work_dir.glob(".n*")] == [".n.0.0123abcd.tmp.x.fits"]


def test_only_workers_that_stay_at_work_are_restarted(settings, monkeypatch):
    monkeypatch.setattr(connection, "MOMENT_S", 0.1)
    marks = settings.work_dir / "cluster" / worker.AT_WORK
    (marks / "n.2").write_text("img1")
    client, restarted = Client(), []
    client.restart_workers = lambda addresses, **keywords: restarted.append(addresses)

    connection.Connection(client, "tcp://s:1", settings).free_workers()
    connection.Connection(client, "tcp://s:1", settings, server="ours").free_workers()

    assert restarted == [["tcp://n:2"]]


def test_a_scheduler_is_live_if_somebody_listens_there(tmp_path):
    path = tmp_path / "scheduler.json"
    assert not connection.is_live(path)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tls://127.0.0.1:{server.getsockname()[1]}"
        path.write_text(json.dumps({"address": address}))
        assert connection.is_live(path)
    assert not connection.is_live(path)
    path.write_text('{"address": "tls://127.0.0.1:port"}')
    assert not connection.is_live(path)


def test_a_server_that_cannot_start_says_why(settings, monkeypatch):
    settings.cluster = check_cluster({"cluster": "local", "cores": 1}, "cluster")
    publish = settings.work_dir / "cluster" / "mine.json"
    program = settings.work_dir / "fails"
    monkeypatch.setattr(connection.sys, "executable", str(program))
    log = settings.work_dir / "logs" / "cluster.log"

    program.write_text(f'#!/bin/sh\necho "$3|$4|$6|$7" > {program}.txt\nexit 1\n')
    program.chmod(0o755)
    with pytest.raises(UserError, match=f"^the cluster did not start: see the end of {log}$"):
        connection.start_server(settings, publish)
    assert program.with_name("fails.txt").read_text().split("|") == [
        str(settings.work_dir), json.dumps(settings.cluster), "--parent", f"{os.getpid()}\n"]
    program.write_text(f"#!/bin/sh\necho 'no network' > {trouble_path(publish)}\nexit 1\n")
    with pytest.raises(UserError, match=r"^no network\n$"):
        connection.start_server(settings, publish)


@pytest.mark.parametrize(("cluster", "is_live", "is_started"), [
    ({"cluster": "local", "cores": 1}, False, True),
    ({"cluster": "local", "cores": 1}, True, False), ("tcp://s:1", False, False)])
def test_one_cluster_is_kept_where_it_is_described_and_not_there(
        settings, monkeypatch, cluster, is_live, is_started):
    started, ended = [], []
    server = SimpleNamespace(terminate=lambda: ended.append(1), wait=lambda timeout: 0)
    monkeypatch.setattr(connection, "check_commands", lambda description: None)
    monkeypatch.setattr(connection, "is_live", lambda path: is_live)
    monkeypatch.setattr(connection, "start_server",
                        lambda *arguments, lazily: started.append((arguments, lazily)) or server)
    settings.cluster = cluster
    with connection.kept(settings):
        assert ended == []

    published = settings.work_dir / "cluster" / "scheduler.json"
    assert started == [((settings, published), True)] * is_started
    assert ended == [1] * is_started
