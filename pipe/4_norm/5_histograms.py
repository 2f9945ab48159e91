"""Draw the histograms of seeing, ellipticity, sky and coefficient, per set.

Needs   : field_fwhm_arcsec (4_norm/0_pick_stars), sky (1_character/4a_sky_stats), medcoeff
Writes  : plots/histograms.png, plots/seeing_by_date.png
Settings: lens_name
Next    : 5_psf/2a_extract

Run as  : python pipe/4_norm/5_histograms.py configs/MYLENS

What to look for: the tails. They show where to put fwhm_max_arcsec, ellipticity_max and
sky_level_max_e, or the join_ limits.
"""

from cosmouline.database.columns import column, texts, time_of
from cosmouline.database.fields import lookup
from cosmouline.pages import drawing
from cosmouline.plots.histograms import histograms_page
from cosmouline.plots.light_curve import time_series
from cosmouline.plots.style import figure, title_page
from cosmouline.run import run

NEEDS = ("field_fwhm_arcsec", "field_ellipticity", "sky_level_e", "medcoeff")
WRITES = ()
LABELS = ("seeing", "ellipticity", "sky level", "medcoeff")


def main(settings, db):
    """Draw both pages."""
    images = db.to_treat(settings, NEEDS)
    panels = [(column(images, name), label, lookup(name).unit)
              for name, label in zip(NEEDS, LABELS, strict=True)]
    page = histograms_page(panels, texts(images, "set_name"),
                           f"{settings.lens_name}: images in use")
    drawing.save_plot(page, "histograms", settings, __file__)
    page, ax = figure(size=(11.0, 4.5))
    title_page(page, f"{settings.lens_name}: seeing")
    time_series(ax, time_of(images), column(images, "field_fwhm_arcsec"),
                colour=column(images, "airmass"), colour_label="airmass")
    ax.set_ylabel("seeing (arcsec)")
    drawing.save_plot(page, "seeing_by_date", settings, __file__)


if __name__ == "__main__":
    run(main, __doc__)
