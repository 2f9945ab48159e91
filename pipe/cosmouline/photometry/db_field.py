"""Aperture photometry of all stars of the field, on the pixels as they fell."""

from cosmouline.database.columns import texts
from cosmouline.engine.terminal import progress_bar
from cosmouline.images import db_images, db_sky
from cosmouline.photometry.aperture import aperture_fluxes
from cosmouline.sources import db_stars
from cosmouline.sources.io_external_lists import Photometry

import numpy as np

LEAST_SEEN = 0.5  # fraction of the images on which it falls that must show a star


def photometry(images, settings):
    """Return the `Photometry` of the stars of the field list, NaN where one is not measured.

    Left out are what is saturated, or found in less than half of the images on which it falls. A
    star that was picked keeps its name; places are pixels of the reference image, from 1.
    """
    field = db_stars.field_stars(settings)
    use = (field["saturated_fraction"] == 0) & (
        field["n_detected"] >= LEAST_SEEN * field["n_inside"])
    xy = np.column_stack([field["x_px"], field["y_px"]])[use]
    names = [name or f"field{k + 1}" for k, name in enumerate(np.array(field["name"])[use])]
    found = []
    for image in progress_bar(images, unit="image"):
        image_e, bad = db_images.image_and_bad(image, settings)
        sky, on_image = db_sky.sky(image, settings), db_stars.on_image(xy, image, settings)
        one = aperture_fluxes(image_e, sky.level, sky.sigma_at(*on_image.T), *on_image.T,
                              [settings.aperture_fwhm * image["field_fwhm_px"]], bad,
                              db_images.saturation_e(image))
        found.append((one.flux_e[:, 0], one.sigma_e[:, 0]))
    flux, sigma = np.swapaxes(found, 0, 1)
    flux = np.where(flux > 0, flux, np.nan)
    return Photometry(texts(images, "img_name"), names, xy + 1, flux, sigma)
