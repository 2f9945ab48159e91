"""Where the telescope stands, by its description and the header."""

from cosmouline.errors import ImageRejected
from cosmouline.frames.header_values import angle_deg, first_text, text_of
from cosmouline.frames.telescope_yaml import SITE_RANGES

NO_SITE = (None, None, None)
FAR_FROM_ZONE_DEG = 90.0  # no place on Earth is so far from the middle of its time zone
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
        None where the place is not known.
    notes, flags : list of str

    Notes
    -----
    Headers count longitudes to the east or to the west. Where the date has a time zone that
    only the other sign agrees with, that sign is taken.
    """
    notes, flags = [], []
    places = [
        _coordinate(header, telescope.site, overrides, i, name, flags)
        for i, name in enumerate(SITE_RANGES)
    ]
    (lon_deg, lon_keyword), (lat_deg, _), (height_m, _) = places
    if lon_deg is None or lat_deg is None:
        notes.append("no coordinates of the telescope: no airmass; add site_lon_deg, site_lat_deg")
        return NO_SITE, notes, flags
    if height_m is None:
        notes.append("no height of the telescope: 0 m")
    lon_deg = _wrapped(lon_deg)
    if lon_keyword and zone_h and _is_other_side(lon_deg, zone_h):
        notes.append(f"{lon_keyword} = {lon_deg:g} contradicts the time zone: taken as west")
        lon_deg = _wrapped(-lon_deg)
    return (lon_deg, lat_deg, height_m or 0.0), notes, flags


def _coordinate(header, site, overrides, index, name, flags):
    """Find one coordinate and the keyword it is from (None if from no keyword)."""
    if name in overrides:
        return overrides[name], None
    source = (site.lon_deg, site.lat_deg, site.height_m)[index]
    try:
        code = text_of(header, site.by) if site.by else None
        found = first_text(header, source.keywords)
    except ImageRejected as error:  # an unreadable card; the frame is usable without a place
        flags.append(str(error))
        code = found = None
    if code is not None and code.lower() in site.table:
        return site.table[code.lower()][index], None
    if not found:
        return source.default, None
    text, keyword = found
    lowest, highest = SITE_RANGES[name]
    try:
        value = angle_deg(text)
    except ValueError:
        value = float("nan")
    if not lowest <= value <= highest:
        flags.append(f"{keyword} = {text!r} is not a usable {name}")
        return source.default, None
    return value, keyword


def _is_other_side(lon_deg, zone_h):
    """Whether a longitude fits a time zone only with the other sign."""
    middle_deg = DEG_PER_HOUR * zone_h
    far_deg = abs(_wrapped(lon_deg - middle_deg))
    return far_deg > FAR_FROM_ZONE_DEG and abs(_wrapped(-lon_deg - middle_deg)) < NEAR_ZONE_DEG


def _wrapped(angle):
    """Bring an angle to -180..180 degrees."""
    return angle if -180.0 <= angle <= 180.0 else (angle + 180.0) % 360.0 - 180.0
