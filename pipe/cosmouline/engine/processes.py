"""How processes start and end: copies of this one where that is safe, none left behind.

Loading numpy, scipy and astropy takes one to two seconds of CPU, most of the work of a script on a
small lens; a copy has them loaded.
"""

import contextlib
import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import time
from multiprocessing import resource_tracker, spawn
from multiprocessing.context import SpawnContext

from cosmouline.errors import UserError

STOPPING_S = 5.0  # after a signal further ones are ignored for so long
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PR_SET_PDEATHSIG = 1  # of linux/prctl.h


class Interrupted(KeyboardInterrupt):
    """A signal asks this process to stop; `status` is what it exits with."""

    def __init__(self, number):
        super().__init__(number)
        self.status = 128 + number  # the convention of shells: 130 for Ctrl-C, 143 for SIGTERM


def stop_on_signals():
    """Make Ctrl-C, SIGTERM and the end of the terminal raise `Interrupted` in this process.

    A second signal within `STOPPING_S` is ignored: Ctrl-C reaches all processes of a terminal, and
    each passes it on. Signals that were ignored from the start (nohup) stay ignored.
    """
    last = [-STOPPING_S]

    def stop(number, _):
        if time.monotonic() - last[0] >= STOPPING_S:
            last[0] = time.monotonic()
            raise Interrupted(number)

    for number in STOPS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, stop)


def end_with_parent(number=signal.SIGKILL):
    """Have the kernel send this process a signal when its parent ends, however it ends.

    Linux only; elsewhere workers whose parent was killed end after their present image.
    """
    if sys.platform == "linux":
        parent = multiprocessing.parent_process()
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(number))
        # A parent that ended before the kernel was asked has left this process to another one
        if parent is not None and os.getppid() != parent.pid:
            os.kill(os.getpid(), number)


def start_method():
    """Return "fork" where a copy of this process is safe, "spawn" where it is not.

    Notes
    -----
    A copy has none of the threads of its parent, but all the locks that they hold: a fork after
    jax has started hangs. System libraries of macOS do not survive a fork either.
    """
    # Only a process of one thread that has not loaded jax is copied
    is_safe = (sys.platform == "linux" and threading.active_count() == 1
               and "jax" not in sys.modules)
    return "fork" if is_safe else "spawn"


def check_python_starts():
    """Start the process of Python that keeps a list of locks, which workers share; once.

    Raises
    ------
    UserError
        No process of Python can be started: this user may not run its file, or has no more
        processes.
    """
    python, cause = os.fsdecode(spawn.get_executable()), "this user may not run it"
    try:
        # Only a copy of this process would tell that the file cannot be run, and it tells nobody
        if os.access(python, os.X_OK):
            resource_tracker.ensure_running()
            return
    except OSError as error:
        cause = error.strerror
    raise UserError(f"no worker can be started with {python}: {cause}. Use a Python that this "
                    "user may run, or write engine = 'serial' into settings.py")


class Workers(SpawnContext):
    """A context of multiprocessing that chooses the start method for every process.

    Raises UserError where none can be started.
    """

    def __init__(self):
        super().__init__()
        check_python_starts()
        self.made = []

    def Process(self, *args, **keywords):
        """Return a process that is not yet started."""
        self.made.append(multiprocessing.get_context(start_method()).Process(*args, **keywords))
        return self.made[-1]

    def n_dead(self):
        """Return how many processes have ended."""
        return sum(process.pid is not None and process.exitcode is not None
                   for process in self.made)

    def kill(self):
        """End all processes at once; they write files under temporary names."""
        for process in self.made:
            if process.pid is not None and process.is_alive():
                process.kill()
