"""Compute a first coefficient per image from the aperture fluxes of the stars.

Needs   : aperture fluxes (4_norm/2a_photometry)
Writes  : medcoeff, medcoeff_sigma, n_coeff_stars, band_ref_img_name, quality_note -> database
Settings: norm_stars, coeff_method, band_ref_img_names
Next    : 4_norm/3b_report

Run as  : python pipe/4_norm/3a_medcoeff.py configs/MYLENS

Flux x medcoeff is the flux on the reference image; a faint image has a large one. "als" solves
stars and images together, so that a variable star, a star that is missing in the bad images, or
a mistake in the reference image biases nothing; "median" is COSMOULINE's formula. Each band is
solved by itself, relative to an image of its own.
"""

from cosmouline.database import bands
from cosmouline.database.columns import column, family, texts
from cosmouline.photometry import coefficients, outlier_images
from cosmouline.run import for_all_images, log_line, run
from cosmouline.sources import db_stars

NEEDS = ("n_phot_stars", "star_list", "field_fwhm_arcsec", "field_ellipticity", "sky_level_e")
WRITES = ("medcoeff", "medcoeff_sigma", "n_coeff_stars", "band_ref_img_name",
          "quality_note")


def measure(images, names, reference, settings):
    """Return the coefficients of all images that have one."""
    found = coefficients.solve(
        family(images, "aper_flux_e__{star}", names),
        family(images, "aper_sigma_e__{star}", names), images.index(reference),
        settings.coeff_method, texts(images, "set_name"))
    coefficients.log_result(found, names)
    noted = dict(zip((image["img_name"] for image in images), quality(images, found.coeff),
                     strict=True))
    return {image["img_name"]: {"medcoeff": c, "medcoeff_sigma": sigma, "n_coeff_stars": n,
                                "band_ref_img_name": reference["img_name"],
                                "quality_note": noted[image["img_name"]] or None}
            for image, (c, sigma, n, _) in coefficients.by_image(images, found)}


def quality(images, coeff):
    """Return in what each image stands out: trailed, cloudy, moonlit, bad seeing, exposure."""
    sky_e = column(images, "sky_level_e")
    found = outlier_images.notes({
        "seeing": (column(images, "field_fwhm_arcsec"), 0.2, ".2f"),
        "ellipticity": (column(images, "field_ellipticity"), 0.05, ".2f"),
        "sky": (sky_e, 1.0, ".0f"),
        "coefficient": (coeff, 0.3, ".2f")})
    of_exposure = outlier_images.exposure_notes(column(images, "exptime_s"), coeff, sky_e,
                                                texts(images, "set_name"))
    return [", ".join(filter(None, both)) for both in zip(found, of_exposure, strict=True)]


def main(settings, db):
    """Solve for all aligned images of a band at once."""
    images = db.all_in_use(settings, NEEDS)
    names = [star.name for star in db_stars.norm_stars(settings)]
    results = bands.merged(
        lambda those, one: measure(
            those, names, bands.reference(those, db, one, anew=one.options.redo), one),
        images, settings)
    for_all_images(results, images, settings, db, measure=measure, needs=NEEDS, writes=WRITES)
    for name, fields in results.items():
        if fields["quality_note"]:
            log_line("%s stands out: %s", name, fields["quality_note"])


if __name__ == "__main__":
    run(main, __doc__)
