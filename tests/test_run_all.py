"""run_all.py: the routes, and scripts in the places of others."""

import re
import subprocess
import sys
from pathlib import Path

RUN_ALL = Path(__file__).resolve().parents[1] / "pipe" / "run_all.py"


def listed(*options):
    done = subprocess.run([sys.executable, str(RUN_ALL), "--list", *options], text=True,
                          capture_output=True, check=False)
    return done.returncode, [line.split()[0] for line in done.stdout.splitlines()], done.stderr


def test_the_route_of_the_stacks_is_one_of_its_own():
    code, scripts, _ = listed("--route", "combi")

    assert code == 0
    assert scripts[0] == "3_align/2a_opt_align"
    assert scripts[-1] == "fac_combi/4_stack_photometry"


def test_an_alternative_takes_the_place_of_the_script_of_its_number():
    code, scripts, _ = listed("--alt", "3_align/1b_alt_no_align.py", "--from", "3_align",
                              "--to", "3_align/1c")

    assert code == 0
    assert scripts == ["3_align/1a_pick_reference", "3_align/1b_alt_no_align",
                       "3_align/1c_report"]


def test_what_takes_no_place_is_told():
    for name in ("3_align/1c_report", "3_align/9_alt_nothing", "nowhere/1_alt_x"):
        code, _, told = listed("--alt", name)

        assert code == 1
        assert f"--alt {name} takes the place of no script in the order" in told


def test_the_help_explains_every_option():
    done = subprocess.run([sys.executable, str(RUN_ALL), "--help"], text=True,
                          capture_output=True, check=True)
    options = done.stdout.partition("\noptions:\n")[2]
    # An option stands at the begin of a line; what it does behind it or on the next one
    parts = re.split(r"^  (?=-)", options, flags=re.MULTILINE)[1:]

    assert {part.split()[0].rstrip(",") for part in parts} == {
        "-h", "--from", "--to", "--list", "--status", "--keep-going", "--no-pictures", "--route",
        "--alt", "--test", "--redo", "--cpus"}
    for part in parts:
        head, _, text = part.replace("\n", "  ", 1).strip().partition("  ")
        assert len(text.split()) >= 3, head
