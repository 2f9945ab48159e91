"""Add new frames to a finished reduction, and report what they changed.

Needs   : a reduction that has come to its end once (run_all.py)
Writes  : what the scripts write; updating of the new images -> database; report_update.txt
Settings: sets, dec_name
Next    : look at report_update.txt and the light curve

Run as  : python pipe/all_update/1_update.py configs/MYLENS [--no-pictures] [--cpus 4]

Runs all scripts in order. Each does only what is new or out of date: the new images up to their
stamps, PSFs and star fluxes; then the coefficients and joint fits of all images, which start from
the stored ones. Reference images, stars and sizes of stamps stay. Interrupted? Run it again.
Without a new frame, and with nothing out of date, it says so and runs nothing.
"""

import argparse
import logging
import sys

from cosmouline.database import paths
from cosmouline.database.script_header import listed_scripts
from cosmouline.database.settings import load_settings
from cosmouline.engine import launch
from cosmouline.engine.terminal import log_to_terminal
from cosmouline.engine.tool import lens_options
from cosmouline.errors import UserError
from cosmouline.files import io_report
from cosmouline.frames import db_update

NEEDS, WRITES = (), ()
COUNTS = ("script", "new images", "old ones changed", "old ones kept")
FORMATS = {"median sigma": ".3f", "largest sigma": ".3f"}
log = logging.getLogger("cosmouline")


def parse():
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--no-pictures", action="store_true", help="leave out what only draws")
    parser.add_argument("--cpus", help="worker processes; 0: all cores")
    return lens_options(parser)


def report(order, before, new, settings):
    """Write and return which images are new, what was computed, how far the old points moved."""
    rows = db_update.read(settings).rows
    moved = db_update.moved(before, rows, settings)
    text = f"{len(new)} new images: {', '.join(sorted(new)) or 'none'}\n\n" + io_report.table(
        db_update.ran(order, before, rows, new, settings), COUNTS)
    if moved:
        text += "\nHow far the points of the old images moved, in units of their errors\n\n" + (
            io_report.table(moved, ("band", "source", "images", *FORMATS), FORMATS))
    path = paths.report(settings, "update")
    io_report.write_report(path, f"{settings.lens_name}: update", text)
    return f"{text}\n{paths.relative(path)}"


def main():
    """List, run, report."""
    log_to_terminal()
    options = parse()
    try:
        settings = load_settings(options.config_dir)
        before = db_update.read(settings)
        order = db_update.as_before(listed_scripts(), before)
        order = launch.without_pictures(order) if options.no_pictures else order
        new = set().union(*db_update.new_frames(settings, before.rows).values())
        log.info("%d new frames, %d known", len(new), len(before.rows))
        if not new and db_update.is_done(order, settings):
            log.info("nothing to do: no script is out of date")
            return 0
        extra = ["--cpus", options.cpus] if options.cpus else []
        extra += ["--no-pictures"] if options.no_pictures else []
        code = launch.run_stretch(order, options.config_dir, extra, keep_going=True)
        if code == 0:
            db_update.mark(settings, new)
            log.info("\n%s", report(order, before, new, settings))
        return code
    except UserError as problem:
        log.error("1_update.py: %s", problem)
        return 1


if __name__ == "__main__":
    sys.exit(main())
