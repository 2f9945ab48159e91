"""What the engines cost: 10^4 images that do nothing but wait 20 ms, on two workers.

Run as: python tests/benchmarks/engine_overhead.py [images, default 10000] [engine ...]

The ideal is images x 20 ms / 2; the clock starts with the first outcome, when the workers are
there, and the overhead is what it takes longer. At most 10 % for "local", 25 % for "dask".
"""

import resource
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

from cosmouline.database.settings_cluster import check_cluster
from cosmouline.engine import engine
from cosmouline.engine.cluster import connection

NAP_S, N_WORKERS = 0.02, 2
MOST = {"local": 0.10, "dask": 0.25}


def measure(image, settings):
    """Wait."""
    time.sleep(NAP_S)
    return {}


def overhead(name, n, folder):
    """Return the overhead of one engine as a part of the ideal time, after telling it."""
    settings = SimpleNamespace(
        engine=name, max_cpus=N_WORKERS, image_timeout_s=None, died_retries=1, work_dir=folder,
        cluster=check_cluster({"cluster": "local", "cores": N_WORKERS}, "cluster"))
    images = [{"img_name": f"img{i:06d}"} for i in range(n)]
    asked = time.perf_counter()
    outcomes = engine.outcomes(measure, images, settings)
    next(outcomes)
    start, n_rest = time.perf_counter(), sum(1 for _ in outcomes)
    took = time.perf_counter() - start
    ideal = n_rest * NAP_S / N_WORKERS
    connection.close_all()
    print(f"{name}: first outcome after {start - asked:.1f} s, then {n_rest} in {took:.1f} s, "
          f"ideal {ideal:.1f} s: overhead {100 * (took / ideal - 1):.1f} % (at most "
          f"{100 * MOST[name]:.0f} %)", flush=True)
    return took / ideal - 1


def main(argv):
    """Measure the engines."""
    n = int(argv[0]) if argv else 10_000
    with tempfile.TemporaryDirectory() as folder:
        found = {name: overhead(name, n, Path(folder)) for name in argv[1:] or MOST}
    print(f"CPU of this process {resource.getrusage(resource.RUSAGE_SELF).ru_utime:.1f} s")
    return int(any(found[name] > MOST[name] for name in found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
