"""Fixtures shared by all tests: a loader of numbered scripts, and the way to the shared data."""

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"


@pytest.fixture
def script():
    """Import a numbered script by its path from the project's root, without the ``.py``."""

    def load(name):
        path = ROOT / f"{name}.py"
        spec = importlib.util.spec_from_file_location("script_" + path.stem, path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture
def shared_data():
    """Give the path of a folder of ``shared/data`` beside the checkout; skip where it is not."""

    def find(name):
        path = SHARED_DATA / name
        if not path.exists():
            pytest.skip(f"{name} of the shared data is not on this machine")
        return path

    return find
