"""Find the transform from the reference image to every image, by their stars.

Needs   : catalogues (1_character/3a_detect), the reference image (3_align/1a_pick_reference),
          coordinates (fac_astrometry/2_plate_solve)
Writes  : is_aligned, align_note, the matrix align_*, lens_x_px, lens_y_px -> database;
          reference_wcs.fits, its coordinates
Settings: align_method, align_rms_max_px, allow_mirror_images, lens_ra_deg, lens_dec_deg,
          lens_position_px, ref_img_name
Next    : 3_align/1c_report

Run as  : python pipe/3_align/1b_identify_stars.py configs/MYLENS

Rotations, meridian flips, other pixel scales and, where allowed, mirror images are found. A match
that chance could give is refused. An image with too few stars for that is placed by its WCS and
moved to its stars, where both agree as they do on the other images; align_note says so. No pixel
is resampled.
"""

from functools import partial

from cosmouline.astrometry import db_coordinates, db_transform, db_wcs
from cosmouline.astrometry.align import Alignment, align_catalogs
from cosmouline.astrometry.db_lens_position import lens_on_reference
from cosmouline.errors import ImageRejected
from cosmouline.run import for_all_images, for_each_image, log_line, run
from cosmouline.sources import db_stars
from cosmouline.sources.star_catalogue import positions

import numpy as np

NEEDS = ("n_sources", "ref_img_name", "pixel_scale_arcsec", "fwhm_px", "wcs_origin")
WRITES = ("is_aligned", "align_note", "n_align_stars", "align_rms_px", "align_angle_deg",
          "align_scale", "align_parity", "align_m11", "align_m12", "align_dx_px", "align_m21",
          "align_m22", "align_dy_px", "lens_x_px", "lens_y_px")


def sources_xy(image, settings):
    """Return the positions of the sources of an image, brightest first."""
    return positions(db_stars.sources(image, settings))


def measure(image, settings, reference_xy, lens_xy):
    """Return the transform of one image, or why there is none."""
    parities = (1, -1) if settings.allow_mirror_images else (1,)
    try:
        found = align_catalogs(reference_xy, sources_xy(image, settings), parities,
                               method=settings.align_method, rms_max_px=settings.align_rms_max_px
                               ) if image["img_name"] != image.get("ref_img_name") else Alignment(
                                   np.eye(2, 3), len(reference_xy), 0.0)
    except ImageRejected as reason:
        return {"is_aligned": False, "align_note": str(reason)}
    return db_transform.alignment_fields(found, lens_xy)


def main(settings, db):
    """Align every image in use by its stars; where they are too few, by its WCS."""
    images, reference = db.to_treat(settings, NEEDS), db.reference()
    lens_xy = lens_on_reference(reference, settings)
    db_coordinates.keep_reference(reference, settings)
    work = partial(measure, reference_xy=sources_xy(reference, settings), lens_xy=lens_xy)
    counts = for_each_image(work, images, settings, db, needs=NEEDS, writes=WRITES)
    results = db_wcs.place(images, partial(sources_xy, settings=settings), reference, lens_xy,
                           settings)
    if results:
        for_all_images(results, [db.rows[name] for name in results], settings, db, measure=measure,
                       needs=NEEDS, writes=WRITES)
    n_aligned = sum(image.get("is_aligned", False) for image in images)
    log_line("%d of %d images are aligned to %s", n_aligned, len(images), reference["img_name"])
    other = [(image, scale) for image in images if image.get("is_aligned") for scale in [
        db_transform.pixel_scale_arcsec(image, reference)] if scale != image["pixel_scale_arcsec"]]
    if other:
        image, scale = other[0]
        log_line("the pixel scale of %d images is not that of their header (first: %s, %.3g "
                 "arcsec by its stars, %.3g by the header): that of the stars is used", len(other),
                 image["img_name"], scale, image["pixel_scale_arcsec"])
    return counts


if __name__ == "__main__":
    run(main, __doc__)
