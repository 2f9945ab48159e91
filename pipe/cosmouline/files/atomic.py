"""Files that are either complete or absent."""

import contextlib
import hashlib
import os
import re
import socket
import stat
import uuid
from pathlib import Path

from cosmouline.files.pids import is_alive

_finished = []  # what this process has written since the last call of take_finished
_LEFTOVER = re.compile(r"\.(.+)\.(\d+)\.[0-9a-f]{8}\.tmp\.")


@contextlib.contextmanager
def atomic_path(path, is_synced=True):
    """Give a temporary path next to `path`, and rename it to `path` once it is written.

    Parameters
    ----------
    path : str or Path
        The file to make. Its folder is created where it is missing.
    is_synced : bool
        False leaves out the sync: quicker by some 5 ms, for files that are made again when found
        wrong, because a power loss may leave them empty.

    Yields
    ------
    Path
        A path in the same folder (a rename must not cross file systems) with the same ending,
        which astropy and matplotlib look at to choose the format.

    Notes
    -----
    The content is synced to the disk before the rename and the folder after it, so that a kill
    or a power loss leaves the old file or the new one, never a mixture. On an exception the
    temporary file is removed and `path` stays as it was. A file that replaces another one has
    its mode, so that what a group may write stays so, whatever the umask.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # a name that shows whose file it is, and that no other process makes
    label = f"{socket.gethostname()}.{os.getpid()}.{uuid.uuid4().hex[:8]}"
    temporary = path.with_name(f".{label}.tmp.{path.name}")
    try:
        yield temporary
        with contextlib.suppress(OSError):
            temporary.chmod(stat.S_IMODE(path.stat().st_mode))
        if is_synced:
            sync(temporary)
        os.replace(temporary, path)
        if is_synced:
            sync(path.parent)
        _finished.append(path)
    # an interrupt is no reason to leave a file behind either
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def take_finished():
    """Return the paths that this process has written since the last call, oldest first."""
    found = _finished.copy()
    _finished.clear()
    return found


def add_finished(paths):
    """Count paths that a worker has written as written by this process."""
    _finished.extend(paths)


def digest(path):
    """Return a short hash of the content of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def remove_leftovers(folder, dead=(), pattern="**/.*.tmp.*"):
    """Remove the temporary files that processes of this host left when they were killed.

    Parameters
    ----------
    folder : Path
        All folders in it are searched too, unless `pattern` says otherwise.
    dead : set of (str, int)
        Hosts and numbers of processes that are known to have ended, on other hosts too.

    Returns
    -------
    int
        How many were removed.
    """
    n_removed = 0
    for path in list(folder.glob(pattern)):
        match = _LEFTOVER.match(path.name)
        if match is None:
            continue
        # a process that lives may still write its file
        host, pid = match[1], int(match[2])
        if (host, pid) in dead or (host == socket.gethostname() and not is_alive(pid)):
            path.unlink(missing_ok=True)
            n_removed += 1
    return n_removed


def sync(path):
    """Flush a file or a folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
