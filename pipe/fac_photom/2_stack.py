"""Stack the images of each filter: all nights, and each night, scaled by their zero points.

Needs   : photom_zero_point_mag (fac_photom/1_reject_by_zero_point), resampled images
Writes  : photom_<photom_name>/<filter>/<lens>_<filter>_<night>.fits: stack, variance, number of
          images, weight; <night> is the date of the evening, or "all"
Settings: lens_name, sets, photom_name, renorm_name, combi_method
Next    : fac_photom/3_detect

Run as  : python pipe/fac_photom/2_stack.py configs/MYLENS

All stacks lie on the grid of the reference image; a source of magnitude 25 has a flux of 1 (of
magnitude 0, where no catalogue gives zero points). The header has the images, their number,
airmass, exposure times, dates, zero point and seeing. A stack that is there and is of the same
images, scales and method is kept (--redo makes it again): a run that was killed goes on.
"""

from cosmouline.database import paths
from cosmouline.engine import tasks
from cosmouline.errors import UserError
from cosmouline.files.io_fits import read_image_header
from cosmouline.images import db_photom_stacks, db_stack
from cosmouline.images.io_stack import add_cards
from cosmouline.run import log_line, run
from cosmouline.sources import db_detection

import numpy as np

NEEDS = ("photom_zero_point_mag__{photom}", "photom_filter__{photom}", "aligned_noise", "mjd",
         "ref_img_name")
WRITES = ()


def is_made(one):
    """Whether the stack of these images is there, and complete."""
    return one["path"].is_file() and read_image_header(one["path"]).get("STACKKEY") == one["key"]


def stack(one, settings):
    """Write a stack, measure its seeing, and write that into its header."""
    images, path = one["images"], one["path"]
    own = db_photom_stacks.cards(images, settings)
    cards = db_stack.write(path, images, one["reference"], settings, own_cards=own,
                           coeff=db_photom_stacks.scales(images, settings))
    fwhm_px, n_stars = db_detection.stack_seeing(path, images)
    add_cards(path, {"SEEPIX": fwhm_px, "SEEING": fwhm_px * cards["PIXSIZE"],
                     "SEESTARS": n_stars, "STACKKEY": one["key"]})
    log_line("%d images, %.0f s, seeing %.2f arcsec, sky noise of magnitude %.2f per pixel",
             len(images), own["TOTALEXP"], fwhm_px * cards["PIXSIZE"],
             cards["MAGZERO"] - 2.5 * np.log10(cards["SKYSIG"]))
    return {}


def main(settings, db):
    """Write the stacks; those of nights and filters that are no more are removed."""
    images = [image for image in db.all_in_use(settings, db_stack.NEEDS)
              if f"photom_zero_point_mag__{settings.photom_name}" in image]
    if not images:
        raise UserError("no image is chosen for a stack. Run fac_photom/1_reject_by_zero_point.py "
                        "first.")
    todo = [one | {"reference": db.reference(),
                   "key": db_photom_stacks.key_of(one["images"], settings)}
            for one in db_photom_stacks.stacks_of(images, settings)]
    kept = [one for one in todo if not settings.options.redo and is_made(one)]
    for old in set(db_photom_stacks.stacks_there(settings)) - {one["path"] for one in todo}:
        old.unlink()
        log_line("removed %s: no such stack any more", paths.relative(old))
    new = [one for one in todo if one not in kept]
    list(tasks.results(stack, new, settings, "stack"))
    log_line("%d stacks, %d of them kept: %s", len(todo), len(kept),
             paths.relative(paths.photometry(settings)))


if __name__ == "__main__":
    run(main, __doc__)
