"""Report the shear response, its guards, PSF leakage, and CCDs that lose epochs.

Needs   : shapes/catalogue.fits (fac_shapes/7b_merge)
Writes  : report_shapes.txt, plots/shapes.png
Settings: lens_name, shape_catalogue
Next    : look at them

Run as  : python pipe/fac_shapes/7d_report.py configs/MYFIELD [--truth sky/truth.ecsv]

The same cuts are made on the sheared versions: so the selection has a response too. Stars must
have none. With --truth (a table of skymaker) the shear is compared with the true one.
"""

from pathlib import Path

from cosmouline.images.ccds import db_ccds
from cosmouline.run import log_line, run
from cosmouline.shapes import db_shear_report

NEEDS = ("n_tile_catalogue",)
WRITES = ()
ARGUMENTS = {"--truth": {"type": Path, "metavar": "TABLE",
                         "help": "objects with their true shear, as skymaker writes them"}}


def main(settings, db):
    """Write the report and the picture."""
    tiles = db_ccds.rows(db, settings, db_ccds.TILES, NEEDS)
    truth = getattr(settings.options, "truth", None)
    for line in db_shear_report.write(tiles, settings, truth):
        log_line("%s", line)


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
