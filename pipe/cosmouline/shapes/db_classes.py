"""Star or galaxy for the objects of a tile, by the spread model."""

import logging

from cosmouline.database import paths
from cosmouline.files.io_fits_tables import read_table, write_tables
from cosmouline.plots import style
from cosmouline.plots.survey import shapes as shape_plots
from cosmouline.psf.over_field import db_field
from cosmouline.shapes.spread_model import GALAXY, STAR, classes, spread_model
from cosmouline.sources.ccds import db_detect
from cosmouline.sources.ccds.elliptical_moments import blocks_of
from cosmouline.stamps import db_vignets

import numpy as np

log = logging.getLogger("cosmouline")


def classify(tile, settings):
    """Write shapes/spread/<tile>.fits: NUMBER, SPREAD_MODEL, SPREADERR_MODEL, SPREAD_CLASS.

    The star is a Gaussian of the mean width of the PSFs of the epochs. Returns the fields.
    """
    chosen, objects = settings.shape_catalogue, db_detect.objects(tile, settings)
    psf = read_table(db_field.epochs_path(tile, settings), "PSF")
    n = len(objects["NUMBER"])
    good = psf["is_accepted"]
    count = np.bincount(psf["NUMBER"][good] - 1, minlength=n)
    with np.errstate(invalid="ignore", divide="ignore"):
        # widths of the epochs are those of the tile where the scales are the same
        sigma = np.bincount(psf["NUMBER"][good] - 1, psf["sigma_px"][good], n) / count
    sigma = np.sqrt(np.maximum(sigma**2 - 1 / 12, 0.05))  # the template has the pixel of its own
    image, weight, flags = (db_vignets.store(tile, settings, kind) for kind, _ in
                            db_vignets.TILE_KINDS)
    at = np.column_stack([objects["XWIN_IMAGE"], objects["YWIN_IMAGE"]]) - 1
    spread, error = np.full(n, np.nan), np.full(n, np.nan)
    noise = tile["tile_sky_sigma_adu"]
    for part in blocks_of(np.arange(n)):
        used = (weight[part] > 0) & ((flags[part] & db_vignets.NEIGHBOUR) == 0)
        spread[part], error[part] = spread_model(
            np.array(image[part]), used / noise**2, sigma[part], at[part] - np.rint(at[part]))
    found = classes(spread, error, chosen["spread_n_sigma"], chosen["spread_star_max"],
                    chosen["spread_galaxy_min"])
    write_tables(paths.shapes(settings, "spread", f"{tile['img_name']}.fits"), {"SPREAD": {
        "NUMBER": objects["NUMBER"], "MAG_AUTO": objects["MAG_AUTO"], "SPREAD_MODEL": spread,
        "SPREADERR_MODEL": error, "SPREAD_CLASS": found}})
    page = shape_plots.spread_page(objects["MAG_AUTO"], spread, found, chosen)
    path = paths.plot(settings, f"spread_{tile['img_name']}")
    style.save(page, path, style.stamp_text(tile["img_name"], "5b_spread_model"))
    log.info("%s: %d stars, %d galaxies, %d neither", tile["img_name"], (found == STAR).sum(),
             (found == GALAXY).sum(), (found > GALAXY).sum())
    return {"n_tile_stars": int((found == STAR).sum()),
            "n_tile_galaxies": int((found == GALAXY).sum())}
