"""Fit the lens with the other engine too, and compare points and delays of both fits.

Needs   : dec_<dec_name>/epochs.npz, start.cat, fit.npz (7_deconv/2_apply_norm to 4_deconv)
Writes  : dec_<dec_name>/fit_starred.npz (or fit_gp.npz), report_two_extractions_<dec_name>.txt,
          plots/two_extractions_<dec_name>.png
Settings: lens_name, dec_name, deconv_engine
Next    : 7_deconv/8_inspect_flux

Run as  : python pipe/7_deconv/7b_opt_two_extractions.py configs/MYLENS [--images 20]

Two programs that agree on the same stamps do not share an error of the model of the light under
the images: a Sersic galaxy and a Gaussian process here, small pixels under starlets in STARRED.
They do share stamps, PSFs, coefficients and photons: the pull of their difference is below 1 where
both are right. The constant part of a flux is degenerate with the light under it, so that the
ratio may be off 1 by the systematic error. STARRED takes minutes: --images bounds it.
"""

from cosmouline.database import bands, paths
from cosmouline.deconv import db_products
from cosmouline.errors import UserError
from cosmouline.files import io_report
from cosmouline.lightcurve.delay import db_two_extractions as two
from cosmouline.pages import drawing
from cosmouline.plots.two_extractions import two_extractions_page
from cosmouline.run import log_line, run

import numpy as np

NEEDS, WRITES = ("dec_fit__{dec}",), ()
ARGUMENTS = {"--images": {"type": int, "default": 20, "metavar": "N",
                          "help": "fit N images, spread over all (default 20; 0: all)"}}
FORMATS = dict.fromkeys(("ratio", "systematic", "scatter", "random"), ".4f") | {"pull": ".2f"}
DAYS = dict.fromkeys(two.DELAYS[1:], "+.2f")


def measure(images, reference, settings):
    """Fit, compare, write report and picture of one band."""
    content = db_products.gathered_epochs(settings)
    names = [star.name for star in db_products.start_sources(settings)]
    index = two.spread(content, settings.options.images)
    part = two.of_epochs(content, index)
    fit, psf_error = db_products.joint_fit(settings)
    other = two.other_extraction(part, images, reference, settings)
    log_line("%s: %d of %d images, %s", other.engine, len(index), len(content.names),
             f"{other.fit.cpu_s:.0f} CPU s" if other.is_new else "the stored fit stays")
    ours, mhjd = fit.take(index), two.dates(part, images)
    first, second = (two.curve(*one, names, mhjd) for one in (
        (ours, psf_error[index]), (other.fit, other.psf_error)))
    systematic = fit.flux_systematic / np.nanmean(fit.flux, axis=0)
    rows = two.point_rows(first, second, names, systematic)
    text = io_report.table(rows, two.POINTS, FORMATS)
    delays = two.delay_rows(first, second, names[: fit.n_images])
    text += "\n" + (io_report.table(delays, two.DELAYS, DAYS) if delays else
                    "no delays: one source, or fewer than 5 points\n")
    title = f"{settings.deconv_engine} and {other.engine}, {settings.dec_name}"
    log_line("%s\n%s", title, text.rstrip())
    name = f"two_extractions_{settings.dec_name}"
    io_report.write_report(paths.report(settings, name), f"{settings.lens_name}: {title}", text)
    notes = [f"ratio {100 * row['ratio']:+.2f} %, pull {row['pull']:.2f}" for row in rows]
    days = "; ".join(f"{row['pair']} {row['first']:+.1f} and {row['second']:+.1f} d"
                     for row in delays if np.isfinite([row["first"], row["second"]]).all())
    drawing.save_plot(two_extractions_page(
        mhjd, *(two.arrays(one, names) for one in (first, second)), names,
        (settings.deconv_engine, other.engine), notes, f"{drawing.lens(settings)}: {title}", days),
        name, settings, __file__)


def main(settings, db):
    """Compare the fits of every band."""
    images = [row for row in db.select() if f"dec_fit__{settings.dec_name}" in row]
    if not images:
        raise UserError("there is no fit yet. Run 7_deconv/4_deconv.py first.")
    for one, those in bands.split(images, settings):
        measure(those, db.reference(), one)


if __name__ == "__main__":
    run(main, __doc__, ARGUMENTS)
