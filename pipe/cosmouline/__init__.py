"""The library of COSMOULINE: arrays and numbers in, arrays and numbers out.

Importing it pins the numerical libraries to one thread per process. That counts only before
numpy, sep or jax are loaded, so every file imports ``cosmouline`` before them. Two worker
processes with two threads each on two cores spin against each other and are ten times slower
than one process; one thread each also makes the results the same, bit for bit, on all engines.
"""

import logging
import os

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

for _name, _value in ONE_THREAD.items():
    os.environ.setdefault(_name, _value)

# Where HOME cannot be written, as on nodes of a cluster, it would warn in every process
logging.getLogger("matplotlib").setLevel(logging.ERROR)
