import json
import os
import subprocess
import sys

from cosmouline.errors import UserError
from cosmouline.files.lock import Lock

import pytest


def test_a_second_holder_is_refused_by_name(tmp_path):
    with Lock(tmp_path / "db"), pytest.raises(UserError, match=f"in use by .* {os.getpid()} on"):
        Lock(tmp_path / "db").__enter__()


def test_the_lock_is_gone_afterwards_also_after_an_error(tmp_path):
    with pytest.raises(KeyError), Lock(tmp_path / "db"):
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_a_lock_whose_process_is_gone_is_taken_over(tmp_path):
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    with Lock(tmp_path / "db") as lock:
        held = lock.mine | {"pid": child.pid, "started": "1"}
    (tmp_path / "db.lock").write_text(json.dumps(held))

    with Lock(tmp_path / "db") as lock:
        assert json.loads(lock.path.read_text())["pid"] == os.getpid()


def test_a_reused_process_number_does_not_keep_the_lock(tmp_path):
    with Lock(tmp_path / "db") as lock:
        held = lock.mine | {"started": "1"}
    (tmp_path / "db.lock").write_text(json.dumps(held))

    with Lock(tmp_path / "db"):
        pass


def test_a_lock_of_another_host_is_only_reported_with_the_way_to_remove_it(tmp_path):
    held = {"host": "elsewhere", "pid": 1, "script": "x.py"}
    (tmp_path / "db.lock").write_text(json.dumps(held))

    with pytest.raises(UserError, match=r"x\.py \(process 1 on elsewhere.*rm .*db\.lock"):
        Lock(tmp_path / "db").__enter__()


def test_only_one_of_many_racing_processes_holds_it(tmp_path):
    code = ("import sys, time; from pathlib import Path; from cosmouline.files.lock import Lock\n"
            "from cosmouline.errors import UserError\n"
            "try:\n"
            "    with Lock(Path(sys.argv[1])): print('held', flush=True); time.sleep(1.5)\n"
            "except UserError: pass\n")
    (tmp_path / "db.lock").write_text(json.dumps(
        {"host": os.uname().nodename, "pid": 2**22 + 1, "started": "1"}))
    racers = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "db")],
                               stdout=subprocess.PIPE, text=True) for _ in range(5)]

    assert "".join(racer.communicate()[0] for racer in racers) == "held\n"


def test_a_lock_that_others_always_take_first_is_given_up(tmp_path, monkeypatch):
    """It is there at each of three tries, and given back before its holder can be read."""
    (tmp_path / "db.lock").write_text("{}")
    tries = []
    monkeypatch.setattr(Lock, "_read", lambda self: tries.append(1))

    with pytest.raises(UserError, match="other scripts were faster"):
        Lock(tmp_path / "db").__enter__()

    assert len(tries) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["db.lock"]
