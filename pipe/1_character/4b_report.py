"""List the sky of every image, darkest first, with seeing, Moon and Sun.

Needs   : sky_level_e, sky_sigma_e (1_character/4a_sky_stats), seeing; Moon and Sun if known
Writes  : report_sky.txt
Settings: lens_name
Next    : 2_skysub/1_skysub

Run as  : python pipe/1_character/4b_report.py configs/MYLENS

excess is the scatter of the sky over that of its photons and the read noise. Near 1 is a clean
sky; more is a crowded field, a gradient, fringes, or a gain that is not that of the camera; less
than 1 is a gain that is too small, or pixels that were smoothed.
"""

from cosmouline.database import paths
from cosmouline.database.columns import column
from cosmouline.files import io_report
from cosmouline.run import log_line, run

import numpy as np

NEEDS = ("sky_level_e", "sky_sigma_e", "read_noise_e", "fwhm_arcsec", "n_good_stars")
WRITES = ()
COLUMNS = ("img_name", "sky_level_e", "sky_sigma_e", "excess", "fwhm_arcsec", "n_good_stars",
           "moon_percent", "moon_dist_deg", "moon_alt_deg", "sun_alt_deg")


def with_excess(images):
    """Return the rows with the scatter over that of photons and read noise."""
    photons_e2 = np.maximum(column(images, "sky_level_e"), 0)
    expected_e = np.sqrt(photons_e2 + column(images, "read_noise_e") ** 2)
    excess = column(images, "sky_sigma_e") / np.where(expected_e > 0, expected_e, np.nan)
    return [image | {"excess": value} for image, value in zip(images, excess, strict=True)]


def main(settings, db):
    """Write the report."""
    images = with_excess(db.to_treat(settings, NEEDS))
    path = paths.report(settings, "sky")
    io_report.write_parts(path, f"{settings.lens_name}: sky", io_report.by_set(
        images, COLUMNS, lambda im: im["sky_level_e"], "images, darkest sky first"),
        {"excess": ".2f"})
    level_e = column(images, "sky_level_e")
    log_line("%d images, sky %.0f to %.0f e-, median %.0f: %s", len(images), level_e.min(),
             level_e.max(), np.median(level_e), paths.relative(path))


if __name__ == "__main__":
    run(main, __doc__)
