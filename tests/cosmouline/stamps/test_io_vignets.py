"""Stores of vignets."""

from cosmouline.errors import UserError
from cosmouline.stamps.io_vignets import read_store, write_stores

import numpy as np
import pytest


def test_blocks_are_written_in_their_rows(tmp_path):
    paths = [(tmp_path / "a" / "image.npy", np.float32), (tmp_path / "a" / "flags.npy", np.int16)]
    blocks = [([2, 0], np.full((2, 3, 3), 5.0), np.full((2, 3, 3), 7)),
              ([3], np.full((1, 3, 3), 6.0), np.full((1, 3, 3), 8))]
    write_stores(paths, 4, 3, iter(blocks))
    image, flags = (read_store(path) for path, _ in paths)
    assert image[:, 1, 1].tolist() == [5, 0, 5, 6]
    assert flags[:, 0, 2].tolist() == [7, 0, 7, 8]
    assert image.dtype == np.float32
    assert isinstance(image, np.memmap)


def test_a_store_that_fails_leaves_the_old_one(tmp_path):
    path = tmp_path / "image.npy"
    write_stores([(path, np.float32)], 1, 2, [([0], np.ones((1, 2, 2)))])

    def broken():
        yield [0], np.zeros((1, 2, 2))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_stores([(path, np.float32)], 1, 2, broken())
    assert (read_store(path) == 1).all()
    assert [one.name for one in tmp_path.iterdir()] == ["image.npy"]


def test_an_empty_or_missing_store(tmp_path):
    write_stores([(tmp_path / "no.npy", np.float32)], 0, 5, [])
    assert np.load(tmp_path / "no.npy").shape == (0, 5, 5)
    with pytest.raises(UserError, match="Run fac_shapes/5a_vignets"):
        read_store(tmp_path / "x.npy")
