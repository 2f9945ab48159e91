"""Where the telescope stands, by its description and the header."""

from cosmouline.dates import JD_MINUS_MJD
from cosmouline.errors import ImageRejected
from cosmouline.frames.header_pointing import pointing
from cosmouline.frames.header_values import angle_deg, first_number, first_text, text_of
from cosmouline.frames.telescope_yaml import SITE_RANGES

import erfa
import numpy as np

NO_SITE = (None, None, None)
FAR_FROM_ZONE_DEG = 90.0  # no site on Earth is so far from the middle of its time zone
NEAR_ZONE_DEG = 45.0
DEG_PER_HOUR = 15.0
LST_CARDS = ("LST", "ST", "SIDTIME", "LMST", "LST-OBS", "LSTOBS")
LST_WITHIN_DEG = 11.0  # of the start, middle or end of an exposure, in which the sky turns
ZENITH_CARDS = ("ZD", "ZDIST", "ZENDIST")  # degrees
HEIGHT_CARDS = ("OBJCTALT", "CENTALT", "TELALT", "EL")
HOURS_MAX = 12.0  # of a longitude in hours
AIRMASS_WITHIN, SEC_Z_MAX = 0.15, 4.0  # of sec z; higher ones depend on the formula


def site_coordinates(header, telescope, overrides, zone_h, mjd):
    """Find longitude, latitude and height of the telescope.

    Parameters
    ----------
    header : Header
    telescope : Telescope
    overrides : dict
        ``site_lon_deg``, ``site_lat_deg``, ``site_height_m`` win over all else.
    zone_h : float or None
        Time zone that the date of the header names.
    mjd : float
        Middle of the exposure, UTC.

    Returns
    -------
    coordinates : tuple
        Longitude in degrees east (-180 to 180), latitude in degrees, height in metres; three
        None where the site is not known.
    notes, flags : list of str

    Notes
    -----
    Headers count longitudes to the east or to the west. Where only the other sign agrees with the
    time zone of the date, with the sidereal time of the header, or with its airmass for its
    pointing, that sign is taken. A sidereal time that agrees with neither is flagged.
    """
    notes, flags, found = [], [], []
    site = telescope.site
    for i, source in enumerate((site.lon_deg, site.lat_deg, site.height_m)):
        name, value, keyword = list(SITE_RANGES)[i], source.default, None
        # Overrides first, then the table by a card, then the keywords, then the default
        if name in overrides:
            found.append((overrides[name], None))
            continue
        try:
            code = text_of(header, site.by) if site.by else None
            card = first_text(header, source.keywords)
        except ImageRejected as error:  # an unreadable card; the frame is usable without a site
            flags.append(str(error))
            code = card = None
        if code is not None and code.lower() in site.table:
            value = site.table[code.lower()][i]
        elif card:
            try:
                angle = angle_deg(card[0])
            except ValueError:
                angle = float("nan")
            if SITE_RANGES[name][0] <= angle <= SITE_RANGES[name][1]:
                value, keyword = angle, card[1]
            else:
                flags.append(f"{card[1]} = {card[0]!r} is not a usable {name}")
        found.append((value, keyword))
    (lon_deg, lon_keyword), (lat_deg, lat_keyword), (height_m, _) = found
    if lon_deg is None or lat_deg is None:
        notes.append("no coordinates of the telescope: no airmass; add site_lon_deg, site_lat_deg")
        return NO_SITE, notes, flags
    if height_m is None:
        notes.append("no height of the telescope: 0 m")
    lon_deg = _wrapped(lon_deg)
    if lon_keyword and lat_keyword and abs(lon_deg) <= np.pi and abs(lat_deg) <= np.pi / 2:
        flags.append(f"{lon_keyword} = {lon_deg:g}, {lat_keyword} = {lat_deg:g}: a site in the "
                     "Gulf of Guinea: are they in radians, or were they never set?")
    # A longitude of the header that fits its time zone only with the other sign counts to the west
    if lon_keyword and zone_h:
        middle_deg = DEG_PER_HOUR * zone_h
        if abs(_wrapped(lon_deg - middle_deg)) > FAR_FROM_ZONE_DEG and (
                abs(_wrapped(-lon_deg - middle_deg)) < NEAR_ZONE_DEG):
            notes.append(f"{lon_keyword} = {lon_deg:g} contradicts the time zone: taken as west")
            lon_deg = _wrapped(-lon_deg)
    # Sidereal time, airmass and height of the header know the place too
    differs = _disagreements(header, mjd, lon_deg, lat_deg)
    others = [(-lon_deg, lat_deg, lon_keyword, "west"), (lon_deg, -lat_deg, lat_keyword, "south")]
    if abs(lon_deg) <= HOURS_MAX:
        others += [(s * DEG_PER_HOUR * lon_deg, lat_deg, lon_keyword, "hours") for s in (1, -1)]
    fits = [one for one in others if one[2] and not _disagreements(header, mjd, *one[:2])]
    what = next(iter(differs.values()), "")
    if differs and fits:
        lon, lat, keyword, how = fits[0]
        value = lat_deg if how == "south" else lon_deg
        how = "north" if how == "south" and lat > 0 else how
        notes.append(f"{keyword} = {value:g} contradicts {what}: taken as {how}")
        lon_deg, lat_deg = lon, lat
    elif differs:
        flags.append(f"{what} of the header does not fit date and site: is one of them wrong?")
    return (lon_deg, lat_deg, height_m or 0.0), notes, flags


def _disagreements(header, mjd, lon_deg, lat_deg):
    """Return what does not fit a date (MJD) and a site: its words by the kind of witness."""
    found = {}
    lst_deg = np.degrees(erfa.gmst82(JD_MINUS_MJD, mjd)) + lon_deg
    try:
        card = first_text(header, LST_CARDS)
        if card:
            hours = angle_deg(card[0])
            hours = hours / 3600 if hours > 24 else hours  # some write seconds
            if abs(_wrapped(DEG_PER_HOUR * hours - lst_deg)) > LST_WITHIN_DEG:
                found["sidereal time"] = f"the sidereal time ({card[1]} = {card[0]})"
        airmass = _airmass(header)
        where = pointing(header) if airmass else None
        if where:
            hour_angle, dec, lat = np.radians([lst_deg - where[0], where[1], lat_deg])
            sin_height = (np.sin(lat) * np.sin(dec)
                          + np.cos(lat) * np.cos(dec) * np.cos(hour_angle))
            if sin_height <= 0 or abs(airmass.value * sin_height - 1) > AIRMASS_WITHIN:
                found["airmass"] = f"{airmass.keyword} = {airmass.value:g}"
    except (ImageRejected, ValueError):  # an unreadable card proves nothing
        pass
    return found


def _airmass(header):
    """Return the airmass of a header (1 to 4), or that of a height or zenith distance; or None."""
    for keywords, from_deg in ((("AIRMASS", "SECZ"), None), (ZENITH_CARDS, 90.0),
                               (HEIGHT_CARDS, 0.0)):
        found = first_number(header, keywords)
        if found and from_deg is not None:
            sine = np.sin(np.radians(abs(from_deg - found.value)))
            found = found._replace(value=float(1 / max(sine, 1e-3)),
                                   keyword=f"sec z of {found.keyword}")
        if found and 1 <= found.value <= SEC_Z_MAX:
            return found
    return None


def _wrapped(angle):
    """Bring an angle to -180..180 degrees."""
    return angle if -180.0 <= angle <= 180.0 else (angle + 180.0) % 360.0 - 180.0
