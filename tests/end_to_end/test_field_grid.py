"""A part of the grid of lenses: two cells of four epochs, resumed where it was left."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
CELLS = ("1.0:050:010:cross", "1.0:010:010:double")


@pytest.fixture
def grid(script, monkeypatch):
    """Give the benchmark as a module."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    return script("tests/benchmarks/field_grid")


def test_the_drawn_fluxes_come_back_and_a_cell_is_not_fitted_twice(grid, tmp_path, monkeypatch):
    path = tmp_path / "grid.jsonl"
    words = [str(path), "--epochs", "4", "--stars", "8", "--seed", "3", "--cells"]
    grid.main([*words, CELLS[0]])
    first = path.read_text()
    grid.main([*words, *CELLS])
    monkeypatch.setattr(grid, "run", lambda *_: pytest.fail("a cell is fitted again"))
    grid.main([*words, *CELLS])

    text = path.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert text.startswith(first)
    assert [line["cell"] for line in lines] == list(CELLS)
    assert [len(line["z"]) for line in lines] == [4, 2]
    for line in lines:
        # six offsets of Gaussian errors: 1e-4 that one is beyond 4.2; the light is found to 20 %
        assert np.abs(line["z"]).max() < 4.2
        assert line["ended"] == "converged"
        assert line["extended_light"] == pytest.approx(1.0, abs=0.2)
    assert list(tmp_path.glob("grid.4_8_2_3.npz"))  # the stars of the frames, fitted once


def test_the_psf_is_that_of_the_lens_at_its_place(grid):
    """In round 3 it changes over the field, but not there."""
    epochs = sys.modules["field_grid_epochs"]
    psf = {"fwhm": 4.0, "ellipticity": 0.1, "angle": 0.7}
    change = {"width": np.array([0.02, -0.01]), "curved": 0.01,
              "stretch": np.array([0.02 + 0.01j, 0.0])}

    here, there = (epochs.at_place(psf, change, uv) for uv in (
        epochs.LENS_UV, epochs.LENS_UV + np.array((0.5, 0.0))))

    for name, value in psf.items():
        assert here[name] == pytest.approx(value)
        assert there[name] != pytest.approx(value, rel=1e-3)
