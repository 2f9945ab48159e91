"""Read the products of earlier scripts, by the row of an image."""

import functools
import logging
import zipfile

from cosmouline import io_catalog, io_fits, io_table, ledger, paths
from cosmouline.align import apply
from cosmouline.errors import ImageRejected, ProductLost, UserError, one_line
from cosmouline.io_deconv import read_epochs, read_fit
from cosmouline.io_psf import read_psf
from cosmouline.io_sky import read_sky
from cosmouline.io_sources import read_sources
from cosmouline.io_stamps import read_stamps
from cosmouline.starfield import positions

import numpy as np
from scipy.spatial import cKDTree

log = logging.getLogger("cosmouline")

SATURATED = 0.9  # of the saturation level: CCDs are not linear up to the brim
PHOTOM_LIST = "photomstars.cat"
SAME_STAR_PX = 3.0  # places of one name in two lists differ by less
DETECTION_PX = 1.5  # a detection this near to a predicted star is that star

MATRIX = ("align_m11", "align_m12", "align_dx_px", "align_m21", "align_m22", "align_dy_px")


def _made_by(script, where):
    """Read a product; name the script to run where it is gone, cut or another one."""
    def decorate(read):
        @functools.wraps(read)
        def reader(image, settings, *args):
            ledger.check(where(settings, image["img_name"]), image, settings)
            try:
                return read(image, settings, *args)
            except FileNotFoundError as error:
                name = image["img_name"]
                raise ProductLost(f"{error.filename} is gone. Run {script}.py --redo --only "
                                  f"{name}.") from error
            except ImageRejected as error:  # it was whole when it was written
                name = image["img_name"]
                raise ProductLost(f"what {script} has written for {name} is damaged: {error}. Run "
                                  f"{script}.py --redo --only {name}.") from error
        return reader
    return decorate


@_made_by("1_character/1b_copy_convert", paths.image)
def pixels(image, settings, rows=None):
    """Return an image in electrons, (ny, nx), or its rows from the first to before the last."""
    return io_fits.read_image(paths.image(settings, image["img_name"]), rows)


def image_and_bad(image, settings):
    """Return the image in electrons and its bad pixels (masked or NaN), both (ny, nx)."""
    image_e = pixels(image, settings)
    bad = ~np.isfinite(image_e)
    if image["n_hot_px"]:
        path = paths.bad_pixels(settings, image["set_name"])
        ledger.check_step(path, settings)
        mask = io_fits.read_image(path)
        if mask.shape == bad.shape:
            bad |= mask != 0
    return image_e, bad


@_made_by("1_character/3a_detect", paths.catalog)
def sources(image, settings):
    """Return the sources detected on an image."""
    return read_sources(paths.catalog(settings, image["img_name"]))


@_made_by("2_skysub/1_skysub", paths.sky)
def sky(image, settings):
    """Return the sky map of an image."""
    return read_sky(paths.sky(settings, image["img_name"]))


@_made_by("6_extract/1_extract_objects", paths.objects)
def objects(image, settings):
    """Return stamps, names and header of the lens and the stars of an image."""
    return read_stamps(paths.objects(settings, image["img_name"]))


@_made_by("5_psf/2a_extract", paths.psf_stamps)
def psf_stamps(image, settings):
    """Return stamps, names and header of the PSF stars of an image."""
    return read_stamps(paths.psf_stamps(settings, image["img_name"]))


@_made_by("5_psf/4_build_psf", paths.psf)
def psf(image, settings):
    """Return what `io_psf.read_psf` reads of an image."""
    return read_psf(paths.psf(settings, image["img_name"]))


def matrix(image):
    """Return the transform from reference to image pixels, (2, 3); None if not aligned."""
    if not image.get("is_aligned"):
        return None
    return np.array([image[name] for name in MATRIX]).reshape(2, 3)


def matrix_fields(matrix):
    """Return the fields of a row that hold a transform."""
    return dict(zip(MATRIX, np.ravel(matrix).tolist(), strict=True))


def picked_stars(settings):
    """Return all stars that were picked, as they stand on the reference image."""
    ledger.check_step(paths.picked_stars(settings), settings)
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


