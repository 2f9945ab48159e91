"""What is odd about the scene of an image: trails, and bad pixels on the lens."""

from cosmouline.astrometry.db_lens_position import lens_by_wcs
from cosmouline.sources.trails import find_trail

import numpy as np

LENS_RADIUS_ARCSEC = 1.5
LENS_RADIUS_MIN_PX = 3.0
BAD_PART_MAX = 0.1  # of the pixels of the lens
NEAR_ARCSEC = 5.0  # a trail this near spoils the lens


def notes(image, image_e, bad, settings):
    """Return what is odd, a list of texts.

    Parameters
    ----------
    image : dict
        Row of the image.
    image_e : ndarray of float32, shape (ny, nx)
    bad : ndarray of bool, shape (ny, nx)
    settings : namespace
        The place of the lens is known where it has RA and Dec and the image has a WCS.
    """
    lens = lens_by_wcs(image, settings)
    trail = find_trail(image_e, bad, image["saturation_e"])
    return [note for note in (_hidden(image, bad, lens), _crossed(image, trail, lens)) if note]


def _hidden(image, bad, lens):
    """Tell of a lens without pixels."""
    if lens is None:
        return None
    radius_px = max(LENS_RADIUS_ARCSEC / image["pixel_scale_arcsec"], LENS_RADIUS_MIN_PX)
    part = around(bad, *lens, radius_px)
    return f"{100 * part:.0f} % of the pixels of the lens are bad" if part > BAD_PART_MAX else None


def _crossed(image, trail, lens):
    """Tell of a trail, and how far from the lens it is."""
    if trail is None:
        return None
    text = f"a trail of {trail.length_px:.0f} pixels"
    if lens is None:
        return text
    away_px = trail.distance_px(*lens)
    if away_px * image["pixel_scale_arcsec"] < NEAR_ARCSEC:
        return f"{text} on the lens ({away_px:.0f} pixels from it)"
    return f"{text}, {away_px:.0f} pixels from the lens"


def around(bad, x_px, y_px, radius_px):
    """Return the part of the pixels within a radius of a place that are bad; 1 outside.

    Parameters
    ----------
    bad : ndarray of bool, shape (ny, nx)
    x_px, y_px, radius_px : float
    """
    y, x = np.ogrid[:bad.shape[0], :bad.shape[1]]
    inside = (x - x_px) ** 2 + (y - y_px) ** 2 <= radius_px**2
    return float(bad[inside].mean()) if inside.any() else 1.0
