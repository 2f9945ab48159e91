"""Draw the light curves of the point sources, night by night.

Needs   : fluxes (7_deconv/6_readout)
Writes  : plots/<dec_name>_by_night.png
Settings: lens_name, dec_name, sum_sources, join_center
Next    : 9_quicklook/by_set

Run as  : python by_night.py ../../configs/MYLENS [--sum S=A+B] [--coefficient medcoeff]

All images in use, without the limits and lists of lcmanip/1_join. The estimator compares each
night with the line through its neighbours, in units of its error: near 1 the errors are right or
too large, above it they are too small, or the quasar varies from night to night.
"""

from cosmouline.database import bands
from cosmouline.lightcurve import db_quicklook
from cosmouline.pages import drawing
from cosmouline.plots.curve_pages import panels_page
from cosmouline.run import run

NEEDS = ("flux_e__{dec}__{source}", "dec_coeff__{dec}")
WRITES = ()
ARGUMENTS = db_quicklook.ARGUMENTS


def main(settings, db):
    """Draw one panel per source, band by band."""
    rows, sources = db_quicklook.chosen(db, settings)
    for one, images in bands.split(rows, settings):
        curves = db_quicklook.by_night(images, sources, settings.dec_name, settings.join_center)
        notes = db_quicklook.tell(one, curves, sources)
        page = panels_page(*curves[:3], sources, notes=notes,
                           title=f"{settings.lens_name}: {db_quicklook.title(one)} by night",
                           subtitle=f"{len(images)} images, {len(curves.mhjd)} nights")
        drawing.save_plot(page, db_quicklook.file_name(one, "by_night"), one, __file__)


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
