"""Compute the coefficient of every image from the PSF fluxes of the stars.

Needs   : star fluxes (7_deconv/0_star_photometry)
Writes  : renorm, its error, number of stars and chi2 -> database
Settings: renorm_name, renorm_stars, renorm_method, psf_name, norm_stars
Next    : 8_renorm/1b_report

Run as  : python 1a_renormalize.py ../../configs/MYLENS

Flux x renorm is the flux on the scale of the reference image. Stars that vary are found and not
used; single bad points are left out; the error is that of the mean, enlarged where the stars
disagree. "median" is COSMOULINE's formula.
"""

from cosmouline import coefficients, products
from cosmouline.columns import family
from cosmouline.run import for_all_images, log_line, run

NEEDS = ("n_psf_phot__{psf}", "star_list")
WRITES = ("renorm__{renorm}", "renorm_sigma__{renorm}", "n_renorm_stars__{renorm}",
          "renorm_chi2__{renorm}")


def measure(images, names, reference, settings):
    """Return the coefficients of all images that have one."""
    psf, renorm = settings.psf_name, settings.renorm_name
    found = coefficients.solve(
        family(images, f"star_flux_e__{psf}__{{star}}", names),
        family(images, f"star_sigma_e__{psf}__{{star}}", names), images.index(reference),
        settings.renorm_method)
    coefficients.tell(found, names)
    return {image["img_name"]: {
        f"renorm__{renorm}": c, f"renorm_sigma__{renorm}": sigma,
        f"n_renorm_stars__{renorm}": n, f"renorm_chi2__{renorm}": chi2 if chi2 == chi2 else None,
    } for image, (c, sigma, n, chi2) in coefficients.by_image(images, found)}


def main(settings, db):
    """Solve for all images at once."""
    images = db.all_in_use(settings, NEEDS)
    stars = products.only_named(products.picked_stars(settings),
                                settings.renorm_stars or settings.norm_stars, "renorm_stars")
    results = measure(images, [star.name for star in stars], db.reference(images), settings)
    for_all_images(results, images, settings, db, measure=measure, needs=NEEDS, writes=WRITES)
    if len(results) < len(images):
        log_line("%d images have too few stars for a coefficient", len(images) - len(results))


if __name__ == "__main__":
    run(main, __doc__)
