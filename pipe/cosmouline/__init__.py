"""The library of COSMOULINE: arrays and numbers in, arrays and numbers out.

Importing it pins the numerical libraries to one thread per process. That counts only before
numpy, sep or jax are loaded, so every file imports ``cosmouline`` before them. Two worker
processes with two threads each on two cores spin against each other and are ten times slower
than one process; one thread each also makes the results the same, bit for bit, on all engines.

The folders of the scripts have links to this one, so that each script comes here first, whatever
Python runs it: one without the other libraries, or too old for all other files, gets one line.
"""

import importlib
import logging
import os
import sys

__version__ = "1.0.0.dev0"

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "OMP_WAIT_POLICY": "passive",
    "NPROC": "1",  # the one variable that the CPU backend of jax obeys
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",  # else the first process takes 3/4 of a GPU
}

REMEDY = ("Run `source .venv/bin/activate` in the folder of COSMOULINE (`make demo` makes .venv), "
          "or `python -m pip install -e .` there.")


class _Library:
    """Stands for a library; what is asked of it is asked of the library, loaded then."""

    def __init__(self, name):
        self._name = name

    def __getattr__(self, name):
        if name.startswith("__"):  # asked by tools that look at objects
            raise AttributeError(name)
        return getattr(importlib.import_module(self._name), name)


_LATER = []


def library(name, is_rare=False):
    """Return a library that is loaded when something of it is first used.

    For those that take long to load: a script that finds nothing to do needs none of them. A rare
    one is loaded where it is used alone, not beforehand.
    """
    if not is_rare:
        _LATER.append(name)
    return _Library(name)


def load_libraries():
    """Load all libraries named so far: once, before this process is copied, not in each copy."""
    for name in set(_LATER):
        importlib.import_module(name)


def not_installed(error):
    """Return one line on a library that this Python does not have, from ModuleNotFoundError."""
    return f"{error.name} is not installed for {sys.executable}. {REMEDY}"


def _say_in_one_line(kind, error, trace):
    """Report what keeps a script from being loaded; anything else as Python does."""
    if not issubclass(kind, (ImportError, OSError)) or "--debug" in sys.argv:
        sys.__excepthook__(kind, error, trace)
        return
    text, home = " ".join(str(error).split()), os.environ.get("HOME")
    if issubclass(kind, ModuleNotFoundError):
        text = not_installed(error)
    elif home and home in text and issubclass(kind, OSError):
        text += f". Correct the folder HOME, {home}, or `export HOME=/tmp`."
    elif issubclass(kind, ImportError):
        text += f". {REMEDY}"
    sys.stderr.write(f"{kind.__name__}: {text}\n")


# Of a script alone, not of a notebook or another program: beside it is this package, or its link
_main = os.path.abspath(getattr(sys.modules["__main__"], "__file__", None) or "/")
if os.path.isdir(os.path.join(os.path.dirname(_main), "cosmouline")):
    if sys.version_info < (3, 11):  # noqa: UP036 - this file alone is read by older ones
        sys.exit(f"COSMOULINE needs Python 3.11 or newer, not {sys.version.split()[0]} of "
                 f"{sys.executable}. {REMEDY}")
    sys.excepthook = _say_in_one_line

for _name, _value in ONE_THREAD.items():
    os.environ.setdefault(_name, _value)

# Where HOME cannot be written, as on nodes of a cluster, it would warn in every process
logging.getLogger("matplotlib").setLevel(logging.ERROR)
