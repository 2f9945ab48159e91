"""Where the header says that the telescope looked, and whether that is the lens."""

import re
import warnings

from cosmouline import library
from cosmouline.errors import ImageRejected
from cosmouline.files.fits_bytes import card_value
from cosmouline.files.io_fits import wcs_cards
from cosmouline.frames.header_values import angle_deg, comment_of, text_of

import numpy as np

wcs = library("astropy.wcs")

NEAR_DEG = 1.0  # of the pointings of a mount that was never aligned
POINTING_CARDS = (("RA_TARG", "DEC_TARG"), ("TARG_RA", "TARG_DEC"), ("OBJCTRA", "OBJCTDEC"),
                  ("CAT-RA", "CAT-DEC"), ("RA", "DEC"), ("TELRA", "TELDEC"))
OFF_FRAME_ARCSEC = 60.0  # by which a WCS that is not refined may be off
HOURS = ":hH "  # a right ascension with one of these is in hours
HOURS_OF_A_DAY = 24.0
UNITS = ((1.0, re.compile(r"\bdeg", re.IGNORECASE)),  # in comments
         (15.0, re.compile(r"\[h(r|ours?)?\]|\bh(ou)?rs?\b", re.IGNORECASE)),
         (float(np.degrees(1.0)), re.compile(r"\brad(ians?)?\b", re.IGNORECASE)))


def pointing_flag(header, lens_ra_deg, lens_dec_deg, field_deg=0.0):
    """Return a flag where a frame does not look at the lens, else None.

    Parameters
    ----------
    header : Header
    lens_ra_deg, lens_dec_deg : float or None
    field_deg : float
        Half of the diagonal of the frame.
    """
    found = pointing(header)
    if found is None or lens_ra_deg is None or lens_dec_deg is None:
        return None
    ra_deg, dec_deg, cards = found

    def away_deg(ra_factor, lens_factor):
        between = (ra_factor * ra_deg - lens_factor * lens_ra_deg + 180) % 360 - 180
        return np.hypot(between * np.cos(np.radians(dec_deg)), dec_deg - lens_dec_deg)

    near_deg = max(NEAR_DEG, field_deg)
    if away_deg(1, 1) <= near_deg or away_deg(15, 1) <= near_deg:  # the card may be in hours
        off_arcsec = off_frame_arcsec(header, lens_ra_deg, lens_dec_deg)
        return None if (off_arcsec or 0.0) <= OFF_FRAME_ARCSEC else (
            f"the lens is {off_arcsec / 60:.1f} arcmin off the frame by its WCS")
    hint = ": 15 x lens_ra_deg fits, it is in hours?" if away_deg(1, 15) <= near_deg else ""
    return (f"the lens (lens_ra_deg, lens_dec_deg of the settings) is {away_deg(1, 1):.1f} deg "
            f"from the pointing of the header ({cards}){hint}")


def pointing(header):
    """Return right ascension and declination (degrees) of a header, and their cards; or None."""
    # The first pair of cards with two possible angles; else the reference point of the WCS
    for ra_card, dec_card in POINTING_CARDS:
        try:
            ra_text, dec_text = text_of(header, ra_card), text_of(header, dec_card)
            if ra_text is None or dec_text is None:
                continue
            ra_deg = (_factor(header, ra_card) or 1.0) * angle_deg(_plain(ra_text))
            dec_deg = (_factor(header, dec_card) or 1.0) * angle_deg(_plain(dec_text))
        except (ImageRejected, ValueError):
            continue
        if 0 <= ra_deg < 360 and -90 <= dec_deg <= 90:
            return ra_deg, dec_deg, f"{ra_card}, {dec_card}"
    cards = wcs_cards(header)
    if cards is None:
        return None
    return frame_centre(header) or (
        float(cards["CRVAL1"]) % 360, float(cards["CRVAL2"]), "CRVAL1, CRVAL2")


def frame_centre(header):
    """Return right ascension and declination of the centre by the WCS, and its name; or None."""
    found = _wcs_and_size(header)
    if found is None:
        return None
    coordinates, size = found
    ra_deg, dec_deg = coordinates.all_pix2world([(size + 1) / 2], 1)[0]
    return (float(ra_deg) % 360, float(dec_deg), "the centre by the WCS") if (
        np.isfinite(ra_deg + dec_deg)) else None


def lens_guess(header):
    """Return where the lens may be, and by what: the target if it is on the frame, or the centre.

    A telescope with many CCDs points at none of them, and the reference point of a WCS may lie
    far outside of a frame.
    """
    found = pointing(header)
    off_arcsec = found and off_frame_arcsec(header, *found[:2])
    if found and off_arcsec is None and found[0] < HOURS_OF_A_DAY and (  # nothing tells
            _factor(header, found[2].partition(",")[0]) is None):
        return *found[:2], f"{found[2]} (taken as degrees: are they hours?)"
    if found and not off_arcsec:
        return found
    return frame_centre(header) or found


def off_frame_arcsec(header, ra_deg, dec_deg):
    """Return how far a position is beyond the edge of a frame by its WCS; None without a WCS."""
    found = _wcs_and_size(header)
    if found is None:
        return None
    coordinates, size = found
    try:
        xy = coordinates.wcs_world2pix([[ra_deg, dec_deg]], 1)[0]
    except ValueError:  # on the other side of the sky
        return None
    beyond_px = np.hypot(*np.maximum(0.0, np.maximum(0.5 - xy, xy - size - 0.5)))
    scale = 3600.0 * np.sqrt(np.abs(np.linalg.det(coordinates.pixel_scale_matrix)))
    return float(beyond_px * scale) if np.isfinite(beyond_px) else None


def _wcs_and_size(header):
    """Return the WCS of a header and the size (nx, ny) of its image, or None without."""
    cards = wcs_cards(header)
    size = [card_value(header, f"NAXIS{axis}") for axis in (1, 2)]
    if cards is None or not all(isinstance(side, int) and side > 0 for side in size):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return wcs.WCS(cards), np.array(size, float)


def _factor(header, card):
    """Return what leads to degrees, by form or comment of a card; None if neither tells."""
    if any(sign in (text_of(header, card) or "") for sign in HOURS):
        return 15.0 if "RA" in card else 1.0
    comment = comment_of(header, card)
    return next((factor for factor, words in UNITS if words.search(comment)), None)


def _plain(text):
    """Return an angle with colons where it had letters."""
    return text.lower().replace("h", ":").replace("m", ":").rstrip("s ")
