"""Read the products of earlier scripts, by the row of an image."""

from cosmouline import io_catalog, io_fits, io_table, paths
from cosmouline.errors import UserError
from cosmouline.io_sky import read_sky
from cosmouline.io_sources import read_sources

import numpy as np

MATRIX = ("align_m11", "align_m12", "align_dx_px", "align_m21", "align_m22", "align_dy_px")


def image_and_bad(image, settings):
    """Return the image in electrons and its bad pixels (masked or NaN), both (ny, nx)."""
    image_e = io_fits.read_image(paths.image(settings, image["img_name"]))
    bad = ~np.isfinite(image_e)
    if image["n_hot_px"]:
        mask = io_fits.read_image(paths.bad_pixels(settings, image["set_name"]))
        if mask.shape == bad.shape:
            bad |= mask != 0
    return image_e, bad


def sources(image, settings):
    """Return the sources detected on an image."""
    return read_sources(paths.catalog(settings, image["img_name"]))


def positions(catalog):
    """Return the positions of a catalogue, shape (n, 2)."""
    return np.column_stack([catalog["x_px"], catalog["y_px"]])


def sky(image, settings):
    """Return the sky map of an image."""
    return read_sky(paths.sky(settings, image["img_name"]))


def matrix(image):
    """Return the transform from reference to image pixels, (2, 3); None if not aligned."""
    if not image.get("is_aligned"):
        return None
    return np.array([image[name] for name in MATRIX]).reshape(2, 3)


def matrix_fields(matrix):
    """Return the fields of a row that hold a transform."""
    return dict(zip(MATRIX, np.ravel(matrix).tolist(), strict=True))


def norm_stars(settings):
    """Return the normalisation stars, as they stand on the reference image."""
    return io_catalog.read_cat(paths.picked_stars(settings))


def named_stars(settings, names, setting):
    """Return the normalisation stars that a setting names; all of them for None.

    Raises
    ------
    UserError
        If a name is not among the stars.
    """
    stars = {star.name: star for star in norm_stars(settings)}
    unknown = [name for name in names or () if name not in stars]
    if unknown:
        raise UserError(f"{setting}: there is no star '{unknown[0]}' among the normalisation "
                        f"stars ({', '.join(stars)}).")
    return [stars[name] for name in names] if names else list(stars.values())


def psf_stars(settings):
    """Return the stars that the PSF is built from."""
    return named_stars(settings, settings.psf_stars, "psf_stars")


def star_positions(stars):
    """Return the positions of stars on the reference image, shape (n, 2)."""
    return np.array([(star.x_px, star.y_px) for star in stars]).reshape(-1, 2)


def field_stars(settings):
    """Return all stars of the field on the reference image, as columns by name."""
    return io_table.read_ecsv_columns(paths.field_stars(settings))
