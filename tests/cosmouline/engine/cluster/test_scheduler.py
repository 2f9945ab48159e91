"""The process that owns a cluster: what it publishes, runs and leaves."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

from cosmouline.database.settings_cluster import check_cluster
from cosmouline.engine.cluster import scheduler

import pytest

pytestmark = pytest.mark.skipif(importlib.util.find_spec("distributed") is None,
                                reason="dask is not installed: pip install cosmouline[cluster]")

SERVE = """
import json, sys
from pathlib import Path
from cosmouline.engine.cluster import scheduler
publish = Path(sys.argv[2]) / "cluster" / "scheduler.json"
status = scheduler.serve(Path(sys.argv[2]), json.loads(sys.argv[1]), publish, has_jobs=False,
                         command=[sys.executable, "-c", sys.argv[3], str(publish)])
scheduler.exit_now(status)
"""
COMMAND = """
import json, os, pathlib, sys
content = json.loads(pathlib.Path(sys.argv[1]).read_text())
key = pathlib.Path(content["credentials"])
print(json.dumps(content | {"mode": key.stat().st_mode & 0o777, "folder": os.listdir(key.parent)}))
sys.stdout.flush()
"""


def description(**changes):
    return check_cluster({"cluster": "local", "cores": 2, "memory": "3GB"} | changes, "cluster")


@pytest.mark.parametrize(("end", "status"), [("sys.exit(3)", 3),
                                             ("os.kill(os.getpid(), 9)", 137)])
def test_a_command_finds_a_scheduler_and_its_status_is_the_servers(tmp_path, end, status):
    """Scheduler file and key are there for the command, and gone afterwards."""
    done = subprocess.run([sys.executable, "-c", SERVE, json.dumps(description()), tmp_path,
                           COMMAND + end], text=True, capture_output=True, timeout=100)

    assert done.returncode == status, done.stderr
    content = json.loads(done.stdout)
    assert content["address"].startswith("tls://127.0.0.1:")
    assert content["mode"] == 0o600
    assert content["description"]["memory"] == "3GB"
    assert set(content["folder"]) >= {"scheduler.json", Path(content["credentials"]).name}
    assert list((tmp_path / "cluster").iterdir()) == []


def test_a_server_removes_no_scheduler_file_but_its_own(tmp_path):
    change = "\npathlib.Path(sys.argv[1]).write_text('{\"address\": \"of another server\"}')"
    subprocess.run([sys.executable, "-c", SERVE, json.dumps(description()), tmp_path,
                    COMMAND + change], capture_output=True, timeout=100, check=True)

    assert [path.name for path in (tmp_path / "cluster").iterdir()] == ["scheduler.json"]


@pytest.mark.parametrize(("changes", "more"), [
    ({}, []), ({"interface": "ib0"}, ["--interface", "ib0"]),
    ({"cluster": "slurm"}, ["--memory-limit", "1500000000"])])
def test_workers_are_started_with_one_thread_and_the_key(tmp_path, changes, more):
    publish = tmp_path / "scheduler.json"
    publish.write_text('{"address": "tls://h:1", "credentials": "/k.pem"}')

    command = scheduler.worker_command(publish, description(**changes), 5)

    assert command[:4] == [sys.executable, "-m", "distributed.cli.dask_worker", "tls://h:1"]
    text = " ".join(command)
    for option in ("--nthreads 1", "--nworkers 5", "--tls-ca-file /k.pem", "--tls-cert /k.pem",
                   "--tls-key /k.pem"):
        assert option in text
    assert command[-len(more):] == more or not more
    assert ("--interface" in command, "--memory-limit" in command) == (
        "interface" in changes, "cluster" in changes)


def test_everybody_uses_the_one_key_and_encryption_is_required():
    found = scheduler.security(Path("/k.pem"))

    for role in ("client", "scheduler", "worker"):
        assert found.get_tls_config_for_role(role)["key"] == "/k.pem"
        assert found.get_tls_config_for_role(role)["cert"] == "/k.pem"
    assert found.tls_ca_file == "/k.pem"
    assert found.require_encryption is True


def test_why_a_server_gives_up_stays_in_a_file(tmp_path):
    """A cluster of a queue that is not there: the text is what the script shows."""
    publish = tmp_path / "cluster" / "mine.json"
    slurm = description(cluster="slurm", interface="no-such-interface")
    done = subprocess.run(
        [sys.executable, "-m", "cosmouline.engine.cluster.scheduler", tmp_path, json.dumps(slurm),
         publish, "--parent", str(os.getpid())], text=True, capture_output=True, timeout=100)

    assert done.returncode == 1
    assert scheduler.trouble_path(publish) == publish.with_name("mine.trouble")
    reason = scheduler.trouble_path(publish).read_text()
    assert reason.startswith("the cluster cannot start: ")
    assert "no-such-interface" in reason
    assert f"ERROR {reason.splitlines()[0]}" in done.stderr
    assert not publish.exists()
