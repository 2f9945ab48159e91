"""Give every image the coefficient 1: for made-up images, or to look at raw fluxes.

Needs   : the stars (4_norm/0_pick_stars)
Writes  : medcoeff = 1, medcoeff_sigma = 0, n_coeff_stars = 0, band_ref_img_name -> database
Settings: band_ref_img_names
Next    : 4_norm/3b_report

Run as  : python pipe/4_norm/3a_alt_coeff_one.py configs/MYLENS

In place of 4_norm/3a_medcoeff.
"""

from cosmouline.database import bands
from cosmouline.run import for_all_images, run

NEEDS = ("star_list",)
WRITES = ("medcoeff", "medcoeff_sigma", "n_coeff_stars", "band_ref_img_name")


def measure(images, reference):
    """Return the fields of all images of a band."""
    values = {"medcoeff": 1.0, "medcoeff_sigma": 0.0, "n_coeff_stars": 0,
              "band_ref_img_name": reference["img_name"]}
    return {image["img_name"]: values for image in images}


def main(settings, db):
    """Write the same to all aligned images of a band."""
    images = db.all_in_use(settings, NEEDS)
    results = bands.merged(
        lambda those, one: measure(
            those, bands.reference(those, db, one, anew=one.options.redo)), images, settings)
    for_all_images(results, images, settings, db, measure=measure, needs=NEEDS, writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
