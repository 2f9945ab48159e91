"""Workers that are started by hand: the process becomes dask's own program."""

import json
import os
import sys

import pytest

SCRIPT = "extrascripts/start_worker"


@pytest.fixture
def start(script, tmp_path, monkeypatch):
    """Return a function that runs the script: the command that it becomes, and its environment."""
    module = script(SCRIPT)
    published = tmp_path / "work" / "cluster" / "scheduler.json"
    published.parent.mkdir(parents=True)
    published.write_text(json.dumps({"address": "tls://h:1", "credentials": "/k.pem"}))
    monkeypatch.setattr(module, "LOOK_S", 0.01)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    found = []
    monkeypatch.setattr(os, "execv", lambda program, command: found.append((program, command)))

    def run(cluster, *options, live=(True,)):
        (tmp_path / "settings.py").write_text(
            f"work_dir = {str(tmp_path / 'work')!r}\nengine = 'dask'\ncluster = {cluster}\n")
        answers = iter(live)
        monkeypatch.setattr(module.connection, "is_live", lambda path: path == published
                            and next(answers, live[-1]))
        monkeypatch.setattr(sys, "argv", ["start_worker.py", str(tmp_path), *options])
        module.main()
        return found[-1][1]

    return run


def test_the_scheduler_is_waited_for_and_the_worker_has_its_address_and_cards(start):
    command = start("{'cluster': 'slurm', 'cores': 4, 'memory': '8GB', 'gpus': 2}", "--workers",
                    "3", live=(False, False, True))

    text = " ".join(command)
    assert command[0] == sys.executable
    for option in ("tls://h:1", "--nworkers 3", "--nthreads 1", "--memory-limit 2000000000"):
        assert option in text
    assert os.environ["COSMOULINE_GPUS"] == "2"
    assert os.environ["COSMOULINE_LOCKS"].endswith("/work/logs/cluster")
    assert os.environ["OMP_NUM_THREADS"] == "1"


@pytest.mark.parametrize(("cluster", "message"), [
    ("'tcp://n:1'", "start_worker.py: cluster of settings.py does not describe jobs."),
    ("{'cluster': 'local', 'cores': 1}", "start_worker.py: no scheduler of this lens runs (")])
def test_without_a_description_or_a_scheduler_it_stops(start, cluster, message):
    with pytest.raises(SystemExit) as stop:
        start(cluster, "--wait", "0.05", live=(False,))

    assert str(stop.value).startswith(message)
