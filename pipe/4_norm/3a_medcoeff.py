"""Compute a first coefficient per image from the aperture fluxes of the stars.

Needs   : aperture fluxes (4_norm/2a_photometry)
Writes  : medcoeff, medcoeff_sigma, n_coeff_stars -> database
Settings: norm_stars, coeff_method
Next    : 4_norm/3c_plot_stars

Run as  : python 3a_medcoeff.py ../../configs/MYLENS

Flux x medcoeff is the flux on the reference image; a faint image has a large one. "als" solves
stars and images together, so that a variable star, a star that is missing in the bad images, or
a mistake in the reference image biases nothing; "median" is COSMOULINE's formula.
"""

from cosmouline import coefficients, products
from cosmouline.columns import family
from cosmouline.run import for_all_images, run

NEEDS = ("n_phot_stars", "star_list")
WRITES = ("medcoeff", "medcoeff_sigma", "n_coeff_stars")


def measure(images, names, reference, settings):
    """Return the coefficients of all images that have one."""
    found = coefficients.solve(
        family(images, "aper_flux_e__{star}", names),
        family(images, "aper_sigma_e__{star}", names), images.index(reference),
        settings.coeff_method)
    coefficients.tell(found, names)
    return {image["img_name"]: {"medcoeff": c, "medcoeff_sigma": sigma, "n_coeff_stars": n}
            for image, (c, sigma, n, _) in coefficients.by_image(images, found)}


def main(settings, db):
    """Solve for all aligned images at once."""
    images = [image for image in db.to_treat(settings) if image.get("is_aligned")]
    db.require(images, NEEDS)
    names = [star.name for star in products.norm_stars(settings)]
    results = measure(images, names, db.reference(), settings)
    for_all_images(results, images, settings, db, measure=measure, needs=NEEDS, writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
