"""Files that are either whole or not there."""

import contextlib
import os
import socket
import uuid
from pathlib import Path


@contextlib.contextmanager
def atomic_path(path, is_synced=True):
    """Give a temporary path beside `path`, and rename it to `path` once it is written.

    Parameters
    ----------
    path : str or Path
        The file to make. Its folder is created where it is missing.
    is_synced : bool
        False leaves out the sync: quicker by some 5 ms, for files that are made anew when found
        wrong, because a power loss may leave them empty.

    Yields
    ------
    Path
        A path in the same folder (a rename must not cross file systems) with the same ending,
        which astropy and matplotlib look at to choose the format.

    Notes
    -----
    The content is synced to the disk before the rename and the folder after it, so that a kill
    or a power loss leaves the old file or the new one, never a part of one. On an exception the
    temporary file is removed and `path` stays as it was.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    label = f"{socket.gethostname()}.{os.getpid()}.{uuid.uuid4().hex[:8]}"
    temporary = path.with_name(f".{label}.tmp.{path.name}")
    try:
        yield temporary
        if is_synced:
            _sync(temporary)
        os.replace(temporary, path)
        if is_synced:
            _sync(path.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def _sync(path):
    """Flush a file or a folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
