"""Where the telescope stands, by its description and the header."""

from cosmouline.errors import ImageRejected
from cosmouline.frames.header_values import angle_deg, first_text, text_of
from cosmouline.frames.telescope_yaml import SITE_RANGES

NO_SITE = (None, None, None)
FAR_FROM_ZONE_DEG = 90.0  # no site on Earth is so far from the middle of its time zone
NEAR_ZONE_DEG = 45.0
DEG_PER_HOUR = 15.0


def site_coordinates(header, telescope, overrides, zone_h):
    """Find longitude, latitude and height of the telescope.

    Parameters
    ----------
    header : Header
    telescope : Telescope
    overrides : dict
        ``site_lon_deg``, ``site_lat_deg``, ``site_height_m`` win over all else.
    zone_h : float or None
        Time zone that the date of the header names.

    Returns
    -------
    coordinates : tuple
        Longitude in degrees east (-180 to 180), latitude in degrees, height in metres; three
        None where the site is not known.
    notes, flags : list of str

    Notes
    -----
    Headers count longitudes to the east or to the west. Where only the other sign agrees with the
    time zone of the date, that sign is taken.
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
    (lon_deg, lon_keyword), (lat_deg, _), (height_m, _) = found
    if lon_deg is None or lat_deg is None:
        notes.append("no coordinates of the telescope: no airmass; add site_lon_deg, site_lat_deg")
        return NO_SITE, notes, flags
    if height_m is None:
        notes.append("no height of the telescope: 0 m")
    lon_deg = _wrapped(lon_deg)
    # A longitude of the header that fits its time zone only with the other sign counts to the west
    if lon_keyword and zone_h:
        middle_deg = DEG_PER_HOUR * zone_h
        if abs(_wrapped(lon_deg - middle_deg)) > FAR_FROM_ZONE_DEG and (
                abs(_wrapped(-lon_deg - middle_deg)) < NEAR_ZONE_DEG):
            notes.append(f"{lon_keyword} = {lon_deg:g} contradicts the time zone: taken as west")
            lon_deg = _wrapped(-lon_deg)
    return (lon_deg, lat_deg, height_m or 0.0), notes, flags


def _wrapped(angle):
    """Bring an angle to -180..180 degrees."""
    return angle if -180.0 <= angle <= 180.0 else (angle + 180.0) % 360.0 - 180.0
