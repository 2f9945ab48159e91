"""A Python without the libraries, or too old, gets one line from every script, no traceback."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = sorted(path for pattern in ("pipe/*.py", "pipe/*/*.py", "lcmanip/*.py",
                                      "extrascripts/*.py", "skymaker/*.py")
                 for path in ROOT.glob(pattern)
                 if path.name != "order.py" and path.parent.name != "cosmouline")
SOME = [f"{ROOT}/{name}.py" for name in (
    "pipe/run_all", "pipe/5_psf/4_build_psf", "pipe/fac_combi/2_combine", "lcmanip/1_join",
    "extrascripts/rdb_statistics", "skymaker/1_draw_campaign")]
NEW_IN_THE_LIBRARY = {"tomllib", "UTC", "StrEnum", "chdir", "batched"}  # since Python 3.9
OLD = """
import runpy, sys
from pathlib import Path
sys.version_info, sys.version = (3, 9, 2, "final", 0), "3.9.2 (default)"
sys.path[0] = str(Path(sys.argv[1]).parent)
runpy.run_path(sys.argv[1], run_name="__main__")
"""


def said(*command, **environment):
    """Return the exit status, the output and the errors of a Python that knows no library."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True,
                          env=env | environment)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("path", SOME)
def test_without_the_libraries_one_line_says_so(path):
    code, out, errors = said("-S", path, "configs/demo")

    assert code == 1
    assert errors.count("\n") == 1, errors
    assert f"is not installed for {sys.executable}. Run `source .venv/bin/activate`" in errors
    assert not [line for line in out.splitlines() if not line.startswith("--- ")]


@pytest.mark.parametrize("path", SOME)
def test_an_old_python_is_named(path):
    code, out, errors = said("-S", "-c", OLD, path)

    assert (code, out) == (1, "")
    assert errors.count("\n") == 1, errors
    assert "COSMOULINE needs Python 3.11 or newer, not 3.9.2 of" in errors


def test_a_home_that_cannot_be_entered_is_named(tmp_path):
    """Root may enter all folders: then the error is raised on purpose."""
    home = tmp_path / "home"
    home.mkdir(mode=0)
    fails = ("import os, sys; import cosmouline; sys.excepthook = cosmouline._say_in_one_line; "
             "raise PermissionError(13, 'Permission denied', os.environ['HOME'] + '/.astropy')")
    code, _, errors = said("-c", fails, HOME=str(home), PYTHONPATH=str(ROOT / "pipe"))
    assert (code, errors.count("\n")) == (1, 1)
    assert f"Correct the folder HOME, {home}, or" in errors

    if os.geteuid():
        code, _, errors = said(str(ROOT / "pipe/5_psf/4_build_psf.py"), "--help", HOME=str(home))
        assert (code, errors.count("\n")) == (1, 1)
        assert f"Correct the folder HOME, {home}, or" in errors


def test_every_script_finds_the_library_beside_it_whatever_is_installed():
    for folder in {path.parent for path in SCRIPTS}:
        assert (folder / "cosmouline").resolve() == ROOT / "pipe" / "cosmouline", folder


@pytest.mark.parametrize("path", [*SCRIPTS, ROOT / "pipe" / "cosmouline" / "__init__.py"],
                         ids=lambda path: path.relative_to(ROOT).as_posix())
def test_an_old_python_comes_as_far_as_the_library(path):
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))

    for node in tree.body:  # what is imported before the library is in the old one too
        if isinstance(node, ast.ImportFrom) and node.module.startswith("cosmouline"):
            break
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = {one.name for one in node.names}
            assert (names | {getattr(node, "module", "")}).isdisjoint(NEW_IN_THE_LIBRARY)
