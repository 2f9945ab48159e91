"""Where target, Moon and Sun stood during exposures, and when the light reached the Sun.

Everything comes from the series of ERFA, the library below astropy, called directly for whole
arrays: astropy's own coordinates take ten times longer. Nothing is ever downloaded.
"""

import math
from pathlib import Path

from cosmouline import library
from cosmouline.dates import offline

import erfa
import numpy as np

time = library("astropy.time")
iers = library("astropy.utils.iers")

LIGHT_DAYS_PER_AU = 499.004784 / 86400.0  # IAU 2012: the astronomical unit over c
MIN_AIRMASS = 0.999  # the formula gives 0.9999996 at the zenith
MAX_AIRMASS = 5.0
MAX_LIGHT_TIME_D = 0.0059  # 1.0167 AU, the aphelion, is 0.00587 days
MAX_SUN_ALT_DEG = 0.0


def ephemeris(mjd, ra_deg, dec_deg, lon_deg=None, lat_deg=None, height_m=0.0):
    """Positions of target, Moon and Sun for many exposures at once.

    Parameters
    ----------
    mjd : float or ndarray, shape (n,)
        Middle of the exposures, UTC.
    ra_deg, dec_deg : float
        Target, J2000.
    lon_deg, lat_deg, height_m : float, optional
        The telescope, longitude positive to the east.

    Returns
    -------
    dict of ndarray, shape of `mjd`
        ``mhjd`` (days), ``moon_dist_deg``, ``moon_percent`` (lit fraction), ``sun_dist_deg``; with
        a site also ``airmass`` (NaN below the horizon), ``alt_deg``, ``az_deg`` (from north over
        east), ``moon_alt_deg``, ``sun_alt_deg``.

    Raises
    ------
    ValueError
        If a date is not finite, or a coordinate is impossible.

    Notes
    -----
    ``mhjd`` is the heliocentric Julian date in UTC minus 2400000.5, as in COSMOULINE, whose
    formula it is: HJD = JD - (d / c) (s . t), with the unit vectors s to the Sun and t to the
    target. It is not BJD_TDB: they differ by 32.184 s and the leap seconds (37 since 2017), and by
    up to 5 s for the Sun's own motion.
    The airmass is 1 / (sin h + 0.025 exp(-11 sin h)) (Rozenberg 1966), as in COSMOULINE, for the
    height h without refraction; with it X is smaller by 0.04 % at X = 1.5 and 0.2 % at 3.
    Moon and Sun are seen from the site, or from the Earth's centre without one (up to 1 degree
    off for the Moon). Angles are good to 0.001 degrees (nutation IAU 2000B, aberration to first
    order, no polar motion), the Moon's to 0.01.
    """
    mjd = np.asarray(mjd, dtype=float)
    if not np.isfinite(mjd).all():
        raise ValueError("mjd must be finite")
    if not (0.0 <= ra_deg <= 360.0 and -90.0 <= dec_deg <= 90.0):
        raise ValueError(f"ra_deg, dec_deg = {ra_deg}, {dec_deg} is not a position on the sky")
    if (lon_deg is None) != (lat_deg is None):
        raise ValueError("lon_deg and lat_deg must be given together")
    if lat_deg is not None and not (-90.0 <= lat_deg <= 90.0 and -180.0 <= lon_deg <= 360.0):
        raise ValueError(f"lon_deg, lat_deg = {lon_deg}, {lat_deg} is not a position on Earth")
    # Nothing is downloaded: UT1 and leap seconds are those that come with astropy
    with offline():
        times = time.Time(mjd, format="mjd", scale="utc")
        ahead_s = ut1_ahead_s(mjd)
        if np.isfinite(ahead_s).all():  # beyond the table astropy takes UT1 = UTC
            times.delta_ut1_utc = ahead_s
        by_sun, by_barycentre = erfa.epv00(times.tdb.jd1, times.tdb.jd2)  # of the Earth
        # Vectors (n, 3) from the Earth's centre to target (unit), Moon and Sun (au), with the
        # aberration to first order in the velocity of the Earth over c
        sun_to_earth, velocity = by_sun["p"], LIGHT_DAYS_PER_AU * by_barycentre["v"]
        direction = _unit_vector(ra_deg, dec_deg)
        target = direction + velocity
        vectors = {
            "target": target / _length(target),
            "moon": erfa.moon98(times.tt.jd1, times.tt.jd2)["p"],
            "sun": velocity * _length(sun_to_earth) - sun_to_earth,
        }
        moon, sun = vectors["moon"], vectors["sun"]
        table = {
            # light from the target reaches the Earth earlier than the Sun by (s . t) / c
            "mhjd": mjd + LIGHT_DAYS_PER_AU * (sun_to_earth @ direction),
            # (1 + cos of the angle Sun - Moon - Earth) / 2
            "moon_percent": 50.0 * (1.0 + np.cos(np.radians(_angle_deg(sun - moon, -moon)))),
        }
        if lon_deg is not None:
            vectors = _horizontal(times, vectors, lon_deg, lat_deg, height_m)
            table["alt_deg"], table["az_deg"] = _alt_az_deg(vectors["target"])
            table["airmass"] = airmass(table["alt_deg"])
            table["moon_alt_deg"] = _alt_az_deg(vectors["moon"])[0]
            table["sun_alt_deg"] = _alt_az_deg(vectors["sun"])[0]
    table["moon_dist_deg"] = _angle_deg(vectors["target"], vectors["moon"])
    table["sun_dist_deg"] = _angle_deg(vectors["target"], vectors["sun"])
    return table


