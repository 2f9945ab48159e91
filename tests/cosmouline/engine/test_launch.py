"""Scripts started by another process: as if by hand."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import os, sys
from pathlib import Path

Path(sys.argv[1]).write_text(f"{sys.argv[0]} {__name__} {sys.argv[2]}")
if sys.argv[2] == "die":
    os.kill(os.getpid(), 9)
sys.exit(int(sys.argv[2]))
"""


STARTER = """
import sys
from cosmouline.engine import launch

if __name__ == "__main__":
    launch.start_method = lambda: sys.argv[1]
    for word in ("0", "3", "die"):
        process = launch.start(sys.argv[2], [f"{sys.argv[2]}.{word}", word])
        process.join()
        print(process.exitcode)
"""


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_script_gets_its_arguments_and_its_exit_status_is_told(tmp_path, method):
    """In a fresh process: this one may have threads or jax, and must not fork."""
    script, starter = tmp_path / "script.py", tmp_path / "starter.py"
    script.write_text(SCRIPT)
    starter.write_text(STARTER)

    done = subprocess.run([sys.executable, starter, method, script], check=True,
                          capture_output=True, text=True)

    assert done.stdout.split() == ["0", "3", "-9"]
    for word in ("0", "3", "die"):
        assert Path(f"{script}.{word}").read_text() == f"{script} __main__ {word}"


def test_what_is_loaded_beforehand_does_not_load_jax():
    """By a fresh process: this one may have loaded it for other tests."""
    text = ("import sys, importlib\nfrom cosmouline.engine import launch\n"
            "for name in launch.WARM: importlib.import_module(name)\n"
            "launch.load_libraries()\n"
            "sys.exit('jax' in sys.modules or 'scipy.spatial' not in sys.modules)")
    assert subprocess.run([sys.executable, "-c", text], check=False).returncode == 0


def test_a_script_that_loads_nothing_starts_at_once():
    """Loading astropy takes a second of CPU, in each of thirty scripts."""
    text = ("import sys\nfrom cosmouline.engine import launch\n"
            "sys.exit(', '.join({'astropy', 'scipy', 'matplotlib', 'jax', 'distributed', 'pebble'}"
            " & set(sys.modules)) or 0)")
    found = subprocess.run([sys.executable, "-c", text], check=False, stderr=subprocess.PIPE)
    assert (found.returncode, found.stderr) == (0, b"")


@pytest.mark.parametrize(("options", "words"), [([], "True True"),
                                               (["--no-pictures"], "True False")])
def test_copies_begin_with_what_most_scripts_need(tmp_path, options, words):
    """By a script that counts the fields known, and whether matplotlib is loaded."""
    script = tmp_path / "script.py"
    script.write_text("import sys\nfrom cosmouline.database.fields import lookup\n"
                      "print(lookup.cache_info().currsize > 99,\n"
                      "      'matplotlib.figure' in sys.modules, flush=True)\n")
    text = ("import sys\nfrom cosmouline.engine import launch\n"
            "launch.start(sys.argv[1], sys.argv[2:]).join()")
    done = subprocess.run([sys.executable, "-c", text, str(script), *options], check=True,
                          capture_output=True, text=True)
    assert done.stdout.strip() == words
