"""Start workers on this node for the scheduler of a lens, and stay as long as it is there.

Needs   : start_cluster.py of the same lens, running anywhere; it is waited for
Writes  : nothing
Settings: cluster, work_dir
Next    : nothing

Run as  : python extrascripts/start_worker.py configs/MYLENS [--workers 8] [--wait 600]
"""

import argparse
import os
import sys
import time

from cosmouline.database.settings import load_settings
from cosmouline.engine.cluster import connection
from cosmouline.engine.cluster.dask_setup import cards, environment
from cosmouline.engine.cluster.scheduler import worker_command
from cosmouline.engine.tool import lens_options
from cosmouline.errors import UserError, guarded

LOOK_S = 0.5


def parse():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=1, help="one image at a time each")
    parser.add_argument("--wait", type=float, default=600, metavar="SECONDS",
                        help="how long to wait for the scheduler")
    return lens_options(parser)


def main():
    """Wait for the scheduler, then be the workers."""
    options = parse()
    try:
        settings = load_settings(options.config_dir)
        if not isinstance(settings.cluster, dict):
            raise UserError("cluster of settings.py does not describe jobs.")
        published, until = connection.published_path(settings), time.monotonic() + options.wait
        while not connection.is_live(published):
            if time.monotonic() > until:
                raise UserError(f"no scheduler of this lens runs ({published}): start_cluster.py")
            time.sleep(LOOK_S)
        command = worker_command(published, settings.cluster, options.workers)
    except UserError as problem:
        sys.exit(f"start_worker.py: {problem}")
    except KeyboardInterrupt:
        sys.exit(130)
    os.environ.update(environment() | cards(settings.cluster["gpus"],
                                            settings.work_dir / "logs" / "cluster"))
    os.execv(command[0], command)


if __name__ == "__main__":
    sys.exit(guarded(main, "start_worker.py"))
