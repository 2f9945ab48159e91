"""Draw the joint deconvolution: one page per epoch, and an overview.

Needs   : dec_<dec_name>/fit.npz (7_deconv/4_deconv)
Writes  : dec_<dec_name>_png/<img_name>.png, plots/dec_<dec_name>.png
Settings: lens_name, dec_name
Next    : 7_deconv/5b_show_sources

Run as  : python pipe/7_deconv/5a_png_check.py configs/MYLENS [--all]

What to look for: residuals like noise in all epochs. Structure at the same place in all of them is
light that the model lacks (one more source, an arc); a dipole in one epoch is a bad PSF. chi2
around each source, in the circles, should be 1. Below: what the data ask of the residual light,
how light may go from one source to another, and how the fluxes scatter about their neighbours.
Of more than 8 epochs those whose chi2 stands out most have a page; all with --all.
"""

from collections import Counter

from cosmouline.database import bands
from cosmouline.database.columns import column, time_of
from cosmouline.errors import UserError
from cosmouline.pages import deconvolution, drawing
from cosmouline.plots.deconvolution import epoch_page, overview_page
from cosmouline.run import for_each_image, run

import numpy as np

NEEDS = ("dec_fit__{dec}", "dec_coeff__{dec}", "field_fwhm_arcsec", "pixel_scale_arcsec",
         "datetime_utc")
WRITES = ()


def measure(image, settings):
    """Draw the page of one epoch."""
    page = epoch_page(deconvolution.epoch(image, settings))
    drawing.save_page(page, f"dec_{settings.dec_name}", image["img_name"], settings, __file__)
    return {}


def overview(images, settings):
    """Return the page of the complete fit."""
    scene = deconvolution.scene_of(settings)
    by_name = {image["img_name"]: image for image in images}
    rows = [by_name[name] for name in scene.names]
    time = time_of(rows)
    return overview_page(
        time, scene.fit.chi2_reduced, scene.fit.shift_px - scene.epochs.shift_px,
        scene.background, scene.residuals, scene.names, scene.sources, scene.xy_px,
        column(rows, "pixel_scale_arcsec")[0], checks=deconvolution.checks(scene, time),
        title=f"{settings.lens_name}: {settings.dec_name}", subtitle=scene.summary)


def main(settings, db):
    """Draw the overview, then the pages that are missing or out of date."""
    images = [image for image in db.select() if f"dec_fit__{settings.dec_name}" in image]
    if not images:
        raise UserError("there is no fit yet. Run 7_deconv/4_deconv.py first.")
    counts = Counter()
    for one, those in bands.split(images, settings):
        drawing.save_plot(overview(those, one), f"dec_{settings.dec_name}", one, __file__)
        scene = deconvolution.scene_of(one)
        chi2 = dict(zip(scene.names, scene.fit.chi2_reduced, strict=True))
        those = drawing.to_draw(those, one, f"dec_{settings.dec_name}", np.array(
            [chi2[image["img_name"]] for image in those]))
        counts.update(for_each_image(measure, those, one, db, needs=NEEDS, writes=WRITES))
    return counts


if __name__ == "__main__":
    run(main, __doc__, drawing.ALL)
