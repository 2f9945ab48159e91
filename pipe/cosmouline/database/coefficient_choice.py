"""Which coefficient applies: of the apertures, or renormalised by PSF fluxes."""

from cosmouline.database.fields import expand

COEFFICIENTS = {"renorm": ("renorm__{renorm}", "renorm_sigma__{renorm}"),
                "medcoeff": ("medcoeff", "medcoeff_sigma"), "none": ()}


def coefficient(image, settings):
    """Return coefficient and error of an image."""
    names = expand(COEFFICIENTS[settings.dec_coefficient], settings)
    return tuple(image[name] for name in names) or (1.0, 0.0)
