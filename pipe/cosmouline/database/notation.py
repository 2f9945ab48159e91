"""Regions and apertures as they are written in settings and fields."""

import re

_FORM = re.compile(r"\s*\[\s*(\d+)\s*:\s*(\d+)\s*,\s*(\d+)\s*:\s*(\d+)\s*\]\s*")


def read_region(text):
    """Return the edges (x1, x2, y1, y2) of a region ``[x1:x2, y1:y2]``; None for None.

    The text has the first and last columns and rows, counted from 1 as ds9 shows them; the edges
    are the outer ones of the outermost pixels, in pixels from 0.

    Raises ValueError if it is written in another way, or holds no pixel.
    """
    if text is None:
        return None
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError(f"'{text}' is no region: write \"[x1:x2, y1:y2]\", pixels from 1")
    x1, x2, y1, y2 = (int(word) for word in match.groups())
    if not (1 <= x1 < x2 and 1 <= y1 < y2):
        raise ValueError(f"'{text}' holds no pixel: the second number of a pair must be larger")
    return x1 - 1.5, x2 - 0.5, y1 - 1.5, y2 - 0.5


def write_region(box):
    """Return the text of a region; the inverse of `read_region`."""
    x1, x2, y1, y2 = box
    return f"[{x1 + 1.5:.0f}:{x2 + 0.5:.0f}, {y1 + 1.5:.0f}:{y2 + 0.5:.0f}]"


AUTO = "auto"
_NAME = re.compile(r"([0-9]*\.?[0-9]+)(fwhm|arcsec|px)")


def read_aperture(name):
    """Return the radius and the unit of an aperture's name, None and "auto" for Kron's.

    Raises ValueError if the name is not a positive number with the unit fwhm, arcsec or px, nor
    "auto".
    """
    if name == AUTO:
        return None, AUTO
    match = _NAME.fullmatch(name)
    if match is None or float(match[1]) <= 0:
        raise ValueError(f"'{name}' is no aperture: write 1.5fwhm, 3arcsec, 10px (radii) or auto")
    return float(match[1]), match[2]


def radius_px(name, fwhm_px, pixel_scale_arcsec):
    """Return the radius of an aperture in pixels by its name, the seeing and the scale.

    NaN for Kron's.
    """
    radius, unit = read_aperture(name)
    if unit == AUTO:
        return float("nan")
    return radius * {"fwhm": fwhm_px, "arcsec": 1 / pixel_scale_arcsec, "px": 1.0}[unit]
