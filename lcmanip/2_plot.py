"""Draw the joined light curve.

Needs   : export/<lens>_<deconvolution>_by_<night, image or minutes>.rdb (lcmanip/1_join)
Writes  : the same name with .png
Settings: lens_name, dec_name, join_by
Next    : PyCS3

Run as  : python lcmanip/2_plot.py configs/MYLENS
"""

from pathlib import Path

from cosmouline import drawing, paths
from cosmouline.errors import UserError
from cosmouline.io_rdb import read_rdb
from cosmouline.plots.light_curve import separating_shifts
from cosmouline.plots.light_curve_pages import light_curves_page
from cosmouline.run import log_line, run

import numpy as np

NEEDS = ("flux_e__{dec}__{source}",)
WRITES = ()


def main(settings, db):
    """Read the table and draw all sources in one panel, moved apart."""
    path = paths.light_curve(settings)
    if not path.is_file():
        raise UserError(f"there is no {path}. Run lcmanip/1_join.py first.")
    table = read_rdb(path)
    sources = [name[4:] for name in table if name.startswith("mag_")]
    mags = np.array([table[f"mag_{source}"] for source in sources])
    sigmas = np.array([table[f"magerr_{source}_cov"] for source in sources])
    flag = np.array(table["flag"])
    page = light_curves_page(
        np.array(table["mhjd"]), mags, sigmas, sources, separating_shifts(mags), flag,
        title=settings.lens_name,
        subtitle=f"{settings.dec_name}, {len(flag)} points by {settings.join_by}, "
                 f"{(~flag).sum()} flagged")
    target = Path(path).with_suffix(".png")
    drawing.save_as(page, target, settings, __file__)
    log_line("picture: %s", paths.relative(target))


if __name__ == "__main__":
    run(main, __doc__)
