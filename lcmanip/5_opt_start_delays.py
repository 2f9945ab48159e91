"""Guess the time delays of the joined light curve, and write the program that starts PyCS3.

Needs   : export/<lens>_<deconvolution>_by_<night, image or minutes>.rdb (lcmanip/1_join), or --rdb
Writes  : the same name with _pycs3.py and _delays.png; report_delays_<name>.txt
Settings: lens_name, dec_name, sum_sources, join_sources, join_separate, join_skiplists, join_by
Next    : python export/<name>_pycs3.py, where PyCS3 is installed

Run as  : python lcmanip/5_opt_start_delays.py configs/MYLENS [--longest 150] [--rdb other.rdb]
          [--sources A B] [--gap 60]

A delay AB is what is to be added to the dates of B, in days, so that they match those of A, as in
PyCS3: it is negative where A is ahead. The quasar and its microlensing are taken as random walks;
the error is the width of the probability of all delays up to --longest. It is a first guess: the
errors of the points are taken as independent. Those of the coefficient (magerr_X_norm), which the
sources of a night share, draw a delay towards 0.
"""

import itertools
from pathlib import Path

from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.files import io_report
from cosmouline.files.io_text import write_text
from cosmouline.lightcurve import db_curves
from cosmouline.lightcurve.delay import db_delays, delays, io_pycs3
from cosmouline.pages import drawing
from cosmouline.plots.delays import delays_page
from cosmouline.run import log_line, run

NEEDS = WRITES = ()
ARGUMENTS = {
    "--longest": {"type": float, "metavar": "DAYS", "help": "delays are looked for up to this "
                  f"(default: a quarter of the campaign, at most {db_delays.LONGEST_D})"},
    "--rdb": {"help": "another .rdb table than that of lcmanip/1_join"},
    "--sources": {"nargs": "+", "help": "these sources only, the first not shifted"},
    "--gap": {"type": float, "default": 60.0, "metavar": "DAYS",
              "help": "longer gaps separate seasons"}}


def guess(path, name, settings):
    """Find the delays of one table; write report, program and picture."""
    options = settings.options
    table = db_curves.read_any(path)
    curves = db_delays.good_points(table, path, options.sources)
    longest_d = options.longest or db_delays.longest_of(curves)
    found = {pair: delays.find_delay(*(curves[one] for one in pair), longest_d)
             for pair in itertools.combinations(curves, 2)}
    shifts = delays.shifts(list(curves), found)
    seasons = delays.seasons(next(iter(curves.values()))[0], options.gap)
    text = db_delays.report(found, shifts, seasons, longest_d, table)
    log_line("%s\n%s", path.stem, text.rstrip())
    io_report.write_report(paths.report(settings, f"delays_{name}"), path.stem, text)
    program = path.with_name(f"{path.stem}_pycs3.py")
    write_text(program, io_pycs3.start_program(
        path.stem, db_delays.error_names(table, curves), shifts, seasons, "flag" in table))
    page = delays_page(
        db_delays.shifted(curves, shifts), [one.trials_d for one in found.values()],
        [one.density for one in found.values()], ["".join(pair) for pair in found],
        [db_delays.in_words(one) for one in found.values()],
        title=f"{drawing.lens(settings)}: first guess of the delays", subtitle=path.stem)
    drawing.save_as(page, path.with_name(f"{path.stem}_delays.png"), settings, __file__)
    log_line("PyCS3: python %s", paths.relative(program))


def main(settings, db):
    """Guess the delays of the table that is named, or of every light curve of the lens."""
    if settings.options.rdb:
        path = Path(settings.options.rdb).expanduser()
        if not path.is_file():
            raise UserError(f"there is no {path} (--rdb).")
        guess(path, path.stem, settings)
        return
    for one in db_curves.curves(db, settings):
        guess(db_curves.existing(one.path), one.name, one.settings)


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
