"""Which images can be the reference image, and how two of them are aligned with each other."""

import logging

from cosmouline.astrometry.align import align_catalogs
from cosmouline.database.columns import column, texts
from cosmouline.database.limits import Limits
from cosmouline.errors import ImageRejected
from cosmouline.sources.star_catalogue import best_of_each, positions

import numpy as np

log = logging.getLogger("cosmouline")

N_CANDIDATES = 30  # the best at first sight are compared with each other


def within_limits(images, settings):
    """Return the images that 3_align/3_update_flags would keep in use; all if it keeps none."""
    beyond = Limits.of(settings).beyond(
        seeing=column(images, "fwhm_arcsec"), ellipticity=column(images, "ellipticity"),
        sky=column(images, "sky_level_e"))
    is_beyond = np.any([*beyond.values(), np.zeros(len(images), bool)], axis=0)
    if is_beyond.all():
        log.warning("none of %d images is within %s: widen the limits", len(images),
                    " and ".join(sorted(beyond)))
        return images
    return [image for image, out in zip(images, is_beyond, strict=True) if not out]


def candidates(images, settings):
    """Return the images within the limits that are best at first sight, of all sets some."""
    within = within_limits(images, settings)
    quick = [im["fwhm_px"] * im["sky_sigma_e"] / im["n_good_stars"] for im in within]
    return [within[k] for k in best_of_each(quick, texts(within, "set_name"))[:N_CANDIDATES]]


def aligned(reference, catalog, settings):
    """Return the transform between two catalogues, None if there is none."""
    parities = (1, -1) if settings.allow_mirror_images else (1,)
    try:
        return align_catalogs(positions(reference), positions(catalog), parities,
                              method=settings.align_method,
                              rms_max_px=settings.align_rms_max_px).matrix
    except ImageRejected:
        return None
