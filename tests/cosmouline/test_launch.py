"""Scripts started by another process: as if by hand."""

import subprocess
import sys

from cosmouline import launch

import pytest

SCRIPT = """
import os, sys
from pathlib import Path

Path(sys.argv[1]).write_text(f"{sys.argv[0]} {__name__} {sys.argv[2]}")
if sys.argv[2] == "die":
    os.kill(os.getpid(), 9)
sys.exit(int(sys.argv[2]))
"""


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize(("word", "status"), [("0", 0), ("3", 3), ("die", -9)])
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")  # of what runs the tests
def test_a_script_gets_its_arguments_and_its_exit_status_is_told(
        tmp_path, monkeypatch, method, word, status):
    monkeypatch.setattr(launch, "start_method", lambda: method)
    script, told = tmp_path / "script.py", tmp_path / "told.txt"
    script.write_text(SCRIPT)

    process = launch.start(script, [str(told), word])
    process.join()

    assert process.exitcode == status
    assert told.read_text() == f"{script} __main__ {word}"


def test_what_is_loaded_beforehand_does_not_load_jax():
    """By a fresh process: this one may have loaded it for other tests."""
    text = ("import sys, importlib\nfrom cosmouline import launch\n"
            "for name in launch.WARM: importlib.import_module(name)\n"
            "sys.exit('jax' in sys.modules or 'scipy.spatial' not in sys.modules)")
    assert subprocess.run([sys.executable, "-c", text], check=False).returncode == 0
