"""Writers, scripts and workers killed with -9: nothing acknowledged is lost. See kills.py."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

KILLS = Path(__file__).with_name("kills.py")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kills.py reads /proc")


def kill(*arguments):
    done = subprocess.run([sys.executable, KILLS, *map(str, arguments)], check=True, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return json.loads(done.stdout)


def test_forty_kills_lose_nothing():
    counts = kill(40)

    assert (counts.pop("kills"), counts.pop("acknowledged") > 100) == (40, True)
    assert counts.pop("tails cut") < 10  # of 60 looks: a kill seldom meets a line half-way
    assert not any(counts.values()), counts


@pytest.mark.parametrize(("mutant", "shown_by"), [
    ("in place", "torn"), ("no journal", "lost"), ("journal in a buffer", "lost"),
    ("no lock", "not refused")])
def test_a_writer_that_is_wrong_is_caught(mutant, shown_by):
    """A kill hits the moment of being wrong by chance: more of them where three did not."""
    assert any(kill(n, mutant)[shown_by] for n in (3, 10, 30))
