"""What workers get from the environment, and where dask may write."""

import importlib.util
import logging
import os

from cosmouline.engine.cluster import dask_setup
from cosmouline.errors import UserError

import pytest


def test_workers_run_this_checkout_with_one_thread_and_the_settings_of_the_user(monkeypatch):
    pipe = str(dask_setup.PIPE)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["/mine", pipe, ""]))
    monkeypatch.setenv("DASK_DISTRIBUTED__WORKER__MEMORY__TERMINATE", "0.5")

    found = dask_setup.environment()

    assert (dask_setup.PIPE / "cosmouline" / "run.py").is_file()
    assert found["PYTHONPATH"] == os.pathsep.join([pipe, "/mine"])
    assert found["DASK_DISTRIBUTED__WORKER__MEMORY__TERMINATE"] == "0.5"
    assert found["DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES"] == "0"
    assert found["DASK_DISTRIBUTED__WORKER__PRELOAD"] == "['cosmouline.engine.cluster.gpu']"
    assert (found["OMP_NUM_THREADS"], found["MPLBACKEND"]) == ("1", "Agg")
    assert int(found["MALLOC_MMAP_THRESHOLD_"]) == 32 * 2**20  # the most that glibc takes


def test_what_is_not_installed_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec",
                        lambda name: None if name in ("dask_jobqueue", "cryptography") else 1)

    with pytest.raises(UserError, match=r"^engine = \"dask\" needs dask_jobqueue, cryptography: "
                                        r"pip install 'cosmouline\[cluster\]'$"):
        dask_setup.load(("distributed", "dask_jobqueue"))
    with pytest.raises(UserError, match="needs cryptography: pip"):
        dask_setup.load()


def test_dask_writes_to_the_log_file_alone(capsys, monkeypatch):
    pytest.importorskip("distributed")
    records = []

    class File(logging.Handler):
        def emit(self, record):
            records.append(record.getMessage())

    monkeypatch.setattr(logging.getLogger("cosmouline.file"), "handlers", [File()])
    logging.getLogger("distributed.made_up").addHandler(logging.StreamHandler())

    dask_setup.load()

    logging.getLogger("distributed.made_up").error("a worker is lost")
    logging.getLogger("tornado.application").error("closed")
    assert records == ["a worker is lost", "closed"]
    assert capsys.readouterr() == ("", "")
    monkeypatch.undo()
    dask_setup.load()
