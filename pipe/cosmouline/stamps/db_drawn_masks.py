"""Masks that the user has drawn with DS9, on the stamps of stars and lens.

A file ``psf_<psf_name>_mask_<star>.reg`` of the lens's folder is for the stamps of a PSF star,
``obj_<name>_mask.reg`` for those of an object. They are read whenever stamps are cut, so no
later step can lose them.
"""

import logging

from cosmouline.astrometry.align import apply, invert
from cosmouline.astrometry.db_lens_position import reference_wcs
from cosmouline.astrometry.db_transform import matrix
from cosmouline.errors import UserError
from cosmouline.files.io_regions import inside_regions, is_excluded, read_ds9_masks
from cosmouline.stamps.stamps import with_drawn

import numpy as np

FARTHEST_PX = 100.0  # from the middle of its stamp, whose side is at most 80 px

log = logging.getLogger("cosmouline")


def of_psf(stars, reference, settings):
    """Return the regions drawn for PSF stars, by name, in pixels of the reference image."""
    places = {star.name: (star.x_px, star.y_px) for star in stars}
    return _read(f"psf_{settings.psf_name}_mask_", "", places, reference, settings)


def of_objects(stars, lens_xy, reference, settings):
    """Return the regions drawn for the lens and the stars, by name; see `of_psf`."""
    places = {"lens": tuple(lens_xy)} | {star.name: (star.x_px, star.y_px) for star in stars}
    return _read("obj_", "_mask", places, reference, settings)


def applied(stamps, names, regions, image):
    """Return the stamps of an image with the drawn regions marked.

    Parameters
    ----------
    stamps : Stamps
    names : sequence of str
        Of the objects.
    regions : dict of str to list
        By object, in pixels of the reference image.
    image : dict
        Row of the image: its transform tells which of its pixels lie inside.
    """
    drawn, back = np.zeros(stamps.mask.shape, bool), invert(matrix(image))
    row, col = np.indices(stamps.mask.shape[1:])
    for k, name in enumerate(names):
        if name in regions:
            xy = np.stack([col + stamps.corner_px[k, 0], row + stamps.corner_px[k, 1]], axis=-1)
            on_reference = apply(back, xy.reshape(-1, 2)).T.reshape(2, *row.shape)
            drawn[k] = inside_regions(regions[name], *on_reference)
    return with_drawn(stamps, drawn, image["field_fwhm_px"]) if drawn.any() else stamps


def _read(before, behind, places, reference, settings):
    """Read the files of one kind; tell those that are of no object."""
    if not settings.use_drawn_masks:
        return {}
    found, wcs = {}, reference_wcs(reference, settings)
    for path in sorted(settings.config_dir.glob(f"{before}*{behind}.reg")):
        name = path.stem.removeprefix(before).removesuffix(behind)
        if name not in places:
            log.warning("%s: there is no '%s' among %s", path.name, name, ", ".join(places))
            continue
        found[name] = read_ds9_masks(path, wcs)
        # The regions of COSMOULINE count on the stamp: none of them is near its object. The middle
        # of a bounding box (y, x) stands for the place of a region: polygons have no other
        away = [np.hypot(*np.subtract(region.bounding_box.center[::-1], places[name]))
                for region in found[name] if not is_excluded(region)]
        if away and min(away) > FARTHEST_PX:
            raise UserError(f"{path}: no region lies within {FARTHEST_PX:g} px of its object. "
                            "Draw it on the reference image, not on a stamp.")
        log.info("%s: %d regions", path.name, len(found[name]))
    return found
