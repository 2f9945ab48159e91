"""Every product is written under a temporary name and renamed, whichever script writes it.

The watch itself stands in tests/conftest.py: it looks at every script that a test runs on the
small lens, and the order is run there as a whole. Here: that it sees, and who writes at all.
"""

import ast
import os
import re
from pathlib import Path

from cosmouline.files import io_report

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [path for folder in ("pipe", "lcmanip", "extrascripts", "skymaker")
           for path in sorted((ROOT / folder).rglob("*.py"))]
WRITERS = {"write_text", "write_bytes", "writeto", "savefig", "savez", "savez_compressed",
           "savetxt", "tofile", "to_csv", "copyfile", "copy2", "touch", "symlink_to"}
TARGETS = {"temporary", "pages", "stream", "buffer", "text"}  # of `atomic_path`, or memory
OURS = ("io_text.", "reports.")  # write_text of ours, which takes care itself
# the journal and the lock are no products; these gather in a new folder, which is renamed whole;
# a new configuration is a folder for the user to edit; a cluster's own folder has no products;
# errors.py opens the null device
OWN_WAYS = {"json_store.py", "lock.py", "release.py", "5_opt_new_config.py", "new_lens.py",
            "reduction.py", "scheduler.py", "gpu.py", "worker.py", "errors.py",
            "connection.py"}


def direct_writes(path):
    """Yield the lines in which a file is written and no temporary name is in sight."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        text = ast.unparse(call) if name == "open" or name in WRITERS else ""
        opens = name == "open" and re.search("""mode='[wax]|, '[wax]""", text)
        writes = isinstance(call.func, ast.Attribute) and name in WRITERS
        names = {node.id for node in ast.walk(call) if isinstance(node, ast.Name)}
        if (opens or writes) and not names & TARGETS and not text.startswith(OURS):
            yield f"{path.name}:{call.lineno} {text}"


@pytest.mark.parametrize("how", ["open", "os.open", "numpy"])
def test_the_watch_sees_a_write_under_the_final_name(tmp_path, how, request):
    watch = next(plugin.WRITES for plugin in request.config.pluginmanager.get_plugins()
                 if hasattr(plugin, "WRITES") and hasattr(plugin, "DirectWrites"))
    write = {"open": lambda path: path.write_text("x"),
             "os.open": lambda path: os.close(os.open(path, os.O_WRONLY | os.O_CREAT)),
             "numpy": lambda path: np.savez(path, x=np.ones(3))}[how]

    with pytest.raises(AssertionError, match="without a temporary name"), watch.none_in(tmp_path):
        write(tmp_path / "x.npz")
    with watch.none_in(tmp_path):
        io_report.write_text(tmp_path / "x.txt", "x")
        (tmp_path / "x.txt").read_text()


def test_no_source_writes_under_a_final_name():
    found = [line for path in SOURCES if path.name not in OWN_WAYS
             for line in direct_writes(path)]

    assert found == []


def test_the_search_of_sources_sees(tmp_path):
    source = tmp_path / "x.py"
    source.write_text("path.write_text('x')\nopen(path, 'w')\nopen(path)\n"
                      "temporary.write_text('x')\npage.savefig(path)\n")

    assert [line.split()[0] for line in direct_writes(source)] == ["x.py:1", "x.py:2", "x.py:5"]
