"""Mark the cosmic rays on the stamps of the lens and the stars.

Needs   : stamps (6_extract/1_extract_objects), sky level, read noise
Writes  : the bit 8 of MASK in objects/<img_name>.fits; n_object_cosmics,
          n_object_alike -> database
Settings: cosmic_sigma, cosmic_fraction, cosmic_object
Next    : 6_extract/3_png_check

Run as  : python pipe/6_extract/2_find_cosmics.py configs/MYLENS

The marks are a first guess; the fits compare every pixel with their model. Where several stars
of an image are suspected at the same place (n_object_alike), it is the PSF: the cores of stars
and lens are not marked.
"""

from cosmouline.database import notes, paths
from cosmouline.run import for_each_image, run
from cosmouline.stamps import db_stamps
from cosmouline.stamps.cosmics import ALIKE, cosmic_mask, spare_cores
from cosmouline.stamps.io_stamps import update_mask
from cosmouline.stamps.stamps import with_cosmics

import numpy as np

NEEDS = ("n_objects", "sky_level_e", "read_noise_e", "field_fwhm_px")
WRITES = ("n_object_cosmics", "n_object_alike")


def measure(image, settings):
    """Mark the cosmic rays of one image; return the number of pixels."""
    stamps, names, header = db_stamps.objects(image, settings)
    stamps = with_cosmics(stamps, False)
    extent_px = np.where(np.array(names) == "lens", header["lens_radius_px"], 0.0)
    cosmic = cosmic_mask(stamps, image["field_fwhm_px"], image["read_noise_e"],
                         image["sky_level_e"], settings.cosmic_sigma, settings.cosmic_fraction,
                         settings.cosmic_object)
    cosmic, n_alike = spare_cores(cosmic, stamps, image["field_fwhm_px"], extent_px)
    update_mask(paths.objects(settings, image["img_name"]), with_cosmics(stamps, cosmic).mask)
    return {"n_object_cosmics": int(cosmic.sum()), "n_object_alike": n_alike}


def main(settings, db):
    """Look at the stamps of every image."""
    images = db.to_treat(settings, NEEDS)
    counts = for_each_image(measure, images, settings, db, needs=NEEDS, writes=WRITES)
    notes.log_counts(db, images, "n_object_alike", ALIKE)
    return counts


if __name__ == "__main__":
    run(main, __doc__)
