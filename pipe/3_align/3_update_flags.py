"""Take images out of use that are not aligned, or beyond the limits of the settings.

Needs   : the transforms (3_align/1b_identify_stars), seeing, ellipticity, sky
Writes  : gogogo, whynot -> database
Settings: fwhm_max_arcsec, ellipticity_max, sky_level_max_e
Next    : 3_align/4_png_check

Run as  : python 3_update_flags.py ../../configs/MYLENS

Run it again after a change of the limits: images that it took out are judged anew.
"""

from collections import Counter

from cosmouline.errors import UserError
from cosmouline.header import script_name
from cosmouline.run import log_line, run

NEEDS = ("is_aligned", "fwhm_arcsec", "ellipticity", "sky_level_e")
WRITES = ("gogogo", "whynot")


def verdict(image, settings):
    """Return why an image cannot be used, and the value found; empty if it can."""
    if not image["is_aligned"]:
        return "not aligned", image.get("align_note", "")
    limits = (("fwhm_arcsec", settings.fwhm_max_arcsec),
              ("ellipticity", settings.ellipticity_max),
              ("sky_level_e", settings.sky_level_max_e))
    for name, limit in limits:
        if limit is not None and image[name] > limit:
            return f"{name} above {limit:g}", f"{image[name]:.3g}"
    return "", ""


def main(settings, db):
    """Judge every image in use, and those that this script took out before."""
    script = script_name(__file__)
    db.revive(script)
    images = [image for image in db.to_treat(settings) if "is_aligned" in image]
    db.require(images, NEEDS)
    reference, counts = db.reference(), Counter()
    for image in images:
        why, value = verdict(image, settings)
        if not why:
            continue
        if image is reference:
            raise UserError(f"the reference image {image['img_name']} itself is {why} ({value}). "
                            "Set ref_img_name to another one, or widen the limit.")
        db.reject(image["img_name"], f"{why}: {value} ({script})")
        log_line("%s out of use: %s: %s", image["img_name"], why, value)
        counts[why] += 1
    log_line("%d of %d images stay in use", len(images) - counts.total(), len(images))


if __name__ == "__main__":
    run(main, __doc__)
