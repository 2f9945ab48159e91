"""Ask the stars whether what the skies of a set have in common is its flat field; correct it.

Needs   : aperture fluxes (4_norm/2a_photometry), flat/<set>.fits (2_skysub/1c_flat_errors)
Writes  : flat_map, flat_left, flat_slope, flat_slope_sigma -> database
Settings: norm_stars, correct_flat, coeff_method
Next    : 4_norm/3a_medcoeff

Run as  : python pipe/4_norm/2f_flat_by_stars.py configs/MYLENS

A flat field that is too bright by 1 % somewhere makes stars 1 % too bright there: their fluxes
follow the map from image to image with a slope of 1. Light that was added to the sky, as fringes,
leaves them alone: 0. The structure is taken out of the skies of all stamps in either case; the
light is divided by it where 1 is nearer. correct_flat = False leaves all as it is.
"""

from cosmouline.database import bands
from cosmouline.photometry import db_flat_stars
from cosmouline.run import for_all_images, run
from cosmouline.sources import db_stars

NEEDS = ("n_phot_stars", "star_list", "align_m11")
WRITES = ("flat_map", "flat_left", "flat_slope", "flat_slope_sigma")


def measure(images, names, reference, settings):
    """Return the fields of the images of a band."""
    return db_flat_stars.fields(images, names, reference, settings)


def main(settings, db):
    """Ask the stars of all bands."""
    images = db.all_in_use(settings, NEEDS)
    names = [star.name for star in db_stars.norm_stars(settings)]
    results = bands.merged(lambda those, one: measure(
        those, names, bands.reference(those, db, one, anew=one.options.redo), one),
        images, settings)
    for_all_images(results, images, settings, db, measure=measure, needs=NEEDS, writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
