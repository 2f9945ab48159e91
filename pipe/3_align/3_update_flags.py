"""Take images out of use that are not aligned, or beyond the limits of the settings.

Needs   : the transforms (3_align/1b_identify_stars), seeing, ellipticity, sky
Writes  : gogogo, whynot -> database
Settings: fwhm_max_arcsec, ellipticity_max, sky_level_max_e
Next    : 3_align/4_png_check

Run as  : python pipe/3_align/3_update_flags.py configs/MYLENS

Run it again after a change of the limits: all images are judged anew.
"""

from functools import partial

from cosmouline.astrometry.db_transform import pixel_scale_arcsec
from cosmouline.database.limits import Limits
from cosmouline.errors import ImageRejected, UserError
from cosmouline.run import for_each_image, log_line, run

NEEDS = ("is_aligned", "fwhm_arcsec", "ellipticity", "sky_level_e", "pixel_scale_arcsec")
WRITES = ()


def measure(image, settings, reference):
    """Reject an image that is not aligned, or beyond a limit."""
    if not image["is_aligned"]:
        raise ImageRejected(f"not aligned: {image.get('align_note', 'no reason is noted')}")
    limits = Limits.of(settings)
    scale = pixel_scale_arcsec(image, reference) / image["pixel_scale_arcsec"]
    values = {"seeing": image["fwhm_arcsec"] * scale, "ellipticity": image["ellipticity"],
              "sky": image["sky_level_e"]}
    for name, is_beyond in limits.beyond(**values).items():
        if is_beyond:
            raise ImageRejected(f"{name} of {values[name]:.3g} is above {getattr(limits, name):g}")
    return {}


def main(settings, db):
    """Judge every image, the reference first."""
    images = db.to_treat(settings, NEEDS)
    reference = db.reference()
    try:
        measure(reference, settings, reference)
    except ImageRejected as why:
        raise UserError(f"the reference image {reference['img_name']} itself is out: {why}. "
                        "Set ref_img_name to another one, or widen the limit.") from why
    counts = for_each_image(partial(measure, reference=reference), images, settings, db,
                            needs=NEEDS, writes=WRITES)
    log_line("%d of %d images stay in use", sum(im["gogogo"] for im in images), len(images))
    return counts


if __name__ == "__main__":
    run(main, __doc__)
