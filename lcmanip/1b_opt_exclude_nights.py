"""Exclude nights from the joined light curve after a look at it, or include them again.

Needs   : export/<...>.ecsv (lcmanip/1_join); excluded_nights.txt in the folder of the lens
Writes  : the same .ecsv (its column `excluded`), and from it the .rdb again
Settings: lens_name, dec_name, sum_sources, join_sources, join_separate, join_skiplists, join_by,
          excluded_nights
Next    : lcmanip/2_plot

Run as  : python lcmanip/1b_opt_exclude_nights.py configs/MYLENS

Each line of excluded_nights.txt is an integer mjd or a date such as 2019-03-01, the UTC day in
which the point lies, then the reason. 1_join reads the list too; this script is for a list that
has changed. The nights are flagged in the .rdb, or left out of it (excluded_nights = "drop"); the
.ecsv keeps all points, so a night comes back once its line is removed from the list.
"""

from cosmouline.lightcurve import db_curves
from cosmouline.run import log_line, run

import numpy as np

NEEDS = ("flux_e__{dec}__{source}",)
WRITES = ()
ARGUMENTS = db_curves.SUM_ARGUMENT


def report(columns, days, name):
    """Log which nights of a curve are excluded, and which of the list it does not have."""
    present = np.floor(columns["mhjd"]).astype(int)
    for day, reason in sorted(days.items()):
        n = int((present == day).sum())
        log_line("%s: mjd %d %s: %s", name, day, reason,
                 f"{n} points excluded" if n else "no point on this day")


def main(settings, db):
    """Write every light curve again with the present list."""
    days = db_curves.excluded_days(settings.config_dir / db_curves.NIGHTS_FILE)
    if not days:
        log_line("no night is excluded: there is no %s in %s, or it is empty",
                 db_curves.NIGHTS_FILE, settings.config_dir)
    for curve in db_curves.curves(db, settings):
        columns = db_curves.read(curve)
        report(columns, days, curve.path.name)
        db_curves.write(curve, columns)


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
