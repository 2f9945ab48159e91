"""Draw the light curves of the point sources, coloured by set.

Needs   : fluxes (7_deconv/6_readout)
Writes  : plots/<dec_name>_by_set.png
Settings: lens_name, dec_name, sum_sources
Next    : 9_quicklook/by_field

Run as  : python by_set.py ../../configs/MYLENS [--sum S=A+B] [--coefficient medcoeff]

Sets that lie above each other have another zero point (of the lens's colour), or other fields
of their camera: renormalise with stars of its colour. A set that scatters more is worse.
"""

from cosmouline.database import bands
from cosmouline.lightcurve import db_quicklook
from cosmouline.pages import drawing
from cosmouline.plots.light_curve_pages import by_field_page
from cosmouline.run import run

NEEDS = ("flux_e__{dec}__{source}", "dec_coeff__{dec}")
WRITES = ()
ARGUMENTS = db_quicklook.ARGUMENTS


def main(settings, db):
    """Draw one panel per source, band by band; tell how far the sets lie apart."""
    rows, sources = db_quicklook.chosen(db, settings)
    for one, images in bands.split(rows, settings):
        curves = db_quicklook.by_image(images, sources, settings.dec_name)
        names, _, _ = db_quicklook.colour_of(curves.rows, "set_name")
        several = len(set(names)) > 1
        notes = db_quicklook.tell(one, curves, sources,
                                  db_quicklook.medians(curves, sources, names) if several else ())
        page = by_field_page(*curves[:3], sources, names, "set", notes=notes,
                             title=f"{settings.lens_name}: {db_quicklook.title(one)} by set")
        drawing.save_plot(page, db_quicklook.file_name(one, "by_set"), one, __file__)


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
