"""Stacks against SWarp, apertures against source-extractor; small fields of the benchmark.

tests/benchmarks/stack_photometry.py has the figures of larger ones.
"""

import shutil

import pytest


def needed(program):
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed (Debian: {program.lower()})")


def test_a_stack_is_that_of_swarp(script, tmp_path):
    needed("SWarp")
    found = script("tests/benchmarks/stack_photometry").against_swarp(300, 4, 1, tmp_path, 25)

    assert found["n"] >= 2
    assert found["flux"] == pytest.approx(1.0, abs=5e-4)
    assert found["sky"] == pytest.approx(1.0, abs=0.05)
    assert found["weight"] == pytest.approx(1.0, abs=0.05)


def test_apertures_are_those_of_source_extractor(script, tmp_path):
    needed("source-extractor")
    found = script("tests/benchmarks/stack_photometry").against_extractor(250, 3, 2, tmp_path, 25)

    for most, _, n in found.values():
        assert n >= 10
        assert most < 1e-3
