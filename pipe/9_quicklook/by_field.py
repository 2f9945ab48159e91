"""Draw the light curves of the point sources, coloured by any field of the database.

Needs   : fluxes (7_deconv/6_readout)
Writes  : plots/<dec_name>_by_<field>.png
Settings: lens_name, dec_name
Next    : 9_export/export

Run as  : python by_field.py ../../configs/MYLENS [--field airmass]

A curve that follows the colour is not the quasar: seeing points to blending or the PSF, airmass to
colour terms, sky level to the sky, the set to a difference of cameras.
"""

from cosmouline import drawing
from cosmouline.columns import column, family, texts
from cosmouline.curve import rows_with_fluxes, time_of
from cosmouline.errors import UserError
from cosmouline.fields import lookup
from cosmouline.lightcurve import dispersion
from cosmouline.plots.light_curve_pages import by_field_page
from cosmouline.plots.style import axis_label
from cosmouline.run import run

import numpy as np

NEEDS = ("flux_e__{dec}__{source}", "dec_coeff__{dec}")
WRITES = ()
ARGUMENTS = {"--field": {"default": "field_fwhm_arcsec", "help": "field that gives the colour"}}


def colour_of(rows, name):
    """Return the values of a field, and its label with the unit."""
    try:
        declared = lookup(name)
    except ValueError as problem:
        raise UserError(f"{problem}; see doc/fields.md.") from problem
    if not any(name in row for row in rows):
        raise UserError(f"no image has '{name}'. Run {declared.producer}.py first.")
    if declared.type in (str, bool):
        return np.array([str(value) for value in texts(rows, name, "?")]), name
    return column(rows, name), axis_label(name, declared.unit)


def curves(rows, sources, settings):
    """Return magnitudes and errors of all sources, (n_sources, n_images)."""
    dec = settings.dec_name
    flux = family(rows, f"flux_e__{dec}__{{source}}", sources).T
    sigma = family(rows, f"flux_sigma_e__{dec}__{{source}}", sources).T
    coeff = column(rows, f"dec_coeff__{dec}")
    relative = np.hypot(sigma / flux, column(rows, f"dec_coeff_sigma__{dec}") / coeff)
    mag = -2.5 * np.log10(np.where(flux > 0, flux, np.nan) * coeff)
    return mag, 2.5 / np.log(10) * relative


def main(settings, db):
    """Draw one panel per source."""
    rows, sources = rows_with_fluxes(db, settings.dec_name)
    rows = sorted(rows, key=lambda row: row["mjd"])
    field = settings.options.field
    mag, sigma = curves(rows, sources, settings)
    colour, label = colour_of(rows, field)
    mhjd = time_of(rows)
    notes = [f"scatter about neighbours / error {dispersion(mhjd, m, s)[0]:.2f}"
             for m, s in zip(mag, sigma, strict=True)]
    page = by_field_page(mhjd, mag, sigma, sources, colour, label, notes=notes,
                         title=f"{settings.lens_name}: {settings.dec_name} by {field}")
    drawing.save_plot(page, f"{settings.dec_name}_by_{field}", settings, __file__)


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
