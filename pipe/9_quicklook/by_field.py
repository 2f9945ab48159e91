"""Draw the light curves of the point sources, coloured by any field of the database.

Needs   : fluxes (7_deconv/6_readout)
Writes  : plots/<dec_name>_by_<field>.png
Settings: lens_name, dec_name, sum_sources
Next    : 9_export/export

Run as  : python by_field.py ../../configs/MYLENS [--field airmass sky_level_e medcoeff]
          [--sum S=A+B] [--coefficient medcoeff]

A curve that follows the colour is not the quasar: seeing points to blending or the PSF, airmass to
colour terms, sky level to the sky, the set to a difference of cameras. Any number or text will
do: airmass, sky_level_e, medcoeff, set_name, telescope, field_ellipticity, moon_dist_deg.
With --coefficient the curves are normalised by another coefficient, or by none at all.
"""

from cosmouline.database import bands
from cosmouline.lightcurve import db_quicklook
from cosmouline.pages import drawing
from cosmouline.plots.light_curve_pages import by_field_page
from cosmouline.plots.style import axis_label
from cosmouline.run import run

NEEDS = ("flux_e__{dec}__{source}", "dec_coeff__{dec}")
WRITES = ()
ARGUMENTS = {"--field": {"nargs": "+", "default": ["field_fwhm_arcsec"],
                         "help": "fields that give the colour, a picture each"}
             } | db_quicklook.ARGUMENTS


def main(settings, db):
    """Draw one panel per source, band by band."""
    rows, sources = db_quicklook.chosen(db, settings)
    for field in settings.options.field:
        db_quicklook.colour_of(rows, field)  # tells a wrong name now
    for one, images in bands.split(rows, settings):
        curves = db_quicklook.by_image(images, sources, settings.dec_name)
        notes = db_quicklook.tell(one, curves, sources)
        for field in settings.options.field:
            colour, name, unit = db_quicklook.colour_of(curves.rows, field)
            page = by_field_page(*curves[:3], sources, colour, axis_label(name, unit), notes=notes,
                                 title=f"{settings.lens_name}: {db_quicklook.title(one)} "
                                       f"by {name}")
            drawing.save_plot(page, db_quicklook.file_name(one, f"by_{name}"), one, __file__)


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
