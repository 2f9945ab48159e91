"""Compare two light curves of one lens: of two reductions, deconvolutions, or programs.

Needs   : two .rdb tables with mhjd, mag_X, magerr_X; by default the first is of lcmanip/1_join
Writes  : report_compare_<name>.txt, plots/compare_<name>.png; of --band, its name in them
Settings: lens_name, dec_name, join_by, sets
Next    : lcmanip/4_opt_export_final

Run as  : python lcmanip/3_opt_compare.py configs/MYLENS --with other.rdb [--first mine.rdb]
          [--band R] [--sources A=B1 B=B2] [--near 0.3] [--name other]

First minus second, over the points that both have and neither flags. The offset is that of the
zero points: magnitudes are instrumental. The pull is the scatter in units of the errors: 1 for
independent data with correct errors, well below 1 for two reductions of the same frames, which
share their photons.
"""

from pathlib import Path

from cosmouline.database import bands, paths
from cosmouline.errors import UserError
from cosmouline.files import io_report
from cosmouline.lightcurve import compare, db_curves
from cosmouline.pages import drawing
from cosmouline.plots.curve_pages import differences_page
from cosmouline.run import log_line, run

import numpy as np

NEEDS, WRITES = (), ()
ARGUMENTS = {
    "--with": {"dest": "second", "required": True, "help": "the other .rdb table"},
    "--first": {"help": "the first .rdb table (default: that of lcmanip/1_join)"},
    "--band": {"help": "the band whose table is the first, where the sets have bands"},
    "--sources": {"nargs": "+", "metavar": "A=B", "help": "pairs of sources (default: by name)"},
    "--near": {"type": float, "default": compare.NEAR_D, "metavar": "DAYS",
               "help": "largest difference between the dates of two points that are compared"},
    "--name": {"help": "name of report and picture (default: that of the other table)"}}
COLUMNS = ("source", "points", "offset", "+-", "rms", "robust rms", "error", "pull")
FORMATS = dict.fromkeys(COLUMNS[2:-1], ".4f") | {"pull": ".2f"}


def line_of(name, found):
    """Return the line of the report on one source."""
    n = int(np.isfinite(found.values).sum())
    return dict(zip(COLUMNS, (name, n, found.offset, found.offset_sigma, found.rms, found.robust,
                              float(np.median(found.sigma)), found.pull), strict=True))


def main(settings, db):
    """Match the points, compare the sources, write the report and draw the differences."""
    options = settings.options
    if options.band or not options.first:
        settings = bands.chosen(settings, options.band)
    path = Path(options.first or paths.light_curve(settings))
    first, second = db_curves.read_any(path), db_curves.read_any(options.second)
    i, j = compare.match(first["mhjd"], second["mhjd"], options.near)
    if not len(i):
        raise UserError(f"no point of {path} is within {options.near:g} d of one of "
                        f"{options.second}.")
    found = {f"{one}-{other}": compare.difference(first, second, i, j, one, other)
             for one, other in compare.pairs(
                 db_curves.sources_of(first), db_curves.sources_of(second),
                 options.sources)}
    lines = [line_of(name, one) for name, one in found.items()]
    text = io_report.table(lines, COLUMNS, FORMATS)
    name = f"compare_{options.name or Path(options.second).stem}"
    log_line("%d points in both tables\n%s", len(i), text.rstrip())
    io_report.write_report(paths.report(settings, name), f"{path} - {options.second}", text)
    notes = [f"{n['points']} points, offset {n['offset']:+.4f} mag subtracted, rms "
             f"{n['rms']:.4f} mag, pull {n['pull']:.2f}" for n in lines]
    page = differences_page(
        first["mhjd"][i], [one.values - one.offset for one in found.values()],
        [one.sigma for one in found.values()], list(found), notes,
        title=f"{settings.lens_name}: {path.stem} - {Path(options.second).stem}")
    drawing.save_plot(page, name, settings, __file__)


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
