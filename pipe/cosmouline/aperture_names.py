"""Apertures by their names in settings and fields: ``1.5fwhm``, ``3arcsec``, ``10px``, auto."""

import re

AUTO = "auto"
_NAME = re.compile(r"([0-9]*\.?[0-9]+)(fwhm|arcsec|px)")


def read_aperture(name):
    """Return the radius and the unit of an aperture's name, None and "auto" for Kron's.

    Raises
    ------
    ValueError
        If the name is not a positive number with the unit fwhm, arcsec or px, nor "auto".
    """
    if name == AUTO:
        return None, AUTO
    match = _NAME.fullmatch(name)
    if match is None or float(match[1]) <= 0:
        raise ValueError(f"'{name}' is no aperture: write 1.5fwhm, 3arcsec, 10px (radii) or auto")
    return float(match[1]), match[2]


def radius_px(name, fwhm_px, pixel_scale_arcsec):
    """Return the radius of an aperture in pixels, NaN for Kron's.

    Parameters
    ----------
    name : str
    fwhm_px : float
        Seeing of the image.
    pixel_scale_arcsec : float
    """
    radius, unit = read_aperture(name)
    if unit == AUTO:
        return float("nan")
    return radius * {"fwhm": fwhm_px, "arcsec": 1 / pixel_scale_arcsec, "px": 1.0}[unit]
