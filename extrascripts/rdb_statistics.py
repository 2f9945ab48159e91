"""Compare seeing, airmass, sampling and errors of the light curves of several lenses.

Needs   : .rdb tables of lcmanip/1_join, of COSMOULINE, or of others: mhjd, mag_X and magerr_X
Writes  : rdb_statistics.txt and .png in the folder --out, else beside the first table
Settings: none
Next    : plan the next season

Run as  : python extrascripts/rdb_statistics.py A.rdb B.rdb C.rdb [--out FOLDER] [--flagged]

Seeing and airmass are those of the points (nights), without the flagged ones unless --flagged.
"""

import logging
from pathlib import Path

from cosmouline.engine.tool import run_tool
from cosmouline.files import io_report
from cosmouline.lightcurve import db_curves, db_report
from cosmouline.lightcurve.compare import error_column
from cosmouline.lightcurve.join import rms_in_windows
from cosmouline.plots import style
from cosmouline.plots.histograms import histograms_page
from cosmouline.robust import median_of_finite

import numpy as np

log = logging.getLogger("cosmouline")
ARGUMENTS = {
    "curves": {"nargs": "+", "type": Path, "help": ".rdb tables"},
    "--out": {"type": Path, "help": "folder (default: that of the first table)"},
    "--flagged": {"action": "store_true", "help": "include flagged points"},
}
COLUMNS = ("curve", "points", "flagged", "images", "days", "sampling d", "seeing", "airmass",
           "error mag", "rms in 20 d")
CONDITIONS = ("nbimg", "fwhm", "airmass")  # which other programs may not write
FORMATS = dict.fromkeys(("sampling d", "seeing", "airmass"), ".2f") | dict.fromkeys(
    ("error mag", "rms in 20 d"), ".4f") | {"days": ".0f"}


def line_of(name, table, kept):
    """Return the line of one curve; error and rms are medians over its sources."""
    mhjd, sources = table["mhjd"][kept], db_curves.sources_of(table)
    gaps = np.diff(mhjd)
    errors = [median_of_finite(error_column(table, source)[kept]) for source in sources]
    rms = [rms_in_windows(mhjd, table[f"mag_{source}"][kept]) for source in sources]
    return dict(zip(COLUMNS, (
        name, len(mhjd), int((~table["flag"]).sum()), int(np.nansum(table["nbimg"])),
        np.ptp(mhjd) if len(mhjd) else np.nan,
        *map(median_of_finite, (gaps[gaps < db_report.SEASON_GAP_D], table["fwhm"][kept],
                                table["airmass"][kept], errors, rms))), strict=True))


def main(options):
    """Read the curves, write and log the table, draw the histograms."""
    out = options.out or options.curves[0].parent
    tables = {path.stem: db_curves.read_any(path, absent=CONDITIONS) for path in options.curves}
    kept = {name: table["flag"] | options.flagged for name, table in tables.items()}
    lines = [line_of(name, table, kept[name]) for name, table in tables.items()]
    text = io_report.table(lines, COLUMNS, FORMATS)
    log.info("%s", text.rstrip())
    io_report.write_report(out / "rdb_statistics.txt", "Light curves", text)
    of_point = np.concatenate([np.full(kept[name].sum(), name) for name in tables])
    panels = [(np.concatenate([table[column][kept[name]] for name, table in tables.items()]),
               word, unit) for column, word, unit in (
        ("fwhm", "seeing", "arcsec"), ("airmass", "airmass", ""))]
    if panels := [panel for panel in panels if np.isfinite(panel[0]).any()]:
        page = histograms_page(panels, of_point, "Seeing and airmass of the points")
        style.save(page, out / "rdb_statistics.png",
                   style.stamp_text("", "rdb_statistics"))


if __name__ == "__main__":
    run_tool(main, __doc__, ARGUMENTS)
