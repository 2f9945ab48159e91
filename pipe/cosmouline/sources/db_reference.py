"""Which images can be the reference image."""

import logging

from cosmouline.database.columns import column, texts
from cosmouline.database.limits import Limits
from cosmouline.sources.star_catalogue import best_of_each

import numpy as np

log = logging.getLogger("cosmouline")

N_COMPARED = 30  # images, the best at first sight


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
    return [within[k] for k in best_of_each(quick, texts(within, "set_name"))[:N_COMPARED]]
