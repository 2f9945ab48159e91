"""Draw the light curves of the stars after renormalisation, and the coefficients.

Needs   : star fluxes (7_deconv/0_star_photometry), renorm (8_renorm/1a_renormalize)
Writes  : plots/<renorm_name>.png; stars_, checks_ and peaks_<renorm_name>.png
Settings: lens_name, psf_name, renorm_name, renorm_method, renorm_stars, norm_stars
Next    : 7_deconv/1_prepare

Run as  : python pipe/8_renorm/2_plot_star_curves.py configs/MYLENS

What to look for: flat stars, their scatter as large as their errors. A trend with the colour
(seeing) points to neighbours or to a PSF that does not fit. Checks: the coefficient against
seeing, sky, airmass; residuals of the stars in errors. Peaks: widths and PSF over aperture fluxes.
"""

from cosmouline.database import bands
from cosmouline.database.columns import column, family, texts, time_of
from cosmouline.pages import drawing
from cosmouline.pages.star_peaks import star_peaks
from cosmouline.photometry import coefficients
from cosmouline.photometry.coefficient_fit import star_pulls
from cosmouline.plots.normalisation import normalisation_page
from cosmouline.plots.star_curves import coefficient_page, star_curves_page
from cosmouline.run import run
from cosmouline.sources import db_stars

import numpy as np

NEEDS = ("renorm__{renorm}", "star_flux_e__{psf}__{star}", "medcoeff")
WRITES = ()


def main(settings, db):
    """Draw the four pages of each band."""
    for one, images in bands.split(db.to_treat(settings, NEEDS), settings):
        draw(images, one)


def draw(images, settings):
    """Draw the stars, the coefficient, and its checks."""
    renorm = settings.renorm_name
    names = [star.name for star in db_stars.renorm_stars(settings)]
    flux_e, sigma_e = (family(images, f"star_{kind}_e__{settings.psf_name}__{{star}}", names).T
                       for kind in ("flux", "sigma"))
    coeff, mhjd = column(images, f"renorm__{renorm}"), time_of(images)
    page = star_curves_page(mhjd, flux_e * coeff, names, before=flux_e,
                            colour=column(images, "field_fwhm_arcsec"),
                            colour_label="seeing (arcsec)",
                            title=f"{drawing.lens(settings)}: stars with {renorm}",
                            sigma=sigma_e / flux_e)
    drawing.save_plot(page, f"stars_{renorm}", settings, __file__)
    page = coefficient_page(mhjd, coeff, column(images, f"renorm_sigma__{renorm}"),
                            column(images, "medcoeff"), texts(images, "set_name"),
                            title=f"{drawing.lens(settings)}: {renorm}", label=renorm)
    drawing.save_plot(page, renorm, settings, __file__)
    page = checks(images, names, coeff, settings)
    drawing.save_plot(page, f"checks_{renorm}", settings, __file__)
    page = star_peaks(images, names, settings.psf_name, drawing.lens(settings))
    if page:
        drawing.save_plot(page, f"peaks_{renorm}", settings, __file__)


def checks(images, names, coeff, settings):
    """Return the page of the coefficient against the weather, and of pulls of stars."""
    flux_e, sigma_e = (family(images, f"star_{kind}_e__{settings.psf_name}__{{star}}", names)
                       for kind in ("flux", "sigma"))
    sets = texts(images, "set_name")
    found = coefficients.solve(flux_e, sigma_e, 0, settings.renorm_method, sets)
    # the errors of a star hold the scatter of the stars, as those of the lens do
    calib = np.nan_to_num(column(images, f"renorm_calib__{settings.renorm_name}"))[:, None]
    sigma_e = np.hypot(sigma_e, calib * flux_e)
    quantities = [(column(images, field), label, unit) for field, label, unit in (
        ("field_fwhm_arcsec", "seeing", "arcsec"), ("sky_level_e", "sky level", "e-"),
        ("airmass", "airmass", ""))]
    title = f"{drawing.lens(settings)}: checks of {settings.renorm_name}"
    return normalisation_page(quantities, coeff, star_pulls(found, flux_e, sigma_e).T, names,
                              sets, title, settings.renorm_name, found.is_variable)


if __name__ == "__main__":
    run(main, __doc__)
