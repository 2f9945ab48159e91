"""Joint fits go to the workers with a graphics card; the card is made up here."""

import importlib.util
import os
import sys
from types import SimpleNamespace

from cosmouline.database.settings_cluster import check_cluster
from cosmouline.engine import engine
from cosmouline.engine.cluster import connection

import pytest

pytestmark = pytest.mark.skipif(importlib.util.find_spec("distributed") is None,
                                reason="dask is not installed: pip install cosmouline[cluster]")


def measure(image, settings):
    """Return which card this worker has, and where jax would compute if it is loaded."""
    device = "jax" in sys.modules and sys.modules["jax"].config.jax_default_device
    return {"card": os.environ.get("COSMOULINE_GPU"), "pid": os.getpid(),
            "device": device and device.platform}  # None: wherever jax likes best


def test_what_is_for_a_card_goes_to_the_workers_that_have_one(tmp_path):
    description = {"cluster": "local", "cores": 2, "memory": "2GB", "gpus": 1}
    how = SimpleNamespace(engine="dask", cluster=check_cluster(description, "cluster"),
                          work_dir=tmp_path, image_timeout_s=None, died_retries=0, max_cpus=0)
    images = [{"img_name": f"set{i}"} for i in range(4)]
    try:
        fits = list(engine.outcomes(measure, images[:1], how, on_gpu=True))
        fits += engine.outcomes(measure, images, how, on_gpu=True)
        rest = list(engine.outcomes(measure, images, how))
    finally:
        connection.close_all()

    assert [o.word for o in fits + rest] == ["done"] * 9
    assert {(o.values["card"], o.values["device"]) for o in fits} == {("0", None)}
    assert len({o.values["pid"] for o in fits}) == 1
    assert {o.values["device"] for o in rest if o.values["card"] == "0"} <= {"cpu"}
