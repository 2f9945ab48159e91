"""The stars of a lens's field: all of them, and the few picked for normalisation and PSF."""

import hashlib
import logging

from cosmouline import library
from cosmouline.astrometry import db_transform
from cosmouline.astrometry.align import apply
from cosmouline.database import manifest, paths, provenance
from cosmouline.errors import UserError
from cosmouline.files import io_catalog, io_regions, io_table
from cosmouline.files.io_catalog import Star
from cosmouline.sources import db_stars
from cosmouline.sources.db_catalogue_stars import problems_at
from cosmouline.sources.db_stars import SAME_STAR_PX
from cosmouline.sources.moments import HALF_PX
from cosmouline.sources.seeing import Seeing
from cosmouline.sources.star_catalogue import (
    FIELD_DTYPE,
    FieldStars,
    build_catalog,
    more_seeings,
    nearest_detections,
    refine_seeing,
)
from cosmouline.sources.star_selection import SelectionOptions, select_stars

import numpy as np

spatial = library("scipy.spatial")

log = logging.getLogger("cosmouline")

SCRIPT = "4_norm/0_pick_stars"
CHOICE = ("n_norm_stars", "star_snr_min", "star_lens_distance_px", "catalogue", "star_ruwe_max",
          "star_mag_range")  # settings of the choice
OWN = "own"
N_IMAGES_MOST = 200  # spread over the campaign; more do not make the list better
LIST_GROWTH = 1.5  # of the number of images, from which on a new list is made
N_SEEING_STARS = 200  # brightest stars from which the seeing is measured
REGION_RADIUS_PX = 10.0
N_REASONS = 10  # refused stars that are logged
NAMED_PX = 2.0  # a listed star this near to a picked one bears its name
FIELDS = {
    "name": (str, "", "a star that was picked bears its name"),
    "x_px": (float, "px", "column on the reference image, from 0"),
    "y_px": (float, "px", "row on the reference image, from 0"),
    "flux_e": (float, "e-", "isophotal flux on the reference image"),
    "fwhm_ratio": (float, "1", "its width over that of its images"),
    "ellipticity_excess": (float, "1", "its ellipticity over that of its images"),
    "saturated_fraction": (float, "1", "part of the images in which it is saturated"),
    "n_detected": (int, "1", "images in which it was found"),
    "n_inside": (int, "1", "images on which it falls"),
}


