"""Take images out of use that are not aligned, or beyond the limits of the settings.

Needs   : the transforms (3_align/1b_identify_stars), seeing, ellipticity, sky
Writes  : gogogo, whynot -> database
Settings: fwhm_max_arcsec, fwhm_max_ratio, ellipticity_max, sky_level_max_e
Next    : 3_align/4_png_check

Run as  : python pipe/3_align/3_update_flags.py configs/MYLENS

Run it again after a change of the limits: all images are judged anew.
"""

from functools import partial

from cosmouline.astrometry.db_transform import pixel_scale_arcsec
from cosmouline.database.limits import Limits
from cosmouline.errors import ImageRejected, UserError
from cosmouline.run import for_each_image, log_line, run

import numpy as np

NEEDS = ("is_aligned", "fwhm_arcsec", "ellipticity", "sky_level_e", "pixel_scale_arcsec")
WRITES = ()
SETTINGS = {"seeing": "fwhm_max_arcsec", "ellipticity": "ellipticity_max",
            "sky": "sky_level_max_e"}


def measure(image, settings, reference, seeing_arcsec):
    """Reject an image that is not aligned, beyond a limit, or far wider than those of its set."""
    if not image["is_aligned"]:
        raise ImageRejected(f"not aligned: {image.get('align_note', 'no reason is noted')}")
    limits = Limits.of(settings)
    scale = pixel_scale_arcsec(image, reference) / image["pixel_scale_arcsec"]
    values = {"seeing": image["fwhm_arcsec"] * scale, "ellipticity": image["ellipticity"],
              "sky": image["sky_level_e"]}
    for name, is_beyond in limits.beyond(**values).items():
        if is_beyond:
            raise ImageRejected(f"{name} of {values[name]:.3g} is above {getattr(limits, name):g} "
                                f"({SETTINGS[name]})")
    ratio = image["fwhm_arcsec"] / seeing_arcsec[image["set_name"]]
    if settings.fwhm_max_ratio is not None and ratio > settings.fwhm_max_ratio:
        raise ImageRejected(f"out of focus? seeing of {image['fwhm_arcsec']:.3g} arcsec: "
                            f"{ratio:.1f} times that of its set, above "
                            f"{settings.fwhm_max_ratio:g} (fwhm_max_ratio)")
    return {}


def main(settings, db):
    """Judge every image, the reference first."""
    images = db.to_treat(settings, NEEDS)
    reference = db.reference()
    known = [row for row in db.select() if "fwhm_arcsec" in row]
    seeing_arcsec = {name: np.median([row["fwhm_arcsec"] for row in known
                                      if row["set_name"] == name])
                     for name in {row["set_name"] for row in known}}
    try:
        measure(reference, settings, reference, seeing_arcsec)
    except ImageRejected as why:
        raise UserError(f"the reference image {reference['img_name']} itself is out: {why}. "
                        "Set ref_img_name to another one, or widen the limit.") from why
    counts = for_each_image(partial(measure, reference=reference, seeing_arcsec=seeing_arcsec),
                            images, settings, db, needs=NEEDS, writes=WRITES)
    log_line("%d of %d images stay in use", sum(im["gogogo"] for im in images), len(images))
    return counts


if __name__ == "__main__":
    run(main, __doc__)
