"""Compare what was injected with what was found: the certificate of the light curve.

Needs   : fits of the sites (fac_injection/3_fit), dates, sky_noise_ratio (2_skysub/1_skysub)
Writes  : injection_<dec_name>/injection.ecsv, certificate.ecsv, checks.ecsv, index.html;
          report_injection_<dec_name>.txt, plots/injection_<dec_name>.png
Settings: lens_name, dec_name, join_by, join_minutes
Next    : lcmanip/1_join

Run as  : python pipe/fac_injection/4_report.py configs/MYLENS

Static bias against the quoted systematic error, scatter of images and nights against the random
error, slope of found against injected light, noise common to an image, a night or two sources.
lcmanip/1_join puts a line of it into the .rdb, and applies its factors with --errors injected.
"""

from cosmouline.database import bands, paths
from cosmouline.deconv import db_products
from cosmouline.errors import UserError
from cosmouline.files import io_html, io_report
from cosmouline.injection import certificate, db_certificate, db_sites, io_certificate, series
from cosmouline.injection.db_site_fit import in_order
from cosmouline.lightcurve import db_injected
from cosmouline.pages import drawing, injection
from cosmouline.run import log_line, run

NEEDS = ("injection_fits__{dec}", "injection_sites__{dec}", "dec_fit__{dec}",
         "dec_number__{dec}", "mjd", "sky_noise_ratio")
WRITES = ()


def measure(images, settings):
    """Write the tables, the picture, the page and the report of a band."""
    images = in_order(images, settings)
    sites = db_certificate.site_results(images, settings)
    names = [star.name for star in db_products.start_sources(settings)]
    model, clones = ([one for one in sites if bool(one.star) is is_clone]
                     for is_clone in (False, True))
    if not model:
        raise UserError("no site with light by the PSF was fitted. Run fac_injection/3_fit.py.")
    groups, night_of = db_injected.points_and_nights(images, settings)
    nights = [db_injected.night_result(site, groups) for site in model]
    checks = certificate.checks(model, clones, nights, night_of,
                                db_certificate.sky_ratio(images), tuple(series.SCALES),
                                db_certificate.left_out_stars(images, sites, settings))
    rows = injection.source_rows(names, model, nights, images[0][f"dec_fit__{settings.dec_name}"])
    checks = injection.check_rows(checks)
    folder, lens = paths.injection(settings), db_products.gathered_epochs(settings).centre_px
    io_certificate.write_tables(folder, injection.flux_rows(sites, names, images), rows, checks)
    places = {site["name"]: (site["x_px"], site["y_px"]) for site in db_sites.read(settings)}
    away, values = injection.quantities(model, images)
    halves = injection.halves_rows(model, away, values, places, lens)
    texts = injection.summary(checks, model, clones)
    title = f"{drawing.lens(settings)}  injected sources, {settings.dec_name}"
    picture = f"injection_{settings.dec_name}"
    drawing.save_plot(injection.page(names, model, clones, nights, away, values, title, texts[0]),
                      picture, settings, __file__)
    io_html.write_if_changed(folder / "index.html", injection.html(
        rows, checks, halves, sites, texts, title,
        ("..", "plots", paths.plot(settings, picture).name)))
    report = paths.report(settings, picture)
    io_report.write_report(report, title, injection.report_text(rows, checks, halves, texts))
    for one in texts:
        log_line("%s", one)
    log_line("page: %s; report: %s", paths.relative(folder / "index.html"),
             paths.relative(report))


def main(settings, db):
    """Report on every band."""
    # all epochs of the lens, also those that got no light: fluxes go by their numbers
    images = [row for row in db.select(gogogo=True)
              if f"injection_sites__{settings.dec_name}" in row]
    if not any(f"injection_fits__{settings.dec_name}" in row for row in images):
        raise UserError("no site was fitted. Run fac_injection/3_fit.py first.")
    for one, those in bands.split(images, settings):
        measure(those, one)


if __name__ == "__main__":
    run(main, __doc__)
