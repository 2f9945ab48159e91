"""Draw under which conditions the images were taken: against the date, and as histograms.

Needs   : ephemeris (1_character/2a_astrocalc), seeing (4_norm/0_pick_stars), alignment, sky
Writes  : plots/conditions_by_date.png, plots/conditions.png
Settings: lens_name
Next    : 5_psf/2a_extract

Run as  : python pipe/4_norm/5b_opt_conditions.py configs/MYLENS

Seeing, ellipticity, sky, Moon and the heliocentric correction (mhjd - mjd) against the date;
histograms of the alignment's residuals, seeing, ellipticity, airmass and Moon for each set. What
to look for: the correction is a sine of one year and at most 8.4 minutes high; a set whose
alignment is worse than that of the others; ellipticity that goes with the seasons or the camera.
"""

from cosmouline.database import bands
from cosmouline.database.columns import column, texts, time_of
from cosmouline.pages import drawing
from cosmouline.plots.conditions import by_date_page
from cosmouline.plots.histograms import histograms_page
from cosmouline.run import run

MIN_PER_DAY = 1440.0
NEEDS = ("field_fwhm_arcsec", "field_ellipticity", "sky_level_e", "align_rms_px")
WRITES = ()
BY_DATE = (("field_fwhm_arcsec", "seeing", "arcsec"), ("field_ellipticity", "ellipticity", ""),
           ("sky_level_e", "sky level", "e-"), ("moon_percent", "Moon, lit fraction", "%"),
           ("moon_dist_deg", "Moon, distance", "deg"))
HISTOGRAMS = (("align_rms_px", "residual of the alignment", "px"),
              ("n_align_stars", "stars of the alignment", ""),
              ("field_fwhm_arcsec", "seeing", "arcsec"), ("field_ellipticity", "ellipticity", ""),
              ("airmass", "airmass", ""), ("moon_dist_deg", "distance of the Moon", "deg"))


def panels(images, columns):
    """Return values, label and unit of each column."""
    return [(column(images, field), label, unit) for field, label, unit in columns]


def main(settings, db):
    """Draw both pages for each band."""
    for one, images in bands.split(db.to_treat(settings, NEEDS), settings):
        sets, title = texts(images, "set_name"), f"{settings.lens_name}: {{}}"
        delay = MIN_PER_DAY * (column(images, "mhjd") - column(images, "mjd"))
        rows = [*panels(images, BY_DATE), (delay, "mhjd - mjd", "min")]
        page = by_date_page(time_of(images), rows, sets, title.format("conditions"))
        drawing.save_plot(page, "conditions_by_date", one, __file__)
        page = histograms_page(panels(images, HISTOGRAMS), sets, title.format("images in use"))
        drawing.save_plot(page, "conditions", one, __file__)


if __name__ == "__main__":
    run(main, __doc__)
