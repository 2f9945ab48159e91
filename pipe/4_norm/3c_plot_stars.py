"""Draw the light curves of the stars, raw and normalised, and the map of the field.

Needs   : aperture fluxes (4_norm/2a_photometry), medcoeff (4_norm/3a_medcoeff)
Writes  : plots/stars_aperture.png, plots/medcoeff.png, plots/map.png
Settings: lens_name, norm_stars, psf_stars
Next    : 4_norm/5_histograms

Run as  : python pipe/4_norm/3c_plot_stars.py configs/MYLENS

What to look for: a star that rises above the others varies or has a neighbour, leave it out of
norm_stars; a single low point is a cloud or a cosmic; the map shows each star by its name.
"""

from cosmouline.database import bands
from cosmouline.database.columns import column, family, time_of
from cosmouline.pages import drawing
from cosmouline.plots.star_curves import coefficient_page, star_curves_page
from cosmouline.run import run
from cosmouline.sources import db_stars

NEEDS = ("medcoeff", "n_phot_stars")
WRITES = ()


def draw(images, settings):
    """Draw the stars and the coefficients of one band."""
    names = [star.name for star in db_stars.norm_stars(settings)]
    flux_e, sigma_e = (family(images, f"aper_{kind}_e__{{star}}", names)
                       for kind in ("flux", "sigma"))
    coeff, mhjd = column(images, "medcoeff"), time_of(images)
    page = star_curves_page(mhjd, (flux_e * coeff[:, None]).T, names, before=flux_e.T,
                            colour=column(images, "field_fwhm_arcsec"),
                            colour_label="seeing (arcsec)",
                            title=f"{drawing.lens(settings)}: stars in apertures",
                            sigma=(sigma_e / flux_e).T)
    drawing.save_plot(page, "stars_aperture", settings, __file__)
    page = coefficient_page(mhjd, coeff, column(images, "medcoeff_sigma"),
                            title=f"{drawing.lens(settings)}: medcoeff", label="medcoeff")
    drawing.save_plot(page, "medcoeff", settings, __file__)


def main(settings, db):
    """Draw the stars and coefficients of each band, and the map."""
    images = db.to_treat(settings, NEEDS)
    for one, those in bands.split(images, settings):
        draw(those, one)
    page = drawing.field_map(images, db.reference(), settings)
    drawing.save_plot(page, "map", settings, __file__)


if __name__ == "__main__":
    run(main, __doc__)
