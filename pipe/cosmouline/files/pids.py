"""Processes of this host by their number: whether they live, and since when."""

import os
from pathlib import Path


def is_alive(pid):
    """Whether a process lives.

    One that has ended and whose parent has not asked for its exit status does not: signals can
    still be sent to it, and in a container without an init process that stays so.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    # it may have ended though it still has a number
    stat = _stat(pid)
    return not stat or stat[0] not in ("Z", "X")


def start_time(pid):
    """Return when a process started, in clock ticks since boot; None where that is not known."""
    stat = _stat(pid)
    return stat[19] if stat else None


def _stat(pid):
    """Return the words of ``/proc/<pid>/stat`` from the state on; none on other systems."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return []
