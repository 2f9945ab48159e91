"""Which worker of a job takes which graphics card; the cards are made up."""

import os
from types import SimpleNamespace

from cosmouline.engine.cluster import gpu

import pytest

NAMES = ("COSMOULINE_GPU", "CUDA_VISIBLE_DEVICES", "JAX_PLATFORMS")


@pytest.fixture
def start(monkeypatch, tmp_path):
    """Return a function that starts a worker: its card, what it announces, and what CUDA sees."""
    monkeypatch.setattr(gpu, "_held", [])
    for name in gpu._JOB:
        monkeypatch.delenv(name, raising=False)
    for name in NAMES:
        monkeypatch.setenv(name, "x")  # so that it is restored at the end
    monkeypatch.setenv("COSMOULINE_LOCKS", str(tmp_path / "locks"))

    def make(visible=None):
        for name in NAMES:
            os.environ.pop(name, None)
        if visible is not None:
            os.environ["CUDA_VISIBLE_DEVICES"] = visible
        state = SimpleNamespace(total_resources={}, available_resources={})
        gpu.dask_setup(SimpleNamespace(state=state))
        assert state.total_resources == state.available_resources
        return (os.environ.get("COSMOULINE_GPU"), state.total_resources.get("GPU"),
                os.environ.get("CUDA_VISIBLE_DEVICES"))

    yield make
    for file in gpu._held:
        file.close()


def test_each_card_goes_to_one_worker_of_a_job(start, monkeypatch):
    monkeypatch.setenv("COSMOULINE_GPUS", "2")
    monkeypatch.setenv("SLURM_JOB_ID", "7")

    assert [start() for _ in range(3)] == [("0", 1, "0"), ("1", 1, "1"), (None, None, None)]
    assert os.environ["JAX_PLATFORMS"] == "cpu"
    gpu._held.pop(0).close()  # as when its worker ends
    assert start() == ("0", 1, "0")
    assert "JAX_PLATFORMS" not in os.environ
    monkeypatch.setenv("SLURM_JOB_ID", "8")
    assert start() == ("0", 1, "0")


def test_a_lock_follows_no_link(start, monkeypatch, tmp_path):
    monkeypatch.setenv("COSMOULINE_GPUS", "1")
    start()
    lock, = (tmp_path / "locks").iterdir()
    lock.unlink()
    (tmp_path / "precious").write_text("kept")
    lock.symlink_to(tmp_path / "precious")

    with pytest.raises(OSError, match="symbolic links"):
        start()
    assert (tmp_path / "precious").read_text() == "kept"


def test_the_cards_are_those_that_the_queue_gave_to_the_job(start, monkeypatch):
    monkeypatch.setenv("COSMOULINE_GPUS", "3")

    assert [start("5,7") for _ in range(3)] == [("0", 1, "5"), ("1", 1, "7"), ("2", 1, "2")]


def test_jobs_without_a_queue_are_told_apart_by_their_cluster(start, monkeypatch):
    monkeypatch.setenv("COSMOULINE_GPUS", "1")
    monkeypatch.setenv("COSMOULINE_CLUSTER_ID", "host_1")
    assert start()[0] == "0"
    assert start()[0] is None
    monkeypatch.setenv("COSMOULINE_CLUSTER_ID", "host_2")
    assert start()[0] == "0"
    monkeypatch.delenv("COSMOULINE_GPUS")
    assert start("5") == (None, None, "5")
