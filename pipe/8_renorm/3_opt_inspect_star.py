"""Draw any star under the coefficient: against date, seeing, airmass and sky.

Needs   : star fluxes (7_deconv/0_star_photometry), renorm (8_renorm/1a_renormalize)
Writes  : plots/<renorm_name>_star_<star>.png
Settings: lens_name, psf_name, renorm_name
Next    : 8_renorm/4_opt_star_light_curves

Run as  : python pipe/8_renorm/3_opt_inspect_star.py configs/MYLENS [--star a b]

Deviations from the median in per cent, the points coloured by the airmass; without --star all that
were measured. What to look for: a star that varies (leave it out of renorm_stars); a slope with
the seeing (a neighbour), with the airmass (its colour), a step between sets.
"""

from cosmouline.database import bands
from cosmouline.database.columns import column, members, texts, time_of
from cosmouline.database.fields import expand
from cosmouline.errors import UserError
from cosmouline.pages import drawing
from cosmouline.plots.one_star import one_star_page
from cosmouline.run import run

NEEDS = ("renorm__{renorm}", "star_flux_e__{psf}__{star}", "n_psf_phot__{psf}")
WRITES = ()
ARGUMENTS = {"--star": {"nargs": "+", "metavar": "NAME", "help": "stars to draw (default: all)"}}
QUANTITIES = (("field_fwhm_arcsec", "seeing", "arcsec"), ("airmass", "airmass", ""),
              ("sky_level_e", "sky level", "e-"))


def measure(star, images, settings):
    """Return the page of one star."""
    key = f"{settings.psf_name}__{star}"
    coeff = column(images, f"renorm__{settings.renorm_name}")
    flux_e, sigma_e = (column(images, f"star_{kind}_e__{key}") for kind in ("flux", "sigma"))
    panels = [(column(images, field), label, unit) for field, label, unit in QUANTITIES]
    return one_star_page(
        time_of(images), flux_e * coeff, sigma_e * coeff, column(images, f"star_chi2__{key}"),
        panels, column(images, "airmass"), "airmass", texts(images, "set_name"),
        title=f"{drawing.lens(settings)}: star {star} with {settings.renorm_name}")


def main(settings, db):
    """Draw one page for each star and band."""
    images = db.to_treat(settings, NEEDS)
    known = members(images, *expand(NEEDS[1:2], settings))
    for star in settings.options.star or ():
        if star not in known:
            raise UserError(f"--star {star}: {settings.psf_name} has {', '.join(known)}.")
    for one, those in bands.split(images, settings):
        for star in settings.options.star or known:
            drawing.save_plot(measure(star, those, one), f"{settings.renorm_name}_star_{star}",
                              one, __file__)


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
