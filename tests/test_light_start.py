"""What scripts load at their start: a script that finds nothing to do needs no large library."""

import json
import runpy
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LARGE = ("scipy", "astropy", "matplotlib", "PIL", "sep", "jax", "dask", "tqdm", "pebble")
LOAD = """
import json, runpy, sys
found = {}
for path in sys.argv[1:]:
    before = set(sys.modules)
    runpy.run_path(path, run_name="loaded")
    new = {name.partition(".")[0] for name in set(sys.modules) - before}
    found[path] = sorted(new & set(LARGE))
print(json.dumps(found))
"""


def test_no_script_of_an_order_loads_a_large_library_before_it_needs_it():
    """Every script is loaded as far as its main function; each library is seen where it is new."""
    order = runpy.run_path(str(ROOT / "pipe" / "order.py"))
    paths = [str((ROOT if name.startswith("lcmanip") else ROOT / "pipe") / f"{name}.py")
             for name in dict.fromkeys((*order["QUASAR"], *order["COMBI"]))]

    done = subprocess.run([sys.executable, "-c", f"LARGE = {LARGE}\n{LOAD}", *paths],
                          capture_output=True, text=True, check=True)

    found = json.loads(done.stdout)
    assert len(found) == len(paths)
    assert {path: names for path, names in found.items() if names} == {}


def test_the_order_starts_without_numpy():
    """`run_all.py` itself; what it asks the database for is counted in its own test."""
    code = "import sys, runpy; runpy.run_path(sys.argv[1], run_name='loaded'); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, str(ROOT / "pipe" / "run_all.py")],
                          capture_output=True, text=True, check=True)

    assert not {"numpy", *LARGE} & set(done.stdout.split())
