"""Images on a real Slurm: what goes wrong on clusters costs no other image."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from cosmouline.engine import engine
from cosmouline.engine.cluster import connection, dispatch
from cosmouline.errors import UserError

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
BAD = {"img013": "failed", "img017": "died", "img023": "died"}
NAMES = [f"img{i:03d}" for i in range(200)]


def measure(image, settings):
    """Return numbers that need a library; three images are bad."""
    name = image["img_name"]
    if name == "img013":
        raise ValueError("broken")
    if name == "img017" and settings.engine != "serial":
        os.kill(os.getpid(), signal.SIGSEGV)
    if name == "img023" and settings.engine != "serial":
        hog = np.ones(40_000_000)  # 320 MB, of 300 MB that a worker has
        time.sleep(60)
        return {"hog": hog.sum()}
    time.sleep(0.05)
    generator = np.random.default_rng(int(name[3:]))
    matrix = generator.normal(size=(50, 50))
    return {"x": float(np.linalg.slogdet(matrix)[1]), "y": float((matrix @ matrix).sum())}


def serial_rows(how):
    serial = type(how)(**vars(how) | {"engine": "serial"})
    images = [{"img_name": name} for name in NAMES if BAD.get(name) != "died"]
    return {o.img_name: o.values for o in engine.outcomes(measure, images, serial)}


def kill_a_worker(slurm):
    os.kill([pid for job in slurm.running() for pid in slurm.processes(job)][-1], signal.SIGKILL)


def test_faults_cost_the_bad_images_alone(slurm, described):
    """A worker killed, a job cancelled, a node lost; all images accounted for, bit for bit."""
    faults = {30: kill_a_worker,
              70: lambda slurm: slurm.ask("scancel", slurm.running()[0]),
              110: lambda slurm: slurm.lose_node(slurm.running()[-1])}
    how = described()
    found = []
    for outcome in engine.outcomes(measure, [{"img_name": name} for name in NAMES], how):
        found.append(outcome)
        if len(found) in faults:
            faults[len(found)](slurm)

    assert sorted(o.img_name for o in found) == NAMES
    assert {o.img_name: o.word for o in found if o.word != "done"} == BAD
    assert {o.img_name: o.values for o in found if o.word == "done"} == {
        name: row for name, row in serial_rows(how).items() if name not in BAD}
    connection.close_all()
    until = time.monotonic() + 60
    while slurm.jobs() and time.monotonic() < until:
        time.sleep(0.1)
    assert slurm.jobs() == {}


def test_a_job_that_the_queue_refuses_is_told_in_its_words(slurm, described):
    with pytest.raises(UserError, match=r"sbatch refused the job: .*invalid partition") as problem:
        list(engine.outcomes(measure, [{"img_name": name} for name in NAMES],
                             described(queue="nosuch")))
    assert "\n" not in str(problem.value)


def test_a_full_queue_is_told_and_waited_for(slurm, described, monkeypatch, caplog):
    """All nodes take no jobs until the line has come."""
    monkeypatch.setattr(dispatch, "TELL_S", 0.5)
    nodes = f"nodename={','.join(f'n{i}' for i in range(slurm.n_nodes))}"
    slurm.ask("scontrol", "update", nodes, "state=drain", "reason=full")
    opened = threading.Event()

    class Opens(logging.Handler):
        def emit(self, record):
            if "no worker yet on tls://" in record.getMessage() and not opened.is_set():
                opened.set()
                slurm.ask("scontrol", "update", nodes, "state=resume")

    caplog.set_level(logging.INFO, "cosmouline")
    handler = Opens()
    logging.getLogger("cosmouline").addHandler(handler)
    try:
        found = list(engine.outcomes(measure, [{"img_name": name} for name in NAMES[:6]],
                                     described(jobs=1)))
    finally:
        logging.getLogger("cosmouline").removeHandler(handler)

    assert opened.is_set()
    assert [o.word for o in found] == ["done"] * 6


SCRIPT = """
import importlib.util, sys
from cosmouline.database import settings
from cosmouline.engine import engine
spec = importlib.util.spec_from_file_location("test_slurm", {test!r})
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
how = settings.load_settings({folder!r})
for o in engine.outcomes(module.measure, [{{"img_name": n}} for n in module.NAMES[:8]], how):
    print(o.img_name, o.word, flush=True)
"""


def test_workers_of_one_allocation(slurm, tmp_path):
    """As configs/sample/slurm_allocation.sh: two tasks, the scheduler without jobs, a command."""
    (tmp_path / "settings.py").write_text(
        f"work_dir = {str(tmp_path / 'work')!r}\nengine = 'dask'\n"
        "cluster = {'cluster': 'slurm', 'cores': 1, 'memory': '600MB', 'interface': 'lo'}\n")
    (tmp_path / "script.py").write_text(SCRIPT.format(test=__file__, folder=str(tmp_path)))
    env = os.environ | {"PYTHONPATH": str(ROOT / "pipe")}
    start = [sys.executable, str(ROOT / "extrascripts" / "start_worker.py"), str(tmp_path)]
    workers = subprocess.Popen(["srun", "-n2", "--mem=600", *start], env=env, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    done = subprocess.run(
        [sys.executable, str(ROOT / "extrascripts" / "start_cluster.py"), str(tmp_path),
         "--no-jobs", "--run", sys.executable, str(tmp_path / "script.py")],
        env=env, text=True, capture_output=True, timeout=120)
    told = workers.communicate(timeout=120)[0]

    assert done.returncode == 0, done.stderr + told
    assert sorted(line for line in done.stdout.splitlines() if line.startswith("img")) == [
        f"{name} done" for name in NAMES[:8]]
    assert "Traceback" not in done.stderr
    assert list((tmp_path / "work" / "cluster").glob("*.json")) == []
