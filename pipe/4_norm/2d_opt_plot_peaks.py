"""Draw the histogram of the peaks of every star, with the saturation level.

Needs   : the peaks (4_norm/2c_opt_peak_db)
Writes  : plots/peaks.png
Settings: lens_name
Next    : 4_norm/2e_opt_map_per_set

Run as  : python pipe/4_norm/2d_opt_plot_peaks.py configs/MYLENS

What to look for: a star that comes near to the red line in images of good seeing. Leave it out of
psf_stars (and of norm_stars): CCDs are not linear up to the brim.
"""

from cosmouline.database import bands
from cosmouline.database.columns import column, family, members, texts
from cosmouline.pages import drawing
from cosmouline.plots.peaks import peaks_page
from cosmouline.run import run

import numpy as np

NEEDS = ("n_peak_stars", "saturation_adu")
WRITES = ()
PATTERN = "peak_adu__{star}"


def levels(images):
    """Return the saturation level of each set, the lowest where it differs."""
    level, sets = column(images, "saturation_adu"), np.array(texts(images, "set_name"))
    return {name: float(level[sets == name].min()) for name in sorted(set(sets))}


def main(settings, db):
    """Draw one page for each band."""
    for one, images in bands.split(db.to_treat(settings, NEEDS), settings):
        names = sorted(members(images, PATTERN), key=lambda name: (len(name), name))
        page = peaks_page(names, family(images, PATTERN, names).T, levels(images),
                          title=f"{settings.lens_name}: peaks of the stars, sky included")
        drawing.save_plot(page, "peaks", one, __file__)


if __name__ == "__main__":
    run(main, __doc__)
