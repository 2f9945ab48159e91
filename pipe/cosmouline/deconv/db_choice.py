"""Which images a joint deconvolution takes, and why it leaves out the others."""


def limits(image, coeff, settings):
    """Return (what, value, limit) of an image for every limit that is set."""
    found = (("seeing", image.get("field_fwhm_arcsec"), settings.dec_fwhm_max_arcsec),
             ("ellipticity", image.get("field_ellipticity"), settings.dec_ellipticity_max),
             ("coefficient", coeff, settings.dec_coeff_max),
             ("sky", image.get("sky_level_e"), settings.dec_sky_max_e))
    return [one for one in found if one[2] is not None]


def why_not(image, coeff, skipped, settings):
    """Return why an image is left out; empty if it is not.

    Its row, its coefficient (None: not known yet), and the images that the user leaves out, with
    comments.
    """
    if image["img_name"] in skipped:
        return f"skiplist: {skipped[image['img_name']]}"
    for name, value, limit in limits(image, coeff, settings):
        if value is not None and value > limit:
            return f"{name} above {limit:g}"
    return ""
