"""Load dask as COSMOULINE uses it: with its settings, and with its log in the log file alone."""

import importlib.util
import logging
import os
import warnings
from pathlib import Path

from cosmouline import ONE_THREAD
from cosmouline.errors import UserError

PIPE = Path(__file__).resolve().parents[3]
INSTALL = "pip install 'cosmouline[cluster]'"
# A worker has one task in hand and none waiting, so that its death puts no other in doubt; whether
# an image is done again is decided in `dispatch`. Nothing is served to browsers.
SETTINGS = {
    "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0",
    "DASK_DISTRIBUTED__SCHEDULER__WORKER_SATURATION": "1.0",
    "DASK_DISTRIBUTED__SCHEDULER__WORK_STEALING": "False",
    "DASK_DISTRIBUTED__SCHEDULER__HTTP__ROUTES": "[]",
    "DASK_DISTRIBUTED__WORKER__HTTP__ROUTES": "[]",
    "DASK_DISTRIBUTED__WORKER__MEMORY__TARGET": "False",
    "DASK_DISTRIBUTED__WORKER__MEMORY__SPILL": "False",
    "DASK_DISTRIBUTED__WORKER__MEMORY__PAUSE": "False",
    "DASK_DISTRIBUTED__WORKER__MEMORY__TERMINATE": "0.95",
    "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False",
    "DASK_DISTRIBUTED__WORKER__PRELOAD": "['cosmouline.engine.cluster.gpu']",
    # `jobqueue` replaces lost workers
    "DASK_DISTRIBUTED__DEPLOY__LOST_WORKER_TIMEOUT": "'999 days'",
}
# dask has workers give every free page back at once, and arrays of ours come and go a thousand
# times a second: that doubles the CPU time. These are the highest values that glibc itself takes.
MALLOC = {"MALLOC_TRIM_THRESHOLD_": str(64 << 20), "MALLOC_MMAP_THRESHOLD_": str(32 << 20)}


def environment():
    """Return the environment variables that every worker has before Python starts."""
    # Workers run this checkout, whatever else is installed
    inherited = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    pythonpath = os.pathsep.join([str(PIPE), *(p for p in inherited if p and p != str(PIPE))])
    chosen = {name: os.environ.get(name, value) for name, value in SETTINGS.items()}
    return ONE_THREAD | MALLOC | {"MPLBACKEND": "Agg", "PYTHONPATH": pythonpath} | chosen


def cards(n_gpus, folder):
    """Return the variables by which workers share the graphics cards: how many, and the locks."""
    return {"COSMOULINE_GPUS": str(n_gpus), "COSMOULINE_LOCKS": str(folder)}


def load(needed=("distributed",)):
    """Import dask; return the package `distributed`. UserError where it is not installed."""
    missing = [name for name in (*needed, "cryptography")
               if importlib.util.find_spec(name) is None]
    if missing:
        raise UserError(f'engine = "dask" needs {", ".join(missing)}: {INSTALL}')
    # dask reads its settings when it is loaded
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import distributed
    # Send the logs of dask and of what it uses to the log file, and nowhere else
    handlers = logging.getLogger("cosmouline.file").handlers or [logging.NullHandler()]
    for name in ("distributed", *logging.root.manager.loggerDict):
        if name.split(".")[0] in ("distributed", "tornado", "asyncio", "dask_jobqueue", "bokeh"):
            logger = logging.getLogger(name)
            logger.handlers, logger.propagate = [], "." in name
    for name in ("distributed", "tornado", "asyncio", "dask_jobqueue"):
        logging.getLogger(name).handlers = list(handlers)
        logging.getLogger(name).propagate = False
    return distributed
