"""Put the images into groups to be stacked: by night, or all of a set.

Needs   : coefficients (4_norm/3a_medcoeff), resampled images (3_align/2a_opt_align)
Writes  : combi_group -> database; report_combi_<combi_group_name>.txt
Settings: lens_name, combi_group_name, combi_group_by, combi_coefficient, renorm_name
Next    : fac_combi/2_combine

Run as  : python pipe/fac_combi/1_prepare.py configs/MYLENS

A night lasts from local noon to local noon of the site. Images of two telescopes or two sets are
never in one group. Several groupings can live side by side under other names.
"""

from cosmouline.database import paths
from cosmouline.database.columns import column
from cosmouline.files import io_report
from cosmouline.frames.nights import group_by_night
from cosmouline.images import db_stack
from cosmouline.run import for_all_images, log_line, run

import numpy as np

NEEDS = ("aligned_noise", "mjd", "set_name", "telescope", "exptime_s")
WRITES = ("combi_group__{group}",)
COLUMNS = ("group", "set_name", "datetime_utc", "img_name", "exptime_s", "coefficient",
           "field_fwhm_arcsec", "sky_level_e")
FORMATS = {"coefficient": ".4f", "field_fwhm_arcsec": ".2f", "sky_level_e": ".0f"}


def grouped(images, settings):
    """Return the images in groups, in order of time."""
    labels = [(image["telescope"], image["set_name"]) for image in images]
    groups = []
    for label in sorted(set(labels)):
        those = [image for image, own in zip(images, labels, strict=True) if own == label]
        groups += by_time(those, settings)
    return sorted(groups, key=lambda group: (group[0]["mjd"], group[0]["img_name"]))


def by_time(images, settings):
    """Return the groups of the images of one set."""
    if settings.combi_group_by == "target":
        return [sorted(images, key=lambda image: image["mjd"])]
    lon_deg = column(images, "site_lon_deg")  # the gap of COSMOULINE where one is not known
    lon_deg = lon_deg if np.isfinite(lon_deg).all() else None
    return [[images[i] for i in group]
            for group in group_by_night(column(images, "mjd"), lon_deg)]


def measure(images, settings):
    """Return the number of its group for every image, and write the report."""
    groups, field = grouped(images, settings), f"combi_group__{settings.combi_group_name}"
    rows = [image | {"group": number, "coefficient": db_stack.coefficient(image, settings)}
            for number, group in enumerate(groups, 1) for image in group]
    path = paths.report(settings, f"combi_{settings.combi_group_name}")
    io_report.write_report(path, f"{settings.lens_name}: groups to be stacked",
                           io_report.table(rows, COLUMNS, FORMATS))
    alone = sum(len(group) == 1 for group in groups)
    log_line("%d groups of %d images, %d of them alone: %s", len(groups), len(images), alone,
             paths.relative(path))
    return {row["img_name"]: {field: row["group"]} for row in rows}


def main(settings, db):
    """Group the images in use."""
    images = db.all_in_use(settings, NEEDS + db_stack.needs(settings))
    for_all_images(measure(images, settings), db.select(), settings, db, measure=measure,
                   needs=NEEDS, writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
