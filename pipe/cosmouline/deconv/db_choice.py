"""Which images a joint deconvolution takes, and why it leaves out the others."""

from cosmouline.database.limits import Limits


def values(image, coeff):
    """Return what the dec_ limits are compared with; None where it is not known."""
    return {"seeing": image.get("field_fwhm_arcsec"), "ellipticity": image.get(
        "field_ellipticity"), "sky": image.get("sky_level_e"), "coefficient": coeff}


def why_not(image, coeff, skipped, settings):
    """Return why an image is left out; empty if it is not.

    Parameters
    ----------
    image : dict
        Row of the image.
    coeff : float or None
        Its coefficient; None: not known yet.
    skipped : dict of str to str
        Images that the user leaves out, with comments.
    settings : namespace
    """
    if image["img_name"] in skipped:
        return f"skiplist: {skipped[image['img_name']]}"
    limits = Limits.of(settings, "dec_")
    for name, is_beyond in limits.beyond(**values(image, coeff)).items():
        if is_beyond:
            return f"{name} above {getattr(limits, name):g}"
    return ""
