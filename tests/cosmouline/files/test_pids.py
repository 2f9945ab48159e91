"""What is known of a process by its number."""

import os
import subprocess
import sys
import time

from cosmouline.files.pids import is_alive, start_time

import pytest


def test_this_process_lives_and_began_once():
    assert is_alive(os.getpid())
    assert start_time(os.getpid()) == start_time(os.getpid())


def test_one_that_has_ended_does_not():
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()

    assert not is_alive(child.pid)
    assert start_time(child.pid) is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells by /proc")
def test_one_that_nobody_has_waited_for_has_ended_all_the_same():
    child = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    child.stdout.read()  # it is at its end
    end = time.monotonic() + 30
    while is_alive(child.pid) and time.monotonic() < end:
        time.sleep(0.01)

    assert not is_alive(child.pid)
    os.kill(child.pid, 0)  # signals can be sent to it
    child.communicate()
