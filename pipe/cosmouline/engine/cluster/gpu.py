"""What dask loads in every worker of ours before its first task: which one has a graphics card.

A job of n cores has n workers, one thread each. The first of them get one card each and announce
the resource "GPU"; the card of a worker that dies goes to the worker that replaces it.
"""

import contextlib
import fcntl
import os
import socket
from pathlib import Path

_JOB = ("SLURM_JOB_ID", "PBS_JOBID", "JOB_ID", "LSB_JOBID", "OAR_JOB_ID")
_held = []  # an open file keeps the card


def dask_setup(worker):
    """Take a graphics card, if one is free; announce it to the scheduler."""
    job = next((os.environ[name] for name in _JOB if name in os.environ),
               os.environ.get("COSMOULINE_CLUSTER_ID", "local"))
    # The first card whose lock no other worker of this job on this node holds
    for card in range(int(os.environ.get("COSMOULINE_GPUS", "0"))):
        # In the work folder, and no link that somebody put in its place
        path = Path(os.environ["COSMOULINE_LOCKS"]) / f"{socket.gethostname()}_{job}_gpu{card}"
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        file = open(descriptor, "w")  # noqa: SIM115  kept open as long as the process lives
        with contextlib.suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        file.close()
    else:
        os.environ.setdefault("JAX_PLATFORMS", "cpu")
        return
    _held.append(file)
    os.environ["COSMOULINE_GPU"] = str(card)
    # The queue may have given this job some of the cards of the node
    given = [one for one in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if one]
    os.environ["CUDA_VISIBLE_DEVICES"] = given[card] if card < len(given) else str(card)
    worker.state.total_resources["GPU"] = 1
    worker.state.available_resources["GPU"] = 1
