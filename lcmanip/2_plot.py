"""Draw the joined light curve, its error bars, and the seeing and airmass of its images.

Needs   : export/<lens>_<deconvolution>_by_<night, image or minutes>.rdb (lcmanip/1_join)
Writes  : the same name with .png, .pdf, _errors.png and _images.png
Settings: lens_name, dec_name, sum_sources, join_sources, join_separate, join_skiplists, join_by,
          curve_shifts_mag, curve_dates, curve_mags, curve_panels
Next    : PyCS3

Run as  : python lcmanip/2_plot.py configs/MYLENS

Flagged points are open circles. Of the errors, magerr_cov is the one to use. Where bar 4, the
scatter inside the night, lies far above bar 1, the errors of the images are too small. Put a night
that lies far from its neighbours into excluded_nights.txt if its images are bad.
"""

from cosmouline.database import paths
from cosmouline.database.columns import column, texts
from cosmouline.dates import day_to_mjd
from cosmouline.lightcurve import db_curves, join
from cosmouline.pages import drawing
from cosmouline.plots.curve_pages import error_bars_page, panels_page
from cosmouline.plots.histograms import histograms_page
from cosmouline.plots.light_curve import separating_shifts
from cosmouline.plots.light_curve_pages import light_curves_page
from cosmouline.run import log_line, run

import numpy as np

NEEDS = ("flux_e__{dec}__{source}",)
WRITES = ()
ARGUMENTS = db_curves.SUM_ARGUMENT
FEW_POINTS = 3
BARS = [*map(str, range(join.N_MAGERR)), "cov"]
LABELS = [*(f"{k} {meaning}" for k, meaning in enumerate(db_curves.MAGERR_SHORT)), "cov"]


def curve_page(table, sources, settings):
    """Return the page of the curves: all in one panel, shifted apart, or a panel for each."""
    mags = np.array([table[f"mag_{source}"] for source in sources])
    sigmas = np.array([table[f"magerr_{source}_cov"] for source in sources])
    flag, days = table["flag"], settings.curve_dates
    title, about = drawing.lens(settings), (
        f"{settings.dec_name}, {len(flag)} points by {settings.join_by}, {(~flag).sum()} flagged")
    look = {"title": title, "subtitle": about, "mag_limits": settings.curve_mags,
            "day_limits": days and (day_to_mjd(days[0]), day_to_mjd(days[1]) + 1)}
    if settings.curve_panels == "each":
        return panels_page(table["mhjd"], mags, sigmas, sources, flag, **look)
    given = settings.curve_shifts_mag
    for name in sorted((given or {}).keys() - set(sources)):
        log_line("curve_shifts_mag: there is no source %s in the light curve", name)
    shifts = (separating_shifts(mags) if given is None
              else [given.get(source, 0.0) for source in sources])
    return light_curves_page(table["mhjd"], mags, sigmas, sources, shifts, flag, **look)


def main(settings, db):
    """Draw the three pages of every light curve."""
    for one in db_curves.curves(db, settings):
        table = db_curves.read_published(one)
        sources = db_curves.sources_of(table)
        bars = [[table[f"magerr_{source}_{bar}"] for bar in BARS] for source in sources]
        title = f"{drawing.lens(one.settings)}: {one.name}"
        images = histograms_page(
            [(column(one.rows, "field_fwhm_arcsec"), "seeing", "arcsec"),
             (column(one.rows, "airmass"), "airmass", "")], texts(one.rows, "set_name"), title)
        errors = error_bars_page(table["mhjd"], bars, sources, LABELS, table["flag"], title)
        curves = curve_page(table, sources, one.settings)
        n = len(table["flag"])
        if n < FEW_POINTS and len(one.rows) > n:
            log_line('%d images in %d points: join_by = "image" shows each', len(one.rows), n)
        pages = {"_images.png": images, "_errors.png": errors, ".pdf": curves, ".png": curves}
        for end, page in pages.items():
            target = one.path.with_name(f"{one.path.stem}{end}")
            drawing.save_as(page, target, one.settings, __file__)
            log_line("picture: %s", paths.relative(target))


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
