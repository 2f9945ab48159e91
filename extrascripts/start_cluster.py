"""Start the workers of a cluster once, for all scripts of a lens; stay until Ctrl-C.

Needs   : engine = "dask" and a description as cluster in settings.py (see doc/cluster.md)
Writes  : work_dir/cluster/scheduler.json and its key, by which the scripts find it
Settings: cluster, work_dir
Next    : any script, in another terminal; Ctrl-C here cancels the jobs

Run as  : python extrascripts/start_cluster.py configs/MYLENS [--no-jobs] [--run COMMAND ...]
"""

import argparse
import logging

from cosmouline.database import paths
from cosmouline.database.settings import load_settings
from cosmouline.engine.cluster import connection
from cosmouline.engine.cluster.scheduler import exit_now, serve
from cosmouline.engine.processes import stop_on_signals
from cosmouline.engine.terminal import log_to_terminal
from cosmouline.engine.tool import lens_options
from cosmouline.errors import UserError, guarded

log = logging.getLogger("cosmouline")


def parse():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--no-jobs", action="store_true",
                        help="the scheduler alone; start_worker.py starts workers")
    parser.add_argument("--run", nargs=argparse.REMAINDER, default=[], metavar="COMMAND",
                        help="run this command, and stop when it ends")
    return lens_options(parser)


def described(settings):
    """Return the scheduler file to write; UserError if there is no description, or it is there."""
    if not isinstance(settings.cluster, dict):
        raise UserError("cluster of settings.py does not describe jobs: nothing to start.")
    published = connection.published_path(settings)
    if connection.is_live(published):
        raise UserError(f"a cluster for this lens runs already ({published}).")
    connection.check_commands(settings.cluster)
    return published


def main():
    """Serve until a signal."""
    stop_on_signals()
    log_to_terminal()
    options = parse()
    try:
        settings = load_settings(options.config_dir)
        published = described(settings)
        paths.logs(settings).mkdir(parents=True, exist_ok=True)
        handler = logging.FileHandler(paths.logs(settings) / "cluster.log", encoding="utf-8")
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        logging.getLogger("cosmouline.file").addHandler(handler)
        logging.getLogger("cosmouline.file").propagate = False
        log.info("the scripts of %s find these workers by %s; Ctrl-C ends them",
                 settings.lens_name or options.config_dir, published)
        return serve(settings.work_dir, settings.cluster, published,
                     has_jobs=not options.no_jobs, command=options.run)
    except UserError as problem:
        log.error("start_cluster.py: %s", problem)
        return 1
    except KeyboardInterrupt as stop:
        log.info("the cluster is stopped, its jobs are cancelled")
        return stop.status


if __name__ == "__main__":
    exit_now(guarded(main, "start_cluster.py"))