def psf_stars(settings):
    """Return the stars that the PSF is built from.

    Those of ``psf_<psf_name>.cat`` in the lens's folder, where there is one, of which `psf_stars`
    may name some; else the picked ones that `psf_stars`, or `norm_stars`, names.
    """
    own = psf_list(settings)
    if own.is_file():
        return only_named(io_catalog.read_cat(own), settings.psf_stars, "psf_stars", own.name)
    names = settings.psf_stars or settings.norm_stars
    return only_named(picked_stars(settings), names, "psf_stars")


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
    own = io_catalog.read_cat(path) if path.is_file() else []
    if named is None or isinstance(named, str):
        return own
    known = {star.name: star for star in picked_stars(settings)} | {s.name: s for s in own}
    return only_named(known.values(), named, "photom_stars", "the stars of normstars.cat and of "
                      + path.name) if named else []


def object_stars(settings):
    """Return all stars that are cut out and measured with the PSF, each once.

    Raises
    ------
    UserError
        If two lists have one name for two stars.
    """
    found = {}
    for star in [*norm_stars(settings), *psf_stars(settings), *photom_stars(settings)]:
        first = found.setdefault(star.name, star)
        if np.hypot(star.x_px - first.x_px, star.y_px - first.y_px) > SAME_STAR_PX:
            raise UserError(f"two lists have a star '{star.name}', at two places "
                            f"{np.hypot(star.x_px - first.x_px, star.y_px - first.y_px):.1f} px "
                            "apart. Rename one of them.")
    return list(found.values())


def skiplist(settings, file_name):
    """Return the images named in a list of the lens's folder, with comments; empty without it."""
    path = settings.config_dir / file_name
    return io_catalog.read_image_list(path) if path.is_file() else {}


def tell_unknown(settings, db, *file_names):
    """Tell of images that skip lists name and the database has not: names are easily mistyped."""
    for file_name in file_names:
        for name in sorted(skiplist(settings, file_name).keys() - db.rows.keys()):
            log.warning("%s: %s is not in the database", file_name, one_line(name))


def star_positions(stars):
    """Return the positions of stars on the reference image, shape (n, 2)."""
    return np.array([(star.x_px, star.y_px) for star in stars]).reshape(-1, 2)


def on_image(reference_xy, image, settings):
    """Return where positions of the reference image lie on an image, shape (n, 2).

    The centroid of the detection there, if one lies within 1.5 px; else what the transform says.
    """
    predicted = apply(matrix(image), reference_xy)
    detected = positions(sources(image, settings))
    if not len(detected):
        return predicted
    distance, row = cKDTree(detected).query(predicted, distance_upper_bound=DETECTION_PX)
    near = np.isfinite(distance)
    predicted[near] = detected[row[near]]
    return predicted


def gathered_epochs(settings):
    """Return the `EpochFile` of the joint deconvolution."""
    return _of_deconvolution(settings, "epochs.npz", "2_apply_norm", read_epochs)


def start_sources(settings):
    """Return the point sources where they are looked for first."""
    return _of_deconvolution(settings, "start.cat", "3_write_start",
                             lambda path: io_catalog.read_cat(path, min_distance_px=0.0))


def joint_fit(settings):
    """Return the `LensFit` of the joint deconvolution, and the errors from the PSFs."""
    return _of_deconvolution(settings, "fit.npz", "4_deconv", read_fit)


def _of_deconvolution(settings, name, script, read):
    path = paths.deconvolution(settings) / name
    if not path.is_file():
        raise UserError(f"there is no {path}. Run 7_deconv/{script}.py first.")
    ledger.check_step(path, settings)
    try:
        return read(path)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} is damaged ({error}). Run 7_deconv/{script}.py again.") from error


def saturation_e(image):
    """Return the electrons from which on a pixel counts as saturated."""
    return SATURATED * image["saturation_e"]


def field_stars(settings):
    """Return all stars of the field on the reference image, as columns by name; do not change."""
    path = paths.field_stars(settings)
    ledger.check_step(path, settings)
    return _table_columns(path, path.stat().st_mtime_ns if path.exists() else 0)


@functools.lru_cache(maxsize=2)
def _table_columns(path, changed_ns):
    """Read a table that every image needs once; `changed_ns` tells an old one from a new one."""
    return io_table.read_ecsv_columns(path)
