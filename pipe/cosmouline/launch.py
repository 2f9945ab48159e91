"""Start the numbered scripts, each in a process of its own, without loading the libraries anew."""

import importlib
import multiprocessing
import runpy
import sys

from cosmouline.processes import start_method

# Between them they load what most scripts need, but never jax
WARM = ("cosmouline.cutting", "cosmouline.deconv_engines", "cosmouline.drawing",
        "cosmouline.ephem", "cosmouline.psf_engines")


def start(path, arguments):
    """Start a script as ``python path arguments`` does; return its process.

    Parameters
    ----------
    path : Path
    arguments : list of str

    Returns
    -------
    multiprocessing.Process
        Its ``exitcode`` is the exit status of the script; negative after a signal.
    """
    method = start_method()
    if method == "fork":
        for name in WARM:
            importlib.import_module(name)
    process = multiprocessing.get_context(method).Process(
        target=_run_as_main, args=(str(path), arguments))
    process.start()
    return process


def _run_as_main(path, arguments):
    """Be the script."""
    sys.argv = [path, *arguments]
    runpy.run_path(path, run_name="__main__")
