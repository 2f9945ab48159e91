"""Resample every image onto the reference image, for stacks: electrons, sky subtracted.

Needs   : transforms (3_align/1b_identify_stars), sky maps (2_skysub/1_skysub), bad pixels
Writes  : aligned/<img_name>.fits; aligned_part, aligned_noise -> database
Settings: none
Next    : 4_norm/4a_opt_prepare_deep or fac_combi/1_prepare, once there are coefficients

Run as  : python pipe/3_align/2a_opt_align.py configs/MYLENS

Only stacks need it: fluxes are measured where the light fell. Bad pixels, and cosmics that are
sharper than any star, are left out (NaN), and so is what lies outside of the image. The files
have the celestial coordinates of the reference image, if it has some.
"""

import itertools
from functools import partial

from cosmouline.astrometry import db_coordinates, db_transform
from cosmouline.database import paths
from cosmouline.files import io_fits
from cosmouline.images import db_images, db_sky
from cosmouline.images.bad_pixels import SHARP_PIXELS_FWHM_PX, sharp_pixels
from cosmouline.images.resample import footprint, pixel_noise, resample
from cosmouline.run import for_each_image, run

import numpy as np

NEEDS = ("align_m11", "sky_noise_e", "fwhm_px", "n_hot_px", "ref_img_name", "nx_px")
WRITES = ("aligned_part", "aligned_noise")
BAND_ROWS, OVERLAP_ROWS = 1024, 8


def sharp(image_e):
    """Return the pixels that are sharper than any star, looked for in bands: less memory."""
    mask = np.zeros(image_e.shape, bool)
    edges = np.linspace(0, len(mask), max(1, len(mask) // BAND_ROWS) + 1).astype(int)
    for first, last in itertools.pairwise(edges.tolist()):
        low = max(first - OVERLAP_ROWS, 0)
        found = sharp_pixels(image_e[low:last + OVERLAP_ROWS])
        mask[first:last] = found[first - low:last - low]
    return mask


def measure(image, settings, reference, wcs):
    """Write one resampled image; return how much of the reference it covers, and its noise."""
    image_e, bad = db_images.image_and_bad(image, settings)
    if image["fwhm_px"] > SHARP_PIXELS_FWHM_PX:
        bad |= sharp(image_e)
    flat_e = np.subtract(image_e, db_sky.sky(image, settings).level(), out=image_e)
    matrix, shape = db_transform.matrix(image), (reference["ny_px"], reference["nx_px"])
    aligned_e = resample(flat_e, matrix, shape, bad)
    cards = {"IMGNAME": image["img_name"], "REFIMG": reference["img_name"],
             "SKYSIG": image["sky_noise_e"] * image["align_scale"]}
    io_fits.write_image(paths.aligned(settings, image["img_name"]), aligned_e, cards, wcs)
    return {"aligned_part": footprint(matrix, shape, image_e.shape),
            "aligned_noise": pixel_noise(matrix, shape)}


def main(settings, db):
    """Resample every aligned image in use."""
    images = db.to_treat(settings, NEEDS)
    reference = db.reference()
    keep = {name: reference[name] for name in ("img_name", "nx_px", "ny_px")}
    work = partial(measure, reference=keep, wcs=db_coordinates.header_of(reference, settings))
    return for_each_image(work, images, settings, db, needs=NEEDS, writes=WRITES)


if __name__ == "__main__":
    run(main, __doc__)
