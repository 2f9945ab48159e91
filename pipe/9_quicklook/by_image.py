"""Draw the light curves of the point sources, every image with its error bar.

Needs   : fluxes (7_deconv/6_readout)
Writes  : plots/<dec_name>_by_image.png
Settings: lens_name, dec_name, sum_sources
Next    : 9_quicklook/by_night

Run as  : python by_image.py ../../configs/MYLENS [--sum S=A+B] [--coefficient medcoeff]

The bars hold photons, read noise, blending, PSF and coefficient. An image that lies far from its
neighbours in all sources has a bad coefficient, in one of them a bad PSF or a cosmic: look at
its page of 7_deconv/5a_png_check, and put it into join_skiplist.txt.
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
        curves = db_quicklook.by_image(images, sources, settings.dec_name)
        notes = db_quicklook.tell(one, curves, sources)
        page = panels_page(*curves[:3], sources, notes=notes,
                           title=f"{settings.lens_name}: {db_quicklook.title(one)} by image",
                           subtitle=f"{len(images)} images")
        drawing.save_plot(page, db_quicklook.file_name(one, "by_image"), one, __file__)


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
