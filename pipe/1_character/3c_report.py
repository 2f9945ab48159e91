"""List the seeing of every image, best first, with lines for testlist.txt.

Needs   : seeing (1_character/3b_measure_seeing)
Writes  : report_seeing.txt
Settings: lens_name, fwhm_max_arcsec, ellipticity_max
Next    : 1_character/4a_sky_stats

Run as  : python pipe/1_character/3c_report.py configs/MYLENS

The first lines of a set are where to look for a reference image: good seeing, round stars, many
of them. Images that 3_align/3_update_flags will reject stand apart: a frame without stars has
cosmics for its sharpest sources. At the end stand some images of each set, from the best seeing
to the worst, as lines to copy into testlist.txt in the folder of the lens.
"""

from cosmouline.database import paths
from cosmouline.database.columns import column
from cosmouline.database.limits import Limits
from cosmouline.files import io_report
from cosmouline.run import log_line, run

import numpy as np

NEEDS = ("fwhm_arcsec", "ellipticity", "n_good_stars")
WRITES = ()
COLUMNS = ("img_name", "fwhm_arcsec", "fwhm_px", "ellipticity", "pa_deg", "n_good_stars",
           "n_sources", "quality_note")
N_TESTS = 5  # images proposed of each set: best, quartiles and worst


def for_testlist(rows):
    """Return lines for testlist.txt: images spread evenly over the seeing of a set."""
    places = np.unique(np.linspace(0, len(rows) - 1, N_TESTS).round().astype(int))
    return [f"{rows[i]['img_name']} seeing {rows[i]['fwhm_arcsec']:.2f} arcsec" for i in places]


def main(settings, db):
    """Write the report."""
    images = db.to_treat(settings, NEEDS)
    limits = Limits.of(settings)
    beyond = [image for image in images if any(limits.beyond(
        seeing=image["fwhm_arcsec"], ellipticity=image["ellipticity"]).values())]
    sets = io_report.by_set([image for image in images if image not in beyond], COLUMNS,
                            lambda im: im["fwhm_arcsec"], "images, best seeing first")
    lines = [line for part in sets for line in for_testlist(part.rows)]
    path = paths.report(settings, "seeing")
    io_report.write_parts(path, f"{settings.lens_name}: seeing", [
        *sets, *io_report.by_set(beyond, COLUMNS, lambda im: im["fwhm_arcsec"],
                                 "images beyond fwhm_max_arcsec or ellipticity_max"),
        "\n".join(["for testlist.txt:", "", *lines])])
    seeing = column(images, "fwhm_arcsec")
    log_line("%d images, seeing %.2f to %.2f arcsec, median %.2f: %s", len(images), seeing.min(),
             seeing.max(), np.median(seeing), paths.relative(path))


if __name__ == "__main__":
    run(main, __doc__)
