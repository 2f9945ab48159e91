"""Compute the coefficient of every image from the PSF fluxes of the stars.

Needs   : star fluxes (7_deconv/0_star_photometry)
Writes  : renorm, its error, error as a zero point, number of stars, and chi2; the scatter of
          the stars beyond their errors; psf_aperture_*, psf_note, psf_lens_width -> database
Settings: renorm_name, renorm_stars, renorm_method, renorm_reference_star, psf_name, norm_stars,
          n_psf_draws
Next    : 8_renorm/1b_report

Run as  : python pipe/8_renorm/1a_renormalize.py configs/MYLENS

Flux x renorm is the flux on the scale of the reference image of its band. Stars that vary and bad
points are left out. With several sets each star has a relative flux per set where the data show
one; renorm_reference_star ties their zero points to one star. The error is that of the mean
("median": COSMOULINE's), enlarged where stars disagree, and renorm_calib, their scatter in a set
and night; renorm_abs_sigma has that of the sum of the PSF. psf_peak_slope: bright stars are wider.
"""

from cosmouline.database import bands
from cosmouline.database.columns import column, family, texts
from cosmouline.photometry import coefficients, db_calibration
from cosmouline.photometry.absolute_error import absolute_sigma, photon_error
from cosmouline.photometry.renormalisation import solve, star_index
from cosmouline.psf import db_shapes
from cosmouline.run import for_all_images, log_line, run
from cosmouline.sources import db_stars

NEEDS = ("n_psf_phot__{psf}", "star_list", "band_ref_img_name")
WRITES = ("psf_aperture_slope_colour__{psf}", "psf_aperture_slope_mag__{psf}", "psf_peak_e__{psf}",
          "psf_colour_slope_sigma__{psf}", "renorm_calib_night__{renorm}", "renorm_chi2__{renorm}",
          "psf_aperture_slope_x__{psf}", "psf_aperture_slope_y__{psf}", "n_renorm_stars__{renorm}",
          "psf_aperture_scatter__{psf}", "psf_lens_width_sigma__{psf}", "psf_colour_slope__{psf}",
          "psf_peak_slope_sigma__{psf}", "renorm_abs_sigma__{renorm}", "star_width_scatter__{psf}",
          "renorm_sigma__{renorm}", "renorm_calib__{renorm}", "psf_lens_width__{psf}",
          "psf_peak_slope__{psf}", "renorm_flat__{renorm}", "renorm__{renorm}", "psf_note__{psf}")


def measure(images, names, reference, settings, colour):
    """Return the coefficients of all images that have one."""
    psf, renorm = settings.psf_name, settings.renorm_name
    flux_e = family(images, f"star_flux_e__{psf}__{{star}}", names)
    sigma_e = family(images, f"star_sigma_e__{psf}__{{star}}", names)
    found = solve(flux_e, sigma_e, images.index(reference), settings.renorm_method,
                  texts(images, "set_name"), texts(images, "telescope"),
                  star_index(settings.renorm_reference_star, names))
    coefficients.log_result(found, names)
    db_calibration.compare_with_apertures(found, images, names, reference, settings)
    coefficients.log_trend(found, flux_e, sigma_e, column(images, "airmass"))
    absolute = absolute_sigma(found.coeff, found.coeff_sigma, photon_error(flux_e, sigma_e),
                              column(images, f"psf_sum_error__{psf}"), settings.n_psf_draws)
    of_zero_point = {image["img_name"]: one for image, one in zip(images, absolute, strict=True)}
    of_stars = db_calibration.fields(images, names, found, (flux_e, sigma_e), colour, settings)
    return {image["img_name"]: {
        f"renorm__{renorm}": c,
        f"renorm_abs_sigma__{renorm}": known(of_zero_point[image["img_name"]]),
        f"n_renorm_stars__{renorm}": n, f"renorm_chi2__{renorm}": known(chi2),
    } | of_stars[image["img_name"]] for image, (c, _, n, chi2) in coefficients.by_image(
        images, found)}


def known(value):
    """Return a value, None for NaN."""
    return value if value == value else None


def main(settings, db):
    """Solve for all images of a band at once; look at the shapes of the stars of all bands."""
    images = db.all_in_use(settings, NEEDS)
    names = [star.name for star in db_stars.renorm_stars(settings)]
    colour = db_calibration.colours(images, names, settings)
    results = bands.merged(lambda those, one: measure(
        those, names, bands.reference(those, db, one), one, colour), images, settings)
    db_shapes.check(results, images, names, colour, settings)
    for_all_images(results, images, settings, db, measure=measure, needs=NEEDS, writes=WRITES)
    if len(results) < len(images):
        log_line("%d images have too few stars for a coefficient", len(images) - len(results))


if __name__ == "__main__":
    run(main, __doc__)
