"""What is unusual on an image: trails, and bad pixels on the lens."""

from cosmouline.astrometry.db_lens_position import lens_by_wcs
from cosmouline.sources.trails import find_trail

import numpy as np

LENS_RADIUS_ARCSEC = 1.5
LENS_RADIUS_MIN_PX = 3.0
BAD_FRACTION_MAX = 0.1  # of the pixels of the lens
NEAR_ARCSEC = 5.0  # a trail nearer to the lens disturbs it


def notes(image, image_e, bad, settings):
    """Return what is unusual, a list of texts, and the distance of a trail from the lens.

    The distance is in arcsec, None without a trail or where the place of the lens is not known.

    Parameters
    ----------
    image : dict
        Row of the image.
    image_e, bad : ndarray of float32 and of bool, shape (ny, nx)
    settings : namespace
        The position of the lens is known where it has RA and Dec and the image has a WCS.
    """
    found, scale, away_arcsec = [], image["pixel_scale_arcsec"], None
    lens = lens_by_wcs(image, settings)
    if lens is not None:
        radius_px = max(LENS_RADIUS_ARCSEC / scale, LENS_RADIUS_MIN_PX)
        fraction = around(bad, *lens, radius_px)
        if fraction > BAD_FRACTION_MAX:
            found.append(f"{100 * fraction:.0f} % of the pixels of the lens are bad")
    trail = find_trail(image_e, bad, image["saturation_e"])
    if trail is not None:
        text = f"a trail of {trail.length_px:.0f} pixels"
        if lens is not None:
            away_px = float(trail.distance_px(*lens))
            away_arcsec = away_px * scale
            text += (f" on the lens ({away_px:.0f} pixels from it)"
                     if away_arcsec < NEAR_ARCSEC else f", {away_px:.0f} pixels from the lens")
        found.append(text)
    return found, away_arcsec


def around(bad, x_px, y_px, radius_px):
    """Return the fraction of the pixels within a radius of a position that are bad; 1 outside."""
    y, x = np.ogrid[:bad.shape[0], :bad.shape[1]]
    inside = (x - x_px) ** 2 + (y - y_px) ** 2 <= radius_px**2
    return float(bad[inside].mean()) if inside.any() else 1.0
