"""Measure the highest pixel of every star.

Needs   : the stars (4_norm/0_pick_stars, photomstars.cat), transforms
Writes  : peak_adu__<star>, n_peak_stars -> database
Settings: norm_stars, psf_stars, photom_stars
Next    : 4_norm/2d_opt_plot_peaks

Run as  : python pipe/4_norm/2c_opt_peak_db.py configs/MYLENS

In ADU, the sky included: to be compared with the saturation level of the camera.
"""

from cosmouline.images import db_images
from cosmouline.photometry.peaks import peak_values
from cosmouline.run import for_each_image, run
from cosmouline.sources import db_stars

import numpy as np

NEEDS = ("align_m11", "star_list", "field_fwhm_px", "gain_e_per_adu", "n_hot_px")
WRITES = ("peak_adu__{star}", "n_peak_stars")


def measure(image, settings):
    """Return the peaks of the stars of one image; a star that is not on it is absent."""
    stars = db_stars.object_stars(settings)
    xy = db_stars.on_image(db_stars.star_positions(stars), image, settings)
    image_e, bad = db_images.image_and_bad(image, settings)
    peak_adu = peak_values(image_e, xy, image["field_fwhm_px"], bad) / image["gain_e_per_adu"]
    values = {f"peak_adu__{star.name}": peak for star, peak in zip(stars, peak_adu, strict=True)
              if np.isfinite(peak)}
    return values | {"n_peak_stars": len(values)}


def main(settings, db):
    """Measure every aligned image."""
    images = db.to_treat(settings, NEEDS)
    return for_each_image(measure, images, settings, db, needs=NEEDS, writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
