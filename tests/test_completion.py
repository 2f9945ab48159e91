"""Completion by the Tab key, as bash asks for it; without argcomplete the shell's own is left."""

import os
import subprocess
import sys
from pathlib import Path

from cosmouline.database.json_store import Store

import pytest

ROOT = Path(__file__).resolve().parents[1]
ASK = """
source extrascripts/completion.bash
COMP_LINE="$*" COMP_POINT=${#COMP_LINE} COMP_TYPE=9
COMP_POINT=${#COMP_LINE}
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_cosmouline
printf '%s\\n' "${COMPREPLY[@]}"
"""


def completed(*words, **environment):
    """Return how the last of some words can go on."""
    done = subprocess.run(["bash", "-c", ASK, "bash", sys.executable, *words], cwd=ROOT, text=True,
                          capture_output=True, check=True, env=os.environ | environment)
    return sorted(line.strip() for line in done.stdout.splitlines() if line.strip())


@pytest.fixture
def folder(tmp_path):
    """Write a lens with three images in its database."""
    (tmp_path / "settings.py").write_text(f"work_dir = {str(tmp_path / 'work')!r}\n")
    (tmp_path / "work").mkdir()
    store = Store(tmp_path / "work" / "database.json")
    store.save({name: {"img_name": name} for name in ("R_0001", "R_0002", "V_0001")}, {})
    store.close()
    return str(tmp_path)


def test_options_of_a_script_of_run_all_and_of_a_tool():
    pytest.importorskip("argcomplete")

    assert completed("pipe/5_psf/4_build_psf.py", "--re") == ["--redo"]
    assert completed("pipe/run_all.py", "--no") == ["--no-pictures"]
    assert completed("extrascripts/new_lens.py", "--rea") == ["--read-noise"]
    assert completed("pipe/run_all.py", "--route", "") == [
        "astrometry", "combi", "injection", "photom", "preparation", "quasar", "shapes"]


def test_names_of_images_are_those_of_the_lens(folder):
    pytest.importorskip("argcomplete")

    assert completed("pipe/5_psf/4_build_psf.py", folder, "--only", "R_") == ["R_0001", "R_0002"]
    assert completed("pipe/5_psf/4_build_psf.py", "--only", "V", COSMOULINE_CONFIG=folder) == [
        "V_0001"]
    assert completed("pipe/5_psf/4_build_psf.py", "--only", "V",
                     COSMOULINE_CONFIG=f"{folder}/nowhere") == []


def test_other_programs_and_a_python_without_argcomplete_complete_nothing(tmp_path):
    (tmp_path / "argcomplete.py").write_text("raise ImportError\n")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])

    assert completed("setup.py", "--re") == []
    assert completed("pipe/5_psf/4_build_psf.py", "--re", PYTHONPATH=path) == []
