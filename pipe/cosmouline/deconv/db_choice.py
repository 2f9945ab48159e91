"""Which images a joint deconvolution takes, and why it leaves out the others."""

from cosmouline.database.limits import Limits


def values(image, coeff):
    """Return what the dec_ limits are compared with; None where it is not known."""
    return {"seeing": image.get("field_fwhm_arcsec"), "ellipticity": image.get(
        "field_ellipticity"), "sky": image.get("sky_level_e"), "coefficient": coeff}


def why_not(image, coeff, skipped, settings):
    """Return why an image is left out; empty if it is not.

    Its row, its coefficient (None: not known yet), and the images that the user leaves out, with
    comments.
    """
    if image["img_name"] in skipped:
        return f"skiplist: {skipped[image['img_name']]}"
    limits = Limits.of(settings, "dec_")
    for name, is_beyond in limits.beyond(**values(image, coeff)).items():
        if is_beyond:
            return f"{name} above {getattr(limits, name):g}"
    nearest, trail = settings.dec_trail_min_arcsec, image.get("trail_lens_arcsec")
    if None not in (nearest, trail) and trail < nearest:
        return f"a trail nearer to the lens than {nearest:g} arcsec"
    return ""
