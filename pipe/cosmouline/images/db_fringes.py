"""The pattern of fringes of each set and night, its images, and whether it is up to date."""

import hashlib

from cosmouline.database import paths
from cosmouline.dates import mjd_to_iso
from cosmouline.engine import engine
from cosmouline.errors import ImageRejected
from cosmouline.files import io_fits
from cosmouline.frames.nights import group_by_night
from cosmouline.images import db_images
from cosmouline.images.fringes import LEAST_IMAGES, fringe_pattern
from cosmouline.images.sky import sky_map
from cosmouline.plots.pages import contact_sheet, painted

import numpy as np

N_MOST = 15  # images of a pattern: more make it no better, and all are in memory at once


def groups(images, settings):
    """Return the images of every pattern by its name, ``<set>_<evening>`` or ``<set>``.

    A night lasts from noon to noon at the longitude of the telescope.
    """
    found = {}
    for one in sorted({image["set_name"] for image in images}):
        mine = [image for image in images if image["set_name"] == one]
        if settings.fringe_by == "set":
            found[one] = mine
            continue
        longitude = mine[0].get("site_lon_deg", 0.0)
        for night in group_by_night(np.array([im["mjd"] for im in mine]), longitude):
            those = [mine[i] for i in night]
            evening = np.floor(those[0]["mjd"] + longitude / 360 - 0.5)
            found[f"{one}_{mjd_to_iso(evening)[:10]}"] = those
    return found


def make_all(found, settings):
    """Make the patterns that are missing or of other images than those of `groups`.

    Returns
    -------
    usable : list of str
        The patterns to be subtracted.
    remade : set of str
        Those made just now.
    reasons : dict of str to list of str
        The groups that have no usable pattern, by the reason.
    """
    # what is up to date keeps the reason that its header gives
    todo = [{"img_name": name, "images": images} for name, images in found.items()
            if settings.options.redo or not is_fresh(name, images, settings)]
    why = {one.img_name: one.message for one in
           engine.outcomes(make, todo, settings, long=True)}
    for name in found.keys() - {name for name, message in why.items() if message}:
        why[name] = header(name, settings).get("WHYNOT", "")
    reasons = {}
    for name in sorted(why):
        reasons.setdefault(why[name], []).append(name)
    return reasons.pop("", []), {one["img_name"] for one in todo}, reasons


def sheet(names, settings):
    """Return the page of all patterns, dark where the sky is brighter."""
    heads = [header(name, settings) for name in names]
    return contact_sheet(
        [painted(io_fits.read_image(paths.fringes(settings, name))) for name in names], names,
        notes=[f"rms {head['RMS']:.1f} e-, {head['NIMAGES']} images" for head in heads],
        title=f"{settings.lens_name}: fringes", per_row=min(max(len(names), 3), 7))


def is_fresh(name, images, settings):
    """Return whether the pattern of a group was made of just these images."""
    path = paths.fringes(settings, name)
    return path.is_file() and header(name, settings)["MEMBERS"] == members(images, settings)


def header(name, settings):
    """Return the header of a pattern; its card WHYNOT says why it is not used."""
    return io_fits.read_image_header(paths.fringes(settings, name))


def make(group, settings):
    """Make the pattern of a group and write it.

    `group` has its name as ``img_name``, as the engine wants it, and its ``images``. ImageRejected
    if they are too few to separate stars from fringes, or of different sizes.
    """
    name, images = group["img_name"], group["images"]
    if len(images) < LEAST_IMAGES:
        raise ImageRejected(f"fewer than {LEAST_IMAGES} images")
    if len({(image["ny_px"], image["nx_px"]) for image in images}) > 1:
        raise ImageRejected("images of different sizes")
    # spread evenly over the night, without their smooth sky
    some = [images[i] for i in np.unique(
        np.linspace(0, len(images) - 1, N_MOST).round().astype(int))]
    flat_images = []
    for image in some:
        image_e, bad = db_images.image_and_bad(image, settings)
        flat_e = image_e - sky_map(image_e, bad, settings.sky_box_px).level()
        flat_images.append(np.where(bad, np.float32(np.nan), flat_e))
    pattern = fringe_pattern(flat_images, settings.sky_box_px)
    io_fits.write_image(paths.fringes(settings, name), pattern.frame_e, {
        "MEMBERS": members(images, settings), "NIMAGES": len(some), "RMS": pattern.rms_e,
        "NOISE": pattern.noise_e, "FOUND": min(pattern.found_sigma, 1e6),
        "DITHERED": pattern.dithered, "WHYNOT": pattern.why_not() or None})
    return {}


def members(images, settings):
    """Return a hash of the images and the mesh of which a pattern is made."""
    parts = [settings.sky_box_px, *sorted((image["img_name"], image.get("pixel_hash"),
                                           image["n_hot_px"]) for image in images)]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
