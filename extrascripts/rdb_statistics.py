"""Compare seeing, airmass, sampling and errors of the light curves of several lenses.

Needs   : .rdb tables of lcmanip/1_join, or of COSMOULINE
Writes  : rdb_statistics.txt and .png in the folder --out
Settings: none
Next    : plan the next season

Run as  : python extrascripts/rdb_statistics.py A.rdb B.rdb C.rdb [--out FOLDER] [--flagged]

Seeing and airmass are those of the points (nights), without the flagged ones unless --flagged.
"""

import argparse
import logging
import sys
from pathlib import Path

from cosmouline.engine.terminal import log_to_terminal
from cosmouline.errors import UserError
from cosmouline.files import io_report
from cosmouline.lightcurve import db_curves, db_report
from cosmouline.lightcurve.compare import error_column
from cosmouline.lightcurve.join import rms_in_windows
from cosmouline.plots import style
from cosmouline.plots.histograms import histograms_page
from cosmouline.robust import median_of_finite

import numpy as np

log = logging.getLogger("cosmouline")
COLUMNS = ("curve", "points", "flagged", "images", "days", "sampling d", "seeing", "airmass",
           "error mag", "rms in 20 d")
COLUMNS_READ = ("mhjd", "flag", "nbimg", "fwhm", "airmass")
FORMATS = dict.fromkeys(("sampling d", "seeing", "airmass"), ".2f") | dict.fromkeys(
    ("error mag", "rms in 20 d"), ".4f") | {"days": ".0f"}


def line_of(name, table, kept):
    """Return the line of one curve; error and rms are medians over its sources."""
    mhjd, sources = table["mhjd"][kept], db_curves.sources_of(table)
    gaps = np.diff(mhjd)
    errors = [median_of_finite(error_column(table, source)[kept]) for source in sources]
    rms = [rms_in_windows(mhjd, table[f"mag_{source}"][kept]) for source in sources]
    return dict(zip(COLUMNS, (
        name, len(mhjd), int((~table["flag"]).sum()), int(table["nbimg"].sum()),
        np.ptp(mhjd) if len(mhjd) else np.nan,
        *map(median_of_finite, (gaps[gaps < db_report.SEASON_GAP_D], table["fwhm"][kept],
                                table["airmass"][kept], errors, rms))), strict=True))


def main(argv=None):
    """Read the curves, write and log the table, draw the histograms; return the exit status."""
    log_to_terminal()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("curves", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, default=Path())
    parser.add_argument("--flagged", action="store_true", help="include flagged points")
    options = parser.parse_intermixed_args(argv)
    try:
        tables = {path.stem: db_curves.read_any(path, COLUMNS_READ) for path in options.curves}
    except UserError as problem:
        log.error("%s", problem)
        return 1
    kept = {name: table["flag"] | options.flagged for name, table in tables.items()}
    lines = [line_of(name, table, kept[name]) for name, table in tables.items()]
    text = io_report.table(lines, COLUMNS, FORMATS)
    log.info("%s", text.rstrip())
    io_report.write_report(options.out / "rdb_statistics.txt", "Light curves", text)
    of_point = np.concatenate([np.full(kept[name].sum(), name) for name in tables])
    values = [np.concatenate([table[column][kept[name]] for name, table in tables.items()])
              for column in ("fwhm", "airmass")]
    page = histograms_page([(values[0], "seeing", "arcsec"), (values[1], "airmass", "")],
                           of_point, "Seeing and airmass of the points")
    style.save(page, options.out / "rdb_statistics.png", style.stamp_text("", "rdb_statistics"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
