"""Measure noise and mean of every image in a region without sources.

Needs   : transforms, sky maps (2_skysub/1_skysub), catalogues (1_character/3a_detect)
Writes  : empty_region, empty_sigma_e, empty_mean_e, n_empty_px -> database
Settings: empty_region
Next    : 4_norm/2a_photometry

Run as  : python pipe/4_norm/1a_image_stats.py configs/MYLENS

The region is found once on the reference image, or by --redo, unless empty_region gives it. Where
its noise differs from that of the sky maps, the sky has structure, or there is a source.
"""

from functools import partial

from cosmouline.astrometry import db_transform
from cosmouline.database import notation
from cosmouline.database.columns import column
from cosmouline.images import db_images, db_sky, empty_region
from cosmouline.run import for_each_image, log_line, run
from cosmouline.sources import db_stars

import numpy as np

NEEDS = ("align_m11", "lens_x_px", "n_sources", "sky_noise_e", "sky_sigma_e", "field_fwhm_px",
         "n_hot_px")
WRITES = ("empty_region", "empty_sigma_e", "empty_mean_e", "n_empty_px")
LEAST_PX = 50  # the least that give the noise to 10 %
LENS_FWHM = 10.0  # what is nearer to the lens is not empty
NOTABLE = 1.1  # noise of the region over that of the sky map


def region(images, reference, settings):
    """Return the region of the settings, the one found before, a new one, or None."""
    before = {image.get("empty_region") for image in images} - {None}
    shapes = [(image["ny_px"], image["nx_px"]) for image in (reference, *images)]
    if settings.empty_region:
        return empty_region.inside(notation.read_region(settings.empty_region), shapes[0])
    if before and not settings.options.redo:
        return notation.read_region(before.pop())
    found, fwhm_px = db_stars.sources(reference, settings), reference["field_fwhm_px"]
    xy = np.transpose([np.append(found[f"{c}_px"], reference[f"lens_{c}_px"]) for c in "xy"])
    reach = np.append(empty_region.reach_px(found["n_pix"], fwhm_px), LENS_FWHM * fwhm_px)
    matrices = list(map(db_transform.matrix, images))
    try:
        return empty_region.find_empty_box(shapes[0], xy, reach, matrices, shapes[1:])
    except ValueError as problem:
        return log_line("%s: nothing is measured, unless empty_region names one", problem)


def measure(image, settings, box):
    """Return noise and mean of the region in one image; nothing where it lies outside."""
    image_e, bad = db_images.image_and_bad(image, settings)
    rows, cols, inside = empty_region.pixels_inside(db_transform.matrix(image), box, image_e.shape)
    if (inside := inside & ~bad[rows, cols]).sum() < LEAST_PX:
        return {"empty_region": notation.write_region(box)}
    mean, sigma, n = empty_region.clipped_mean_and_sigma(
        (image_e[rows, cols] - db_sky.sky(image, settings).level(rows, cols))[inside])
    return {"empty_region": notation.write_region(box), "empty_mean_e": mean,
            "empty_sigma_e": sigma, "n_empty_px": n}


def main(settings, db):
    """Find the region, measure every image, and compare with the sky maps."""
    images, everything = db.to_treat(settings, NEEDS), db.all_in_use(settings, NEEDS)
    box = region(everything, db.reference(everything), settings)
    if box is None:
        return None  # a crowded field: nothing that follows needs it
    log_line("empty region on the reference image: %s", notation.write_region(box))
    counts = for_each_image(partial(measure, box=box), images, settings, db, needs=NEEDS,
                            writes=WRITES)
    if np.isfinite(ratio := column(images, "empty_sigma_e") / column(images, "sky_noise_e")).any():
        noisy = [image["img_name"] for image, r in zip(images, ratio, strict=True) if r > NOTABLE]
        log_line("noise there / noise of the sky map: %.3f (median); above %g: %s",
                 np.nanmedian(ratio), NOTABLE, ", ".join(noisy) or "none")
    return counts


if __name__ == "__main__":
    run(main, __doc__)
