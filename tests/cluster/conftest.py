"""A Slurm for the tests of this folder, and settings that use it."""

import contextlib
import importlib.util
import sys
from pathlib import Path
from types import SimpleNamespace

from cosmouline.database.settings_cluster import check_cluster
from cosmouline.engine.cluster import connection

import pytest

spec = importlib.util.spec_from_file_location("fake_slurm",
                                              Path(__file__).parent / "fake_slurm.py")
fake_slurm = sys.modules.setdefault("fake_slurm", importlib.util.module_from_spec(spec))
spec.loader.exec_module(fake_slurm)


@pytest.fixture(scope="session")
def slurm(tmp_path_factory):
    """Three nodes of two processors each, on this host."""
    reason = fake_slurm.why_not()
    if reason:
        pytest.skip(reason)
    with contextlib.ExitStack() as stack:
        try:
            running = stack.enter_context(
                fake_slurm.FakeSlurm(tmp_path_factory.mktemp("slurm") / "fake"))
        except RuntimeError as problem:  # a container may forbid its daemons
            pytest.skip(f"Slurm cannot be started here: {problem}")
        yield running


@pytest.fixture
def described(tmp_path):
    """Return settings with a description of Slurm jobs, with changes."""
    def make(died_retries=0, image_timeout_s=None, **changes):
        description = {"cluster": "slurm", "jobs": 2, "cores": 2, "memory": "600MB",
                       "walltime": "00:30:00", "queue": "main", "interface": "lo"} | changes
        return SimpleNamespace(engine="dask", cluster=check_cluster(description, "cluster"),
                               work_dir=tmp_path, image_timeout_s=image_timeout_s,
                               died_retries=died_retries, max_cpus=0)
    yield make
    connection.close_all()
