"""What is written comes back, packed by epoch; what goes in is tested in tests/9_export."""

from cosmouline.lightcurve import io_hdf5

import h5py
import numpy as np
import pytest


@pytest.fixture
def datasets():
    rng = np.random.default_rng(4)
    return {"data": rng.normal(size=(3, 8, 8)), "is_used": rng.random((3, 8, 8)) > 0.5,
            "epochs/img_name": np.array(["R_1", "R_2", "ü3"]), "result/flux": rng.random((3, 2)),
            "empty": np.zeros((0, 2, 2))}


def test_arrays_and_attributes_come_back(tmp_path, datasets, read_hdf5):
    io_hdf5.write_hdf5(tmp_path / "a.h5", datasets, {"lens": "X", "sources": ["A", "B"]})

    found, attributes = read_hdf5(tmp_path / "a.h5")

    assert found.keys() == datasets.keys()
    assert found["data"] == pytest.approx(datasets["data"], rel=1e-6)
    assert found["data"].dtype == np.float32
    assert (found["is_used"] == datasets["is_used"]).all()
    assert list(found["epochs/img_name"]) == ["R_1", "R_2", "ü3"]
    assert (found["result/flux"] == datasets["result/flux"]).all()  # in double precision
    assert attributes["lens"] == "X"
    assert list(attributes["sources"]) == ["A", "B"]
    assert "FWHM 2 small pixels" in attributes["psf_convention"]


def test_one_epoch_is_one_block_and_nothing_is_pickled(tmp_path, datasets):
    io_hdf5.write_hdf5(tmp_path / "a.h5", datasets, {})

    with h5py.File(tmp_path / "a.h5", "r") as file:
        assert file["data"].chunks == (1, 8, 8)
        assert file["data"].compression == "gzip"
        assert h5py.check_string_dtype(file["epochs/img_name"].dtype).encoding == "utf-8"


def test_a_write_that_fails_leaves_the_old_file(tmp_path, datasets):
    path = tmp_path / "a.h5"
    io_hdf5.write_hdf5(path, datasets, {})
    before = path.read_bytes()

    with pytest.raises(TypeError):
        io_hdf5.write_hdf5(path, datasets | {"bad": np.array([object()])}, {})

    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