def list_stars(images, reference, settings):
    """Return the `FieldStars` of at most 200 images, spread evenly, the reference among them."""
    step = max(1, -(-len(images) // N_IMAGES_MOST))
    some = [reference, *[image for image in images[::step] if image is not reference]]
    return build_catalog(
        [db_stars.sources(image, settings) for image in some],
        [db_transform.matrix(image) for image in some],
        [(image["ny_px"], image["nx_px"]) for image in some],
        [image["fwhm_px"] for image in some], [image["ellipticity"] for image in some])


def common_seeing(images, stars, settings):
    """Measure the seeing of all images from the stars that recur.

    Returns
    -------
    seeings : list of Seeing
    stars : FieldStars
        With shapes relative to the new seeing.
    n_found : ndarray of int
        Bright stars of the list found in each image.
    """
    bright = FieldStars(stars.stars[:N_SEEING_STARS], stars.frame_scale)
    catalogs = [db_stars.sources(image, settings) for image in images]
    matrices = [db_transform.matrix(image) for image in images]
    first = [Seeing(im["fwhm_px"], im["ellipticity"], im["pa_deg"], im["n_good_stars"])
             for im in images]
    # the bright stars come first in the list, and get their new shapes there
    seeings, bright = refine_seeing(bright, catalogs, matrices, first)
    refined = stars.stars.copy()
    refined[:len(bright)] = bright.stars
    n_found = (nearest_detections(catalogs, matrices, bright.xy_px) >= 0).sum(axis=1)
    return seeings, FieldStars(refined, stars.frame_scale), n_found


def list_stays(images, settings):
    """Return whether the list of all stars stays when images are added.

    It does until the images have grown by half, or are as many as a list is ever made of. A list
    that is lost or was changed does not stay, nor one whose picked stars are.
    """
    path = paths.field_stars(settings)
    if not path.is_file() or any(manifest.step_trouble(one, settings) for one in (
            path, paths.picked_stars(settings))):
        return False
    n_before = max(db_stars.field_stars(settings)["n_inside"], default=0)
    return len(images) < LIST_GROWTH * n_before or n_before >= N_IMAGES_MOST


def added_seeing(images, settings):
    """Measure the seeing of added images from the list of all stars, which stays.

    Returns the seeings and the numbers of bright stars found, as `common_seeing`.
    """
    known = db_stars.field_stars(settings)
    stars = np.full(len(known["x_px"]), 0, FIELD_DTYPE)
    for name in FIELD_DTYPE.names:
        stars[name] = known.get(name, np.nan)  # a column that is empty is not in the file
    return more_seeings(
        FieldStars(stars[:N_SEEING_STARS], np.ones(1)),
        [db_stars.sources(image, settings) for image in images],
        [db_transform.matrix(image) for image in images],
        [Seeing(im["fwhm_px"], im["ellipticity"], im["pa_deg"], im["n_good_stars"])
         for im in images])


def pick(images, stars, reference, settings):
    """Choose stars; log why brighter ones are not among them."""
    lens = np.array([[reference["lens_x_px"], reference["lens_y_px"]]])
    chosen = select_stars(
        stars, np.median([image["fwhm_px"] for image in images]),
        np.median([image["sky_noise_e"] for image in images]), lens, SelectionOptions(
            n_max=settings.n_norm_stars, exclude_radius_px=settings.star_lens_distance_px,
            snr_min=settings.star_snr_min),
        problems_at(stars.xy_px, images, reference, settings))
    for row, reason in list(chosen.refused.items())[:N_REASONS]:
        x_px, y_px = io_catalog.to_ds9(stars.xy_px[row])
        log.info("not picked: the star at (%.1f, %.1f): %s", x_px, y_px, reason)
    n_wide = sum("of the seeing" in reason for reason in chosen.refused.values())
    if n_wide:
        log.info("not picked for their width, which is not that of stars: %d sources (galaxies, "
                 "blends?)", n_wide)
    if not len(chosen.indices):
        raise UserError(f"no star is left of the {len(stars)} of the field: lower star_snr_min or "
                        f"star_lens_distance_px, or give your own list as {own_list(settings)}.")
    return [Star(letters(i), *stars.xy_px[row].tolist(), float(stars.stars["flux_e"][row]))
            for i, row in enumerate(chosen.indices)]


def check_on_images(stars, images, path):
    """Raise UserError for a star that falls on none of the images."""
    xy = db_stars.star_positions(stars)
    seen = np.zeros(len(stars), bool)
    for image in images:
        x, y = apply(db_transform.matrix(image), xy).T
        seen |= (x > 0) & (y > 0) & (x < image["nx_px"] - 1) & (y < image["ny_px"] - 1)
    for star, is_seen in zip(stars, seen, strict=True):
        if not is_seen:
            x, y = io_catalog.to_ds9([star.x_px, star.y_px])
            raise UserError(f"{path}: star {star.name} at ({x:.1f}, {y:.1f}) lies outside of all "
                            "images. Its pixels are those of the reference image.")


def check_own(stars, images, path):
    """Check as `check_on_images`, where the user has given the list."""
    if path.is_file():
        check_on_images(stars, images, path)


def check_on_field(picked, stars, reference, path):
    """Warn of stars of an own list where nothing was found, or next to the edge.

    UserError if more than half of the stars have no source within 3 px.
    """
    distance, _ = spatial.cKDTree(stars.xy_px).query(db_stars.star_positions(picked))
    lost = [star.name for star, d in zip(picked, distance, strict=True) if d > SAME_STAR_PX]
    if 2 * len(lost) > len(picked):
        raise UserError(f"{path}: {len(lost)} of {len(picked)} stars have no source within "
                        f"{SAME_STAR_PX:g} px on {reference['img_name']}. Was the list made for "
                        "another reference image? Then set ref_img_name to that one.")
    if lost:
        log.warning("%s: no star was found at %s", path, ", ".join(lost))
    for star in picked:
        x, y = star.x_px, star.y_px
        away_px = min(x, y, reference["nx_px"] - 1 - x, reference["ny_px"] - 1 - y)
        if away_px < HALF_PX:
            log.warning("%s: %s is %.0f px from the edge of %s: its stamp is cut there", path,
                        star.name, away_px, reference["img_name"])


def letters(index):
    """Return a, b, ... z, aa, ab, ... for 0, 1, ..."""
    name = ""
    while index >= 0:
        name = chr(ord("a") + index % 26) + name
        index = index // 26 - 1
    return name


def is_kept(images, reference, settings, runs):
    """Return whether stars chosen before stay.

    They stay with the reference image and the settings of the choice, unless --redo asks for a new
    one: so they do not change when images are added. A list that was changed does not count.
    """
    if settings.options.redo or manifest.step_trouble(paths.picked_stars(settings), settings):
        return False
    # it counts where an image was measured with it, under the settings of now
    used = provenance.settings_used(settings, CHOICE)
    now = digest(io_catalog.read_cat(paths.picked_stars(settings)), reference, settings)
    return any(image.get("star_list") == now
               and not provenance.changed_settings(image, SCRIPT, runs, used) for image in images)


def own_list(settings):
    """Return the path of the lens's own star list, which replaces the automatic choice."""
    return settings.config_dir / "normstars.cat"


def digest(picked, reference, settings):
    """Return who chose the stars, their number, and a hash of names, positions, reference."""
    places = db_stars.star_positions(picked).round(4).round(3)  # 4: as they are in the file
    text = repr([(star.name, *xy) for star, xy in zip(picked, places.tolist(), strict=True)])
    text += reference["img_name"]
    whose = OWN if own_list(settings).is_file() else "chosen"
    return f"{whose}-{len(picked)}-{hashlib.sha256(text.encode()).hexdigest()[:10]}"


def write(stars, picked, settings):
    """Write the list of all stars, and the picked ones as .cat and as regions for ds9."""
    names = [""] * len(stars)
    for star in picked:
        distance = np.hypot(*(stars.xy_px - (star.x_px, star.y_px)).T)
        if distance.min(initial=np.inf) < NAMED_PX:
            names[int(np.argmin(distance))] = star.name
    rows = [{"name": name} | dict(zip(stars.stars.dtype.names, row.tolist(), strict=True))
            for name, row in zip(names, stars.stars, strict=True)]
    rows = [{k: v for k, v in row.items() if v == v and v != ""} for row in rows]
    io_table.write_ecsv(paths.field_stars(settings), rows, FIELDS)
    path = paths.picked_stars(settings)
    io_catalog.write_cat(path, picked, "name x y flux: pixels of the reference image, from 1")
    io_regions.write_ds9_regions(path.with_suffix(".reg"), picked, REGION_RADIUS_PX)
