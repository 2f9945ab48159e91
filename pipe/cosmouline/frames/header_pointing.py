"""Where the header says that the telescope looked, and whether that is the lens."""

from cosmouline.errors import ImageRejected
from cosmouline.files.io_fits import wcs_cards
from cosmouline.frames.header_values import angle_deg, text_of

import numpy as np

NEAR_DEG = 1.0  # of the pointings of a mount that was never aligned
POINTING_CARDS = (("OBJCTRA", "OBJCTDEC"), ("CAT-RA", "CAT-DEC"), ("RA", "DEC"),
                  ("TELRA", "TELDEC"))
HOURS = ":hH "  # a right ascension with one of these is in hours


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
        return None
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
            in_hours = any(sign in ra_text for sign in HOURS)
            ra_deg = (15 if in_hours else 1) * angle_deg(_plain(ra_text))
            dec_deg = angle_deg(_plain(dec_text))
        except (ImageRejected, ValueError):
            continue
        if 0 <= ra_deg < 360 and -90 <= dec_deg <= 90:
            return ra_deg, dec_deg, f"{ra_card}, {dec_card}"
    cards = wcs_cards(header)
    if cards is None:
        return None
    return float(cards["CRVAL1"]) % 360, float(cards["CRVAL2"]), "CRVAL1, CRVAL2"


def _plain(text):
    """Return an angle with colons where it had letters."""
    return text.lower().replace("h", ":").replace("m", ":").rstrip("s ")
