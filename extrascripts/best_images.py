"""List the best fraction of the images: the sharpest, the darkest, the roundest.

Needs   : the field to sort by
Writes  : best_images.txt in work_dir, a list of images as testlist.txt or a skip list
Settings: lens_name, sets
Next    : copy it to testlist.txt in the folder of the lens, or give it to a stack

Run as  : python extrascripts/best_images.py configs/MYLENS [--by field_fwhm_arcsec] [--part 0.1]
          [--largest] [--each-set]

The smallest values are the best, or with --largest the largest. With --each-set the fraction is
taken of every set.
"""

from cosmouline.database import paths
from cosmouline.database.columns import column
from cosmouline.database.fields import lookup
from cosmouline.errors import UserError
from cosmouline.files.io_catalog import write_image_list
from cosmouline.run import log_line, run

import numpy as np

ARGUMENTS = {
    "--by": {"default": "field_fwhm_arcsec", "help": "a number field of the database"},
    "--part": {"type": float, "default": 0.1, "help": "fraction of the images"},
    "--largest": {"action": "store_true", "help": "large values are good"},
    "--each-set": {"action": "store_true", "help": "that fraction of every set"}}


def best(rows, field, fraction, largest):
    """Return the best fraction of the rows, at least one, the best first."""
    known = [row for row in rows if field in row]
    values = column(known, field) * (-1 if largest else 1)
    order = np.argsort(values, kind="stable")[:max(1, round(fraction * len(known)))]
    return [known[i] for i in order] if known else []


def main(settings, db):
    """Choose and write."""
    options, rows = settings.options, db.select(gogogo=True, treatme=True)
    try:
        declared = lookup(options.by)
    except ValueError as problem:
        raise UserError(f"--by: {problem}; see doc/fields.md.") from problem
    if declared.type not in (int, float):
        raise UserError(f"--by {options.by}: only fields that hold numbers can be sorted by.")
    if not 0 < options.part <= 1:
        raise UserError(f"--part {options.part:g}: give a fraction above 0, at most 1.")
    sets = sorted({row["set_name"] for row in rows}) if options.each_set else [None]
    chosen = [row for name in sets for row in best(
        [row for row in rows if name in (None, row["set_name"])], options.by, options.part,
        options.largest)]
    if not chosen:
        raise UserError(f"no image has '{options.by}'. Run {declared.producer}.py.")
    path = paths.database(settings).with_name("best_images.txt")
    images = {row["img_name"]: f"{options.by} {row[options.by]:.4g} {declared.unit}"
              for row in chosen}
    write_image_list(path, images, f"{settings.lens_name}: the best of {len(rows)} images by "
                                   f"{options.by}")
    log_line("%d of %d images, %s up to %.4g %s: %s", len(chosen), len(rows), options.by,
             chosen[-1][options.by], declared.unit, paths.relative(path))


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
