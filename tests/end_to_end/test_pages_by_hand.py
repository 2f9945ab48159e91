"""The tutorial by hand: its commands in their order, on the small lens, as a user gives them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ONCE = ("make demo", "source ", "export ", "rm -r", "python skymaker/", "cp demo/",  # for the demo
        "python pipe/run_all.py configs/demo",  # and demo_raw, demo_two, which end so
        "python extrascripts/compare_with_truth.py configs/demo_two")


def blocks(kind):
    """Return the fenced blocks of the tutorial of one kind."""
    return re.findall(rf"^```{kind}\n(.*?)^```", (ROOT / "doc" / "tutorial.md").read_text(),
                      re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def by_hand(trunk, new_lens, tmp_path_factory):
    """Run the commands on a lens of its own; give the lens and (command, status, errors)."""
    lens = new_lens(tmp_path_factory.mktemp("tutorial"), trunk)
    environment = os.environ | {"COSMOULINE_CONFIG": str(lens.config)}
    done = []
    for line in "".join(blocks("sh")).splitlines():
        command = line.partition("#")[0].strip()
        if command.startswith(ONCE):
            continue
        words = command.replace("demo/sky", str(lens.sky)).split()
        assert words[0] == "python"
        ended = subprocess.run([sys.executable, *words[1:]], cwd=ROOT, env=environment, text=True,
                               capture_output=True, check=False)
        done.append((command, ended.returncode, ended.stderr))
    return lens, done


def test_every_command_comes_to_its_end(by_hand):
    assert len(by_hand[1]) > 35
    assert [one for one in by_hand[1] if one[1:] != (0, "")] == []


def test_the_light_curve_is_there_and_the_example_reads_it(by_hand):
    pytest.importorskip("pycs3")
    program, = (text for text in blocks("python") if "pycs3" in text)
    curve, = (by_hand[0].work / "export").glob("*_lens_by_night.rdb")
    found = {}

    exec(program.replace("demo/work/export/DEMO_lens_by_night.rdb", str(curve)), found)

    assert [one.object for one in found["curves"]] == ["A", "B"]
    assert all(len(one.jds) >= 2 for one in found["curves"])
