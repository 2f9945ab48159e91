"""Which stars a step uses, and their positions on an image."""

import functools
import logging

from cosmouline import library
from cosmouline.astrometry.align import apply
from cosmouline.astrometry.db_coordinates import reference_to_pixels
from cosmouline.astrometry.db_transform import matrix
from cosmouline.database import manifest, paths
from cosmouline.database.products import product_of
from cosmouline.errors import UserError
from cosmouline.files import io_catalog, io_table
from cosmouline.sources.io_sources import read_sources
from cosmouline.sources.star_catalogue import positions

import numpy as np

spatial = library("scipy.spatial")

log = logging.getLogger("cosmouline")

PHOTOM_LIST = "photomstars.cat"
SAME_STAR_PX = 3.0  # positions of one star in two lists, or in a list and on an image, are nearer
DETECTION_PX = 1.5  # a detection this near to a predicted star is that star


@product_of("1_character/3a_detect", paths.catalog)
def sources(image, settings):
    """Return the sources detected on an image."""
    return read_sources(paths.catalog(settings, image["img_name"]))


def picked_stars(settings):
    """Return all stars that were picked, as they stand on the reference image."""
    manifest.check_step(paths.picked_stars(settings), settings)
    return io_catalog.read_cat(paths.picked_stars(settings))


def norm_stars(settings):
    """Return the normalisation stars: those of the picked ones that `norm_stars` names."""
    return only_named(picked_stars(settings), settings.norm_stars, "norm_stars")


def only_named(stars, names, setting, where="the normalisation stars"):
    """Return the stars that a setting names, in its order; all of them for None.

    Raises
    ------
    UserError
        If a name is not among the stars.
    """
    by_name = {star.name: star for star in stars}
    unknown = [name for name in names or () if name not in by_name]
    if unknown:
        raise UserError(f"{setting}: there is no star '{unknown[0]}' among {where} "
                        f"({', '.join(by_name)}).")
    return [by_name[name] for name in names] if names else list(stars)


def psf_stars(settings, picked=None):
    """Return the stars that the PSF is built from.

    Those of ``psf_<psf_name>.cat`` in the lens's folder, where there is one, of which `psf_stars`
    may name some; else those of the `picked` ones that `psf_stars`, or `norm_stars`, names (None:
    they are read).
    """
    own = psf_list(settings)
    if own.is_file():
        stars = io_catalog.read_cat(own, to_pixels=reference_to_pixels(settings))
        return only_named(stars, settings.psf_stars, "psf_stars", own.name)
    names = settings.psf_stars or settings.norm_stars
    return only_named(picked_stars(settings) if picked is None else picked, names, "psf_stars")


def renorm_stars(settings):
    """Return the stars of the renormalisation: the picked ones that `renorm_stars` names."""
    names = settings.renorm_stars or settings.norm_stars
    return only_named(picked_stars(settings), names, "renorm_stars")


def psf_list(settings):
    """Return the path of the lens's own list of the stars of a PSF."""
    return settings.config_dir / f"psf_{settings.psf_name}.cat"


def photom_list(settings):
    """Return the path of the lens's list of stars to follow."""
    named = settings.photom_stars
    return settings.config_dir / (named if isinstance(named, str) else PHOTOM_LIST)


def photom_stars(settings):
    """Return the stars to follow besides those for normalisation and PSF; often none.

    Raises
    ------
    UserError
        If the list that `photom_stars` names is missing, or a name is in no list.
    """
    path, named = photom_list(settings), settings.photom_stars
    if isinstance(named, str) and not path.is_file():
        raise UserError(f"photom_stars: there is no {path}.")
    own = (io_catalog.read_cat(path, to_pixels=reference_to_pixels(settings)) if path.is_file()
           else [])
    if named is None or isinstance(named, str):
        return own
    # of one name in both lists the own one counts
    known = {star.name: star for star in picked_stars(settings)} | {s.name: s for s in own}
    return only_named(known.values(), named, "photom_stars", "the stars of normstars.cat and of "
                      + path.name) if named else []


def cut_stars(settings):
    """Return the stars that are cut out next to the lens, whichever PSF is chosen.

    The other ones of its PSF are on the stamps of the PSF stars.
    """
    names = {star.name for star in [*norm_stars(settings), *photom_stars(settings)]}
    return [star for star in object_stars(settings) if star.name in names]


def object_stars(settings):
    """Return all stars that are measured with the PSF, each once.

    Raises
    ------
    UserError
        If two lists have one name for two stars.
    """
    found = {}
    for star in [*norm_stars(settings), *psf_stars(settings), *photom_stars(settings)]:
        first = found.setdefault(star.name, star)
        if np.hypot(star.x_px - first.x_px, star.y_px - first.y_px) > SAME_STAR_PX:
            raise UserError(f"two lists have a star '{star.name}', at two positions "
                            f"{np.hypot(star.x_px - first.x_px, star.y_px - first.y_px):.1f} px "
                            "apart. Rename one of them.")
    return list(found.values())


def star_positions(stars):
    """Return the positions of stars on the reference image, shape (n, 2)."""
    return np.array([(star.x_px, star.y_px) for star in stars]).reshape(-1, 2)


def on_image(reference_xy, image, settings):
    """Return the positions on an image, shape (n, 2), of positions on the reference image.

    The centroid of the detection there, if one lies within 1.5 px; else that of the transform.
    """
    predicted = apply(matrix(image), reference_xy)
    detected = positions(sources(image, settings))
    if not len(detected):
        return predicted
    distance, row = spatial.cKDTree(detected).query(predicted, distance_upper_bound=DETECTION_PX)
    near = np.isfinite(distance)
    predicted[near] = detected[row[near]]
    return predicted


def field_stars(settings):
    """Return all stars of the field on the reference image, as columns by name; do not change."""
    path = paths.field_stars(settings)
    manifest.check_step(path, settings)
    return _table_columns(path, path.stat().st_mtime_ns if path.exists() else 0)


@functools.lru_cache(maxsize=2)
def _table_columns(path, changed_ns):
    """Read a table that every image needs once; `changed_ns` is that of the file read."""
    return io_table.read_ecsv_columns(path)
