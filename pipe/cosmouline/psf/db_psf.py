"""Read the PSF of an image; the fields of the stars that were measured with it."""

from cosmouline.database import paths
from cosmouline.database.products import product_of
from cosmouline.psf.io_psf import read_psf

import numpy as np


@product_of("5_psf/4_build_psf", paths.psf)
def psf(image, settings):
    """Return what `io_psf.read_psf` reads of an image."""
    return read_psf(paths.psf(settings, image["img_name"]))


def star_fields(stars, shapes, corner_px, reliable, names, psf_name):
    """Return the fields of the reliable stars of an image.

    `stars` and `shapes` are its `StarFluxes` and `StarShapes`, `corner_px` (n, 2) the places of
    the centres of their stamps.
    """
    sigma_px = np.sqrt((stars.covariance[:, 1, 1] + stars.covariance[:, 2, 2]) / 2)
    columns = {"star_flux_e": stars.flux_e, "star_sigma_e": stars.flux_sigma_e,
               "star_chi2": stars.chi2, "star_x_px": corner_px[:, 0] + stars.x_px,
               "star_y_px": corner_px[:, 1] + stars.y_px, "star_xy_sigma_px": sigma_px,
               "star_peak_e": stars.model.max((1, 2)), "star_width": shapes.width,
               "star_width_sigma": shapes.sigma, "star_along": shapes.along,
               "star_diagonal": shapes.diagonal}
    return {f"{field}__{psf_name}__{names[i]}": float(values[i])
            for i in np.flatnonzero(reliable) for field, values in columns.items()
            if np.isfinite(values[i])}