def ut1_ahead_s(mjd):
    """UT1 - UTC in seconds at dates, from the table of the IERS that comes with astropy.

    Parameters
    ----------
    mjd : ndarray of float
        UTC.

    Returns
    -------
    ndarray of float
        NaN before the first day of the table, and after the last.

    Notes
    -----
    Linear between the days, as in astropy, but without the leap second that one of them may have;
    the lines of these days alone are read, where astropy reads two tables in half a second. The
    values of bulletin B, final ones, are taken where there are any (finals2000A, columns 155-165,
    and 59-68 of bulletin A).
    """
    lines = Path(iers.IERS_A_FILE).read_text(encoding="ascii").splitlines()
    first, days = float(lines[0][7:15]), {}

    def of_day(day):
        if day not in days:
            number = int(day - first)
            line = lines[number] if 0 <= number < len(lines) else ""
            text = line[154:165].strip() or line[58:68].strip()
            days[day] = float(text) if text else np.nan
        return days[day]

    day = np.floor(mjd)
    before, after = (np.array([of_day(one) for one in np.ravel(some)]).reshape(np.shape(mjd))
                     for some in (day, day + 1))
    step = after - before
    return before + (step - np.rint(step)) * (mjd - day)


def rows(table):
    """Turn the dict of arrays of `ephemeris` into a list of dicts of floats, without NaN."""
    columns = {name: np.atleast_1d(values).tolist() for name, values in table.items()}
    n = len(next(iter(columns.values())))
    return [
        {name: values[i] for name, values in columns.items() if math.isfinite(values[i])}
        for i in range(n)
    ]


def airmass(alt_deg):
    """Airmass at heights above the horizon in degrees; NaN below it (see `ephemeris`)."""
    sine = np.sin(np.radians(alt_deg))
    with np.errstate(over="ignore"):
        value = 1.0 / (sine + 0.025 * np.exp(-11.0 * sine))
    return np.where(sine > 0.0, value, np.nan)[()]


def is_fishy(row, mjd):
    """Return what is impossible about time and place of one exposure, a row of `rows`; or None.

    These are COSMOULINE's checks: airmass below 1 or above 5, the Sun above the horizon, a
    heliocentric correction longer than light takes from the Sun. They find dates in local time,
    swapped coordinates and the wrong target. What the row lacks is not checked.
    """
    alt_deg, sun_alt_deg = row.get("alt_deg"), row.get("sun_alt_deg")
    reasons = []
    if alt_deg is not None and alt_deg <= 0.0:
        reasons.append(f"the target is {-alt_deg:.0f} deg below the horizon")
    elif "airmass" in row and not MIN_AIRMASS <= row["airmass"] <= MAX_AIRMASS:
        reasons.append(f"airmass {row['airmass']:.2f} is not between 1 and {MAX_AIRMASS:g}")
    if sun_alt_deg is not None and sun_alt_deg > MAX_SUN_ALT_DEG:
        reasons.append(f"the Sun is {sun_alt_deg:.0f} deg above the horizon")
    if "mhjd" in row and abs(row["mhjd"] - mjd) > MAX_LIGHT_TIME_D:
        reasons.append(f"heliocentric correction of {row['mhjd'] - mjd:.4f} days")
    return "; ".join(reasons) or None


def _unit_vector(lon_deg, lat_deg):
    """Cartesian direction of spherical coordinates."""
    lon, lat = np.radians(lon_deg), np.radians(lat_deg)
    return np.array([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def _horizontal(times, vectors, lon_deg, lat_deg, height_m):
    """Vectors (n, 3) from the telescope along north, east and up."""
    # From celestial to terrestrial axes, then from the Earth's centre to the telescope
    to_earth = erfa.c2t00b(times.tt.jd1, times.tt.jd2, times.ut1.jd1, times.ut1.jd2, 0.0, 0.0)
    lon, lat = np.radians(lon_deg), np.radians(lat_deg)
    telescope_au = erfa.gd2gc(1, lon, lat, height_m) / erfa.DAU
    # The axes of its horizon
    up = _unit_vector(lon_deg, lat_deg)
    east = np.array([-np.sin(lon), np.cos(lon), 0.0])
    axes = np.array([np.cross(up, east), east, up])
    distant = {"target": 0.0, "moon": 1.0, "sun": 1.0}  # stars have no parallax
    return {
        name: (np.einsum("...ij,...j->...i", to_earth, v) - distant[name] * telescope_au) @ axes.T
        for name, v in vectors.items()
    }


def _alt_az_deg(vector):
    """Height and azimuth of vectors along north, east and up."""
    north, east, up = np.moveaxis(vector, -1, 0)
    az_deg = np.degrees(np.arctan2(east, north)) % 360.0
    return np.degrees(np.arctan2(up, np.hypot(north, east))), az_deg


def _angle_deg(one, other):
    """Angle between vectors, exact for small angles too."""
    crossed = _length(np.cross(one, other))[..., 0]
    return np.degrees(np.arctan2(crossed, np.sum(one * other, axis=-1)))


def _length(vector):
    """Length of vectors, with the axis kept."""
    return np.linalg.norm(vector, axis=-1, keepdims=True)
