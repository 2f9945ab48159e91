"""How a new process starts: as a copy of this one where that is safe, from nothing elsewhere.

Loading numpy, scipy and astropy takes one to two seconds of CPU; a copy has them loaded. On a
small lens that is most of the work of thirty scripts and of their workers.
"""

import multiprocessing
import sys
import threading
from multiprocessing.context import SpawnContext


def start_method():
    """Return "fork" where a copy of this process is safe, "spawn" where it is not.

    Notes
    -----
    A copy has none of the threads of its parent, but all the locks that they hold: a fork after
    jax has started hangs. System libraries of others than Linux do not survive a fork either.
    """
    is_safe = (sys.platform == "linux" and threading.active_count() == 1
               and "jax" not in sys.modules)
    return "fork" if is_safe else "spawn"


class Workers(SpawnContext):
    """A context of multiprocessing that chooses the start method anew for every process."""

    def Process(self, *args, **keywords):
        """Return a process that is not yet started."""
        return multiprocessing.get_context(start_method()).Process(*args, **keywords)
