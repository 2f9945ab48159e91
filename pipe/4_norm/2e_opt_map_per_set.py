"""Draw the reference image of every set with its stars, found or not, the lens and the boxes.

Needs   : the stars (4_norm/0_pick_stars), transforms, sky maps, empty_region
Writes  : plots/map_<set>.png
Settings: lens_name, norm_stars, psf_stars, photom_stars
Next    : 4_norm/3a_medcoeff

Run as  : python pipe/4_norm/2e_opt_map_per_set.py configs/MYLENS

The image of a set is the reference of the alignment, that of its band, or the one of the set that
is fittest. What to look for: stars in red, where no source was found; the same names at the same
stars in all sets; nothing in the box that should be empty.
"""

from cosmouline import library
from cosmouline.astrometry import db_transform
from cosmouline.astrometry.align import apply
from cosmouline.database import bands, notation
from cosmouline.images import db_images, db_sky
from cosmouline.pages import drawing
from cosmouline.plots.star_map import star_map
from cosmouline.run import run
from cosmouline.sources import db_stars
from cosmouline.sources.star_catalogue import positions

import numpy as np

spatial = library("scipy.spatial")

NEEDS = ("align_m11", "star_list", "lens_x_px", "sky_noise_e", "lens_y_px")
WRITES = ()


def of_set(name, images, reference, band_reference):
    """Return the image that stands for a set."""
    own = [image for image in images if image["set_name"] == name]
    for wanted in (reference, band_reference):
        if wanted in own:
            return wanted
    return max(own, key=lambda image: (image.get("ref_score", 0), image["img_name"]))


def boxes(image):
    """Return the corners of the empty region on an image, if there is one."""
    region = notation.read_region(image.get("empty_region"))
    if region is None:
        return {}
    x1, x2, y1, y2 = region
    corners = np.array([(x1, y1), (x2, y1), (x2, y2), (x1, y2)])
    return {"empty": apply(db_transform.matrix(image), corners)}


def measure(image, settings):
    """Return the page of one image."""
    matrix, stars = db_transform.matrix(image), db_stars.object_stars(settings)
    xy = apply(matrix, db_stars.star_positions(stars))
    found = positions(db_stars.sources(image, settings))
    away = spatial.cKDTree(found).query(xy)[0] if len(found) else np.full(len(xy), np.inf)
    image_e = db_images.pixels(image, settings) - db_sky.sky(image, settings).level()
    return star_map(image_e, xy, [star.name for star in stars], away < db_stars.SAME_STAR_PX,
                    found, (image["lens_x_px"], image["lens_y_px"]), boxes(image),
                    title=f"{settings.lens_name}: set {image['set_name']}",
                    info=[image["img_name"], f"seeing {image['fwhm_arcsec']:.2f} arcsec",
                          f"{len(found)} sources", f"{len(stars)} stars listed, "
                          f"{(away < db_stars.SAME_STAR_PX).sum()} found"])


def main(settings, db):
    """Draw one page for each set."""
    images = db.all_in_use(settings, NEEDS)
    for one, those in bands.split(images, settings):
        of_band = bands.reference(those, db, one)
        for name in sorted({image["set_name"] for image in those}):
            image = of_set(name, those, db.reference(), of_band)
            drawing.save_plot(measure(image, settings), f"map_{name}", settings, __file__)


if __name__ == "__main__":
    run(main, __doc__)
