"""What runs on the workers of a cluster: a few images of one step, if the worker is fit for it."""

import faulthandler
import functools
import hashlib
import importlib.metadata
import os
import pickle
import socket
import sys
import time
from pathlib import Path
from typing import NamedTuple

from cosmouline.database.script_header import IS_INSTALLED, PACKAGE
from cosmouline.engine.work import module_of
from cosmouline.errors import UserError

LIBRARIES = ("numpy", "scipy", "astropy", "sep", "astroalign", "astroscrappy", "jax", "jaxlib",
             "starred-astro", "distributed")
AT_WORK = "at_work"  # one file per worker process that has images in hand
NFS_S = 5.0  # a new file may take as long to be seen by another node


class Reply(NamedTuple):
    """What a worker gives back: outcomes, times, and why the run must stop, if it must."""

    outcomes: list
    seconds: float
    cpu_s: float
    stop: str = ""


def hash_of_sources():
    """Return a hash of all Python files of the pipeline."""
    root = PACKAGE if IS_INSTALLED else PACKAGE.parent
    total = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        total.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return total.hexdigest()[:12]


@functools.cache
def versions():
    """Return the versions that results depend on, by name, as at the first call."""
    found = {"python": ".".join(map(str, sys.version_info[:3])), "pipeline": hash_of_sources()}
    for name in LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "missing"
    return found


@functools.cache
def kernel():
    """Return the kernels that OpenBLAS uses on this processor; "unknown" without threadpoolctl."""
    try:
        import scipy.linalg  # noqa: F401  loads the OpenBLAS of numpy and that of scipy
        from threadpoolctl import threadpool_info
    except ImportError:
        return "unknown"
    found = {library.get("architecture") for library in threadpool_info()} - {None}
    return ", ".join(sorted(found)) or "unknown"


@functools.cache
def unfit(step, wanted):
    """Return why this worker cannot do a step; empty if it can. Checked once per step.

    Parameters
    ----------
    step : str
        File that `write_step` made in the work folder, which the worker must share.
    wanted : tuple of (str, str)
        The `versions` of the script.
    """
    here = f"the worker {socket.gethostname()} (process {os.getpid()})"
    # Numbers depend on the versions: they must be those of the script
    other = [f"{name} {versions().get(name, 'missing')}, not version {version}"
             for name, version in wanted if versions().get(name) != version]
    if other:
        return (f"{here} has {' and '.join(other[:3])} as this script. Workers must run the same "
                "versions: start them again from the same environment.")
    # The worker must share the work folder, and may write there
    folder = Path(step).parents[1]
    try:
        _read(step)
        mine = folder / f"probe_{socket.gethostname()}_{os.getpid()}"
        mine.write_text("")
        mine.unlink()
    except OSError as error:
        return (f"{here} cannot read and write in work_dir {folder.parent}: {error.strerror}. "
                "Give a work_dir on a file system that all nodes share.")
    return ""


def who():
    """Return host and number of this process, as names of temporary files have them."""
    return socket.gethostname(), os.getpid()


def marks(work_dir):
    """Return the files of the processes that have images in hand, by (host, process)."""
    found = {}
    for path in (work_dir / "cluster" / AT_WORK).glob("[!.]*.*"):
        host, _, pid = path.name.rpartition(".")
        found[host, int(pid)] = path
    return found


def write_step(folder, work, settings):
    """Write what all images of a step have in common, once; return the path.

    To send it along with each image would take longer than a small image does.
    """
    folder.mkdir(parents=True)
    path = folder / "step.pickle"
    path.write_bytes(pickle.dumps((work, settings)))
    return str(path)


def _read(step):
    """Return the content of a step's file; wait up to `NFS_S` for it to be seen."""
    until = time.monotonic() + NFS_S
    while True:
        try:
            return Path(step).read_bytes()
        except FileNotFoundError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


@functools.lru_cache(maxsize=1)
def _prepared(step):
    """Load the function and the settings of a step, once.

    The module of the function is loaded here, so that the first image is not charged for it.
    """
    work, settings = pickle.loads(_read(step))
    module_of(work)
    return work, settings


def run_images(step, wanted, images, on_gpu=False):
    """Do some images of a step; return a `Reply`.

    Parameters
    ----------
    step : str
        File that `write_step` made.
    wanted : tuple of (str, str)
        The `versions` of the script.
    images : list of (int, dict)
        Numbers within the step, and rows of the database.
    on_gpu : bool
        Whether the graphics card may be used, where this worker has one.
    """
    reason = unfit(step, wanted)
    if reason:
        return Reply([], 0.0, 0.0, reason)
    work, settings = _prepared(step)
    if "COSMOULINE_GPU" in os.environ:  # the bits of an image must not depend on its worker
        import jax

        cpu = jax.local_devices(backend="cpu")[0]
        jax.config.update("jax_default_device", None if on_gpu else cpu)
    outcomes, start, cpu = [], time.perf_counter(), time.process_time()
    stop = ""
    # The mark tells whose half-written files may be removed if this process dies
    mark = Path(step).parents[1] / AT_WORK / ".".join(map(str, who()))
    mark.write_text("\n".join(image["img_name"] for _, image in images))
    try:
        for number, image in images:
            outcomes.append(_within(settings.image_timeout_s, hung_path(step, number),
                                    work, image, settings))
    except UserError as problem:
        stop = str(problem)
    mark.unlink(missing_ok=True)
    return Reply(outcomes, time.perf_counter() - start, time.process_time() - cpu, stop)


def hung_path(step, number):
    """Return the file that says where an image was when its time was over."""
    return Path(step).parent / f"hung_{number}"


def _within(limit_s, path, work, image, settings):
    """Do one image; after `limit_s` end this process, whatever it does.

    The watchdog of faulthandler is a thread in C: it needs no lock of Python's, so that a hang
    in a compiled library is ended too. The traceback that it writes distinguishes a stop from a
    death.
    """
    if limit_s is None:
        return work(image, settings)
    with open(path, "w") as file:
        faulthandler.dump_traceback_later(limit_s, exit=True, file=file)
        try:
            return work(image, settings)
        finally:
            faulthandler.cancel_dump_traceback_later()
            path.unlink(missing_ok=True)
