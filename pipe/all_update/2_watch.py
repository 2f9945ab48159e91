"""Watch the folders of raw frames: reduce what arrives, and report each new point.

Needs   : a reduction that has come to its end once (run_all.py)
Writes  : what all_update/1_update writes; export/<lens>_<dec_name>_news.jsonl
Settings: sets, lens_name, dec_name, join_by
Next    : the light curve, report_update.txt

Run as  : python pipe/all_update/2_watch.py configs/MYLENS [--every 10] [--once] [--no-pictures]

It looks for new frames, waits until none is being written (no change for --quiet seconds), and
runs all_update/1_update. A line of JSON for each new point of each source: magnitude, error,
change in errors against the three points before; a rise above 5 is told. Ctrl-C stops it.
"""

import argparse
import logging
import sys
import time

from cosmouline.database.settings import load_settings
from cosmouline.engine import launch
from cosmouline.engine.processes import stop_on_signals
from cosmouline.engine.terminal import log_to_terminal
from cosmouline.engine.tool import lens_folder, lens_options
from cosmouline.errors import EXIT_IMAGES_FAILED, EXIT_USER_ERROR, UserError, guarded
from cosmouline.frames import db_update
from cosmouline.lightcurve import db_live

NEEDS, WRITES = (), ()
log = logging.getLogger("cosmouline")


def parse():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=float, default=10, help="minutes between two looks (10)")
    parser.add_argument("--quiet", type=float, default=60, help="seconds without a change (60)")
    parser.add_argument("--once", action="store_true", help="look once, and end")
    parser.add_argument("--no-pictures", dest="extra", action="store_const", default=[],
                        const=["--no-pictures"], help="leave out what only draws")
    return lens_options(parser)


def look(options, tried=frozenset()):
    """Reduce new frames that are whole, tell new points; return status, and frames that failed."""
    settings = load_settings(options.config_dir)
    rows = db_update.read(settings).rows
    new = frozenset().union(*db_update.new_frames(settings, rows).values())
    if writing := db_update.unsettled(settings, new, options.quiet, time.time()):
        log.info("%d new frames, %d of them may still be written", len(new), len(writing))
    code = launch.run_script("all_update/1_update", options.config_dir, options.extra) if (
        new and not writing and new != tried) else 0
    if code > launch.INTERRUPTED:
        sys.exit(code)
    for line in db_live.tell(settings):
        log.info("%s", line)
    return code, new if code not in (0, EXIT_IMAGES_FAILED) else frozenset()


def main():
    """Look, tell, wait."""
    log_to_terminal()
    stop_on_signals()
    options, tried, last = parse(), frozenset(), None
    lens_folder(options.config_dir or "") or load_settings(options.config_dir)  # no lens: stops
    while True:
        try:
            (code, tried), last = look(options, tried), None
        except UserError as problem:
            if str(problem) != last:  # what is away for an hour is told once
                log.error("%s", problem)
            code, last = EXIT_USER_ERROR, str(problem)
        if options.once:
            return code
        time.sleep(60 * options.every)


if __name__ == "__main__":
    sys.exit(guarded(main, "2_watch.py"))
