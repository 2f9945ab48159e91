"""Run the scripts of the pipeline in order, and stop at the first that fails.

Needs   : configs/<lens>/settings.py
Writes  : what the scripts write
Settings: none of its own
Next    : look at the pictures in work_dir

Run as  : python pipe/run_all.py configs/MYLENS [--from 3_align] [--to 5_psf/4] [--list] [--status]
          [--keep-going] [--no-pictures] [--test] [--redo] [--cpus 4] [--route combi]
          [--alt 3_align/1b_alt_no_align]
"""

import argparse
import logging
import sys

from cosmouline.database import status
from cosmouline.database.script_header import (
    listed_scripts,
    read_header,
    replaced_by,
    script_path,
)
from cosmouline.database.settings import load_settings
from cosmouline.engine import launch
from cosmouline.engine.terminal import log_to_terminal
from cosmouline.engine.tool import lens_options
from cosmouline.errors import UserError, guarded

log = logging.getLogger("cosmouline")
ROUTES = ("preparation", "quasar", "astrometry", "combi", "photom", "injection", "shapes")


def position(text, order, last=False):
    """Return the index of a script, or of the first or last one of a folder, in the order."""
    found = [i for i, script in enumerate(order) if script.startswith(text.removesuffix(".py"))]
    if not found:
        raise UserError(f"no script begins with '{text}'. See run_all.py --list.")
    return found[-1] if last else found[0]


def with_alternatives(order, scripts):
    """Return an order in which scripts with _alt_ in their names take the places of others."""
    order = list(order)
    for name in scripts:
        script = name.removesuffix(".py")
        instead = replaced_by(script) if script_path(script).is_file() else None
        if instead not in order:
            raise UserError(f"--alt {name} takes the place of no script in the order.")
        order[order.index(instead)] = script
    return order


def parse():
    """Read the command line; what is not known here goes to the scripts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="first", default="", metavar="SCRIPT",
                        help="begin with this script or folder, such as 3_align or 5_psf/4")
    parser.add_argument("--to", dest="last", default="", metavar="SCRIPT",
                        help="end with this script, or with the last one of this folder")
    parser.add_argument("--list", action="store_true", help="show the order and what each does")
    parser.add_argument("--status", action="store_true", help="show what is done on this lens")
    parser.add_argument("--keep-going", action="store_true", help="also when images failed")
    parser.add_argument("--no-pictures", action="store_true", help="leave out what only draws")
    parser.add_argument("--route", choices=ROUTES, default="quasar",
                        help="quasar: light curves (default); preparation: raw frames, before it; "
                        "astrometry: catalogue and coordinates; combi: stacks by night, after it; "
                        "photom: all sources of the field on stacks, after it; "
                        "injection: sources of known light, after it; "
                        "shapes: galaxy shapes from exposures of a mosaic camera")
    parser.add_argument("--alt", nargs="+", default=[], metavar="SCRIPT",
                        help="scripts with _alt_ in their names, in the places of the others")
    for name, text in (("--test", "only the images of testlist.txt"),
                       ("--redo", "also what is up to date")):
        parser.add_argument(name, action="append_const", dest="extra", const=name, default=[],
                            help=text)
    parser.add_argument("--cpus", metavar="N", help="worker processes; 0: all cores")
    options = lens_options(parser)
    options.extra += ["--cpus", options.cpus] if options.cpus else []
    return options


def main():
    """List the scripts, report the status, or run."""
    log_to_terminal()
    options = parse()
    try:
        order = with_alternatives(listed_scripts(options.route.upper()), options.alt)
        stretch = order[position(options.first, order):position(options.last, order, True) + 1]
        if not stretch:
            raise UserError(f"--from {options.first} comes after --to {options.last} in the "
                            "order. See run_all.py --list.")
        if options.no_pictures:
            stretch = launch.without_pictures(stretch)
        if options.list:
            for script in stretch:
                log.info("%-34s %s", script, read_header(script).purpose)
            return 0
        settings = load_settings(options.config_dir)
        if options.status:
            log.info("%s", status.report(settings, order))
            return 0
        if not options.extra or options.extra[0] == "--cpus":  # of all images, and not again
            from cosmouline.frames import db_update  # it needs numpy

            if db_update.nothing_to_do(stretch, settings):
                log.info("nothing to do: all is up to date (--redo does it again)")
                return 0
    except UserError as problem:
        log.error("run_all.py: %s", problem)
        return 1
    extra = [*options.extra, *(["--no-pictures"] if options.no_pictures else [])]
    return launch.run_stretch(stretch, options.config_dir, extra, options.keep_going)


if __name__ == "__main__":
    sys.exit(guarded(main, "run_all.py"))
