"""Draw the light curves of the point sources: every image, by night, or coloured by a field.

Needs   : fluxes (7_deconv/6_readout)
Writes  : plots/<dec_name>_by_<word>.png for each word of --by
Settings: lens_name, dec_name, sum_sources, join_center
Next    : 9_export/export

Run as  : python pipe/9_quicklook/1_quicklook.py configs/MYLENS
          [--by night set airmass sky_level_e] [--sum S=A+B] [--coefficient medcoeff]

image  Every image with its error bar: photons, read noise, blending, PSF and coefficient. One far
       from its neighbours in all sources has a bad coefficient, in one of them a bad PSF or a
       cosmic ray: look at its page of 7_deconv/5a_png_check, and put it into join_skiplist.txt.
night  All images in use by night, without the limits and lists of lcmanip/1_join. The distance of
       a night from the line through its neighbours is near 1 x error where the errors are right
       or too large; above it they are too small, or the quasar varies from night to night.
set    Coloured by set. Sets above each other have another zero point (of the lens's colour), or
       other fields of their camera: renormalise with stars of its colour. A set that scatters
       more is worse. The offsets of the sets are logged, which set_name does not do.
seeing Coloured by field_fwhm_arcsec; and so by any field with numbers or texts: airmass,
       sky_level_e, medcoeff, set_name, telescope, field_ellipticity, moon_dist_deg. A curve that
       follows the colour is not the quasar: seeing points to blending or the PSF, airmass to
       colour terms, sky level to the sky.
With --coefficient the fluxes are multiplied by another coefficient, or by none at all.
"""

from cosmouline.database import bands
from cosmouline.lightcurve import db_quicklook
from cosmouline.pages import drawing
from cosmouline.plots.curve_pages import panels_page
from cosmouline.plots.light_curve_pages import by_field_page
from cosmouline.plots.style import axis_label
from cosmouline.run import log_line, run

NEEDS = ("flux_e__{dec}__{source}", "dec_coeff__{dec}")
WRITES = ()
ARGUMENTS = {"--by": {"nargs": "+", "metavar": "WORD",
                      "default": ["image", "night", "set", "seeing"],
                      "help": "image, night, set, seeing, or fields that give the colour: a "
                      "picture each (default: image night set seeing)"}} | db_quicklook.ARGUMENTS
CURVES = {"image": db_quicklook.by_image, "night": db_quicklook.by_night}

def page_of(word, curves, images, sources, **look):
    """Return the page of one word: points with their bars, or coloured by a field."""
    if word in ("image", "night"):
        nights = f", {len(curves.mhjd)} nights" if word == "night" else ""
        return panels_page(*curves[:3], sources, subtitle=f"{len(images)} images{nights}", **look)
    colour, unit = db_quicklook.colour_of(curves.rows, "set_name" if word == "set" else word)
    if word == "set" and len(set(colour)) > 1:
        log_line("%s", "\n".join(db_quicklook.medians(curves, sources, colour)))
    return by_field_page(*curves[:3], sources, colour, axis_label(word, unit), **look)


def main(settings, db):
    """Draw a page for each word, one panel per source, band by band; log the scatter."""
    rows, sources = db_quicklook.chosen(db, settings)
    words = db_quicklook.words(settings.options.by)
    for field in [w for w in words if w not in ("image", "night", "set")]:
        db_quicklook.colour_of(rows, field)  # a wrong name stops before any picture
    for one, images in bands.split(rows, settings):
        curves, notes = {}, {}
        for word in db_quicklook.without_copies(words, images):
            kind = "night" if word == "night" else "image"
            if kind not in curves:
                curves[kind] = CURVES[kind](images, sources, one)
                notes[kind], lines = db_quicklook.notes(curves[kind], sources)
                log_line("%s", "\n".join([f"{db_quicklook.title(one)} by {kind}", *lines]))
            page = page_of(word, curves[kind], images, sources, notes=notes[kind],
                           title=f"{settings.lens_name}: {db_quicklook.title(one)} by {word}")
            drawing.save_plot(page, db_quicklook.file_name(one, f"by_{word}"), one, __file__)


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
