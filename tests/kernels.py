"""Run the numeric tests under every numeric kernel that this processor can run.

Run by hand, and by .ci/run: python tests/kernels.py

OpenBLAS and numpy choose their kernels by the processor, and the last bits of sums and of matrix
factors differ between them. OPENBLAS_CORETYPE and NPY_DISABLE_CPU_FEATURES choose others. Each run
is headed by the kernels that were in fact loaded (threadpoolctl).
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("astrometry", "images", "sources", "photometry", "stamps", "psf", "deconv", "lightcurve")
NEEDED = {"Nehalem": "SSE42", "Haswell": "AVX2", "SkylakeX": "AVX512_SKX"}  # kernel: instructions
SHOW = ("import numpy, scipy.linalg; from threadpoolctl import threadpool_info; "
        "print('kernels:', *sorted({one['architecture'] for one in threadpool_info()"
        " if 'architecture' in one}))")


def runs():
    """Yield the environments to test under: one per kernel of OpenBLAS, one without AVX512."""
    able = {name for name, there in __cpu_features__.items() if there}
    if "X86_V4" in able:  # numpy 2.4 and newer name whole groups of instructions
        able.add("AVX512_SKX")
    if {"X86_V3", "X86_V4"} & able:
        able.add("AVX2")
    if "X86_V2" in able:
        able.add("SSE42")
    for kernel, needed in NEEDED.items():
        if needed in able:
            yield {"OPENBLAS_CORETYPE": kernel}
        else:
            sys.stdout.write(f"OPENBLAS_CORETYPE={kernel}: this processor has no {needed}\n")
    wide = [one for one in __cpu_dispatch__ if one in able and ("512" in one or one == "X86_V4")]
    if wide:
        yield {"NPY_DISABLE_CPU_FEATURES": " ".join(wide)}
    else:
        sys.stdout.write("NPY_DISABLE_CPU_FEATURES: numpy uses no AVX512 here\n")


def main():
    """Run the tests under each; return 1 if one fails."""
    failed = 0
    with tempfile.TemporaryDirectory() as programs:
        for chosen in runs():
            # jax has kernels of its own: what it has compiled for one run serves the next
            environment = os.environ | chosen | {"JAX_COMPILATION_CACHE_DIR": programs}
            sys.stdout.write(" ".join(f"{name}={value}" for name, value in chosen.items()) + "\n")
            sys.stdout.flush()
            subprocess.run([sys.executable, "-c", SHOW], env=environment, check=True)
            tests = [str(ROOT / "tests" / "cosmouline" / room) for room in ROOMS]
            failed |= subprocess.run(
                [sys.executable, "-m", "pytest", "-q", "-n", "3", "--dist", "loadfile",
                 "--no-loadscope-reorder", *tests], env=environment, cwd=ROOT).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
