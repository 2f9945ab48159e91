"""A script on a cluster that is asked to stop, or whose scheduler goes away."""

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
from types import SimpleNamespace

from cosmouline.database.settings_cluster import check_cluster
from cosmouline.engine import engine, launch
from cosmouline.engine.cluster import connection, dispatch
from cosmouline.errors import UserError
from cosmouline.files.pids import is_alive

import pytest

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("distributed") is None,
                       reason="dask is not installed: pip install cosmouline[cluster]"),
    pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")]
SETTINGS = "engine = 'dask'\ncluster = {'cluster': 'local', 'cores': 2}\n"


def measure(image, settings):
    """Take a while."""
    time.sleep(0.1)
    return {}


@pytest.fixture
def lens(made_up, tmp_path):
    """Make a lens with a script that waits, whose workers are on a cluster of this machine."""
    made = made_up.Lens(tmp_path, [f"img{i}" for i in range(10)], made_up.MEASURE_WITH_FAULTS)
    made.settings(SETTINGS)
    return made


def pids_at_work(work):
    return [int(path.name.rpartition(".")[2]) for path in (work / "cluster/at_work").glob("*.*")]


def left_after(pids, work, patience_s=5.0):
    """Return what is left of a cluster: workers, scheduler files, keys, half-written files."""
    end = time.monotonic() + patience_s
    while True:
        left = [pid for pid in pids if is_alive(pid)]
        left += [path for path in (work / "cluster").rglob("*") if path.name != "at_work"]
        if not left or time.monotonic() > end:
            return left
        time.sleep(0.05)


def test_a_signal_ends_script_and_cluster_and_the_next_run_goes_on(lens):
    """The next run is on another engine; test_signals has the other signals."""
    work = lens.folder / "work"
    process = lens.start(WAIT_S="0.3")
    journal, pids = work / "database.json.journal", set()
    while not journal.exists() or len(journal.read_bytes().splitlines()) < 3:
        assert process.poll() is None
        pids.update(pids_at_work(work))
        time.sleep(0.05)
    process.terminate()
    text = process.communicate(timeout=60)[0]

    assert process.returncode == 143
    assert text.splitlines()[-1].endswith("what is finished is kept. Run it again to go on.")
    assert "Traceback" not in text
    assert "distributed" not in text
    assert pids  # one or two: the second worker may still be starting
    assert left_after(pids, work) == []
    n_done = sum("n_sources" in row for row in lens.rows.values())
    assert 2 <= n_done < 10
    lens.settings("")
    assert f"{10 - n_done} done, {n_done} kept" in lens.run()[0]


def settings_of(folder):
    description = check_cluster({"cluster": "local", "cores": 2}, "cluster")
    return SimpleNamespace(engine="dask", cluster=description, work_dir=folder, died_retries=0,
                           image_timeout_s=None, max_cpus=0)


def run_and_kill_the_scheduler(how, found):
    """Kill the scheduler when the first image is done."""
    for outcome in engine.outcomes(measure, [{"img_name": f"img{i}"} for i in range(100)], how):
        found.append(outcome)
        if len(found) == 1:
            path, = (how.work_dir / "cluster").glob("scheduler_*.json")
            os.kill(json.loads(path.read_text())["pid"], signal.SIGKILL)


def test_a_scheduler_that_goes_away_is_named_and_the_file_of_a_dead_one_passed_over(
        tmp_path, monkeypatch):
    monkeypatch.setattr(dispatch, "GONE_S", 1.0)
    how, found = settings_of(tmp_path), []
    published = connection.published_path(how)
    published.parent.mkdir()
    published.write_text('{"address": "tls://127.0.0.1:1", "credentials": null}')
    gone = subprocess.Popen(["true"])
    gone.wait()
    of_killed = f"{socket.gethostname()}_{gone.pid}"
    (published.parent / f"step_01_{of_killed}").mkdir()
    (published.parent / f"credentials_{of_killed}.pem").write_text("")
    try:
        with pytest.raises(UserError, match=r"the dask scheduler at tls://127\.0\.0\.1:\d+ is "
                                            "gone. What is finished is kept"):
            run_and_kill_the_scheduler(how, found)
    finally:
        connection.close_all()
    assert 1 <= len(found) < 100
    assert not [path for path in published.parent.iterdir() if str(gone.pid) in path.name]


def test_one_cluster_serves_all_scripts_of_a_run_and_ends_with_it(tmp_path, monkeypatch):
    work = tmp_path / "work"
    (tmp_path / "settings.py").write_text(f"work_dir = {str(work)!r}\n{SETTINGS}")
    live = []
    monkeypatch.setattr(launch, "stop_on_signals", lambda: None)
    monkeypatch.setattr(launch, "run_script", lambda *_: live.append(
        connection.is_live(work / "cluster" / "scheduler.json")) or 0)

    assert launch.run_stretch(["a", "b"], tmp_path, [], False) == 0
    assert live == [True, True]
    assert left_after([], work) == []
