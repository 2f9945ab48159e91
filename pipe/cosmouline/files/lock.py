"""A lock file, so that two scripts cannot write the same database at once."""

import contextlib
import json
import os
import socket
import sys
import time
from pathlib import Path

from cosmouline.errors import UserError
from cosmouline.files.pids import is_alive, start_time


class Lock:
    """Hold ``<path>.lock`` while a script writes; as a context manager.

    Notes
    -----
    The file is written under another name and hard-linked to its own: that is atomic, on NFS
    and Lustre too, and the lock is never seen empty. It names host, process and start time. A
    lock whose process has ended on this very host is stale and taken over; a lock of another
    host is only reported, with the command that removes it.

    Attributes
    ----------
    was_stale : bool
        Whether the script before this one was killed.
    """

    def __init__(self, path):
        self.path = Path(f"{path}.lock")
        self.was_stale = False

    def __enter__(self):
        """Take the lock, or raise UserError naming who holds it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.mine = {"host": socket.gethostname(), "pid": os.getpid(),
                     "started": start_time(os.getpid()), "script": Path(sys.argv[0]).name,
                     "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        draft = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        aside = self.path.with_name(f"{self.path.name}.stale.{os.getpid()}")
        for _ in range(3):
            # take it, if nobody holds it
            try:
                draft.write_text(json.dumps(self.mine))
                os.link(draft, self.path)
                return self
            except FileExistsError:
                pass
            finally:
                with contextlib.suppress(OSError):
                    draft.unlink()
            # who holds it? only a process of this host is known to have ended
            holder = self._read()
            if not holder:
                continue  # it was given back since
            is_here = holder.get("host") == self.mine["host"]
            if not is_here or (is_alive(holder["pid"])
                               and holder.get("started") == start_time(holder["pid"])):
                raise UserError(
                    f"{self.path.with_suffix('')} is in use by "
                    f"{holder.get('script', 'a script')} (process {holder.get('pid')} on "
                    f"{holder.get('host')} since {holder.get('time')}). "
                    f"If that script has really ended: rm {self.path}")
            # rename first: of two scripts that clean up only one wins, and puts a lock back that
            # was taken meanwhile
            with contextlib.suppress(FileNotFoundError):
                os.rename(self.path, aside)
                if json.loads(aside.read_text()) != holder:
                    with contextlib.suppress(FileExistsError):
                        os.link(aside, self.path)
                aside.unlink()
            self.was_stale = True
        raise UserError(f"cannot take the lock {self.path}: other scripts were faster. Try again.")

    def __exit__(self, *_):
        """Give the lock back, if it is still ours."""
        if self._read() == self.mine:
            self.path.unlink(missing_ok=True)

    def _read(self):
        """Return what the lock holds, {} without one; another program's file is not removed."""
        try:
            holder = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError):
            holder = None
        if not isinstance(holder, dict) or not isinstance(holder.get("pid"), int):
            raise UserError(f"the lock {self.path} is damaged. If no script works there: "
                            f"rm -r {self.path}")
        return holder
