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


HOST = """
import sys
from pathlib import Path
from cosmouline.engine import launch

if __name__ == "__main__":
    launch.start_method = lambda: "spawn" if "spawn" in sys.argv else "fork"
    with launch.Host() as host:
        for script in sys.argv[2:]:
            print(host.run(Path(sys.argv[1]) / script, ["--no-pictures"]), flush=True)
"""
SCRIPTS = {  # each writes its process
    "well.py": "import os; print(os.getpid(), flush=True)",
    "failed.py": "import os, sys; print(os.getpid(), flush=True); sys.exit(3)",
    "broken.py": "import os; print(os.getpid(), flush=True); raise ValueError('made up')",
    "died.py": "import os; print(os.getpid(), flush=True); os.kill(os.getpid(), 9)",
    "thread.py": "import os, threading, time; print(os.getpid(), flush=True)\n"
                 "threading.Thread(target=time.sleep, args=(1,)).start()",
}


@pytest.mark.parametrize(("order", "statuses", "processes"), [
    (["well.py", "well.py", "well.py"], [0, 0, 0], [0, 0, 0]),
    (["well.py", "failed.py", "well.py"], [0, 3, 0], [0, 0, 1]),
    (["broken.py", "well.py"], [1, 0], [0, 1]),
    (["well.py", "died.py", "well.py"], [0, -9, 0], [0, 0, 1]),
    (["spawn", "well.py", "well.py"], [0, 0], [0, 1])])
def test_scripts_share_a_process_until_one_does_not_end_well(tmp_path, order, statuses, processes):
    """As many processes as are expected, and the exit status of each script."""
    for name, text in {"starter.py": HOST, **SCRIPTS}.items():
        (tmp_path / name).write_text(text)
    if "spawn" in order:
        (tmp_path / "starter.py").write_text(HOST.replace("sys.argv[2:]", "sys.argv[3:]"))

    done = subprocess.run([sys.executable, tmp_path / "starter.py", tmp_path, *order],
                          capture_output=True, text=True, check=True)

    words = done.stdout.split()
    assert [int(word) for word in words[1::2]] == statuses
    numbers = list(dict.fromkeys(words[::2]))
    assert [numbers.index(word) for word in words[::2]] == processes
    assert ("made up" in done.stderr) == ("broken.py" in order)


def test_a_script_that_leaves_a_thread_has_no_successor_in_its_process(tmp_path):
    """With the start method as it is: a copy of a process with threads may hang."""
    text = HOST.replace("    launch.start_method", "    # launch.start_method")
    for name, content in {"starter.py": text, **SCRIPTS}.items():
        (tmp_path / name).write_text(content)

    done = subprocess.run([sys.executable, tmp_path / "starter.py", tmp_path, "thread.py",
                           "well.py"], capture_output=True, text=True, check=True)

    first, status, second, last = done.stdout.split()
    assert (status, last) == ("0", "0")
    assert first != second
