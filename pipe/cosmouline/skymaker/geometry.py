"""From the sky to the pixels of a frame: gnomonic projection, then a turn, a scale and a shift."""

import numpy as np

ARCSEC_PER_RADIAN = 180 / np.pi * 3600
EPOCH_YEAR = 2016.0  # of the star positions, as in Gaia DR3
MJD_J2000 = 51544.5
DAYS_PER_YEAR = 365.25


def to_plane(ra_deg, dec_deg, ra0_deg, dec0_deg):
    """Gnomonic projection around (ra0, dec0).

    Parameters
    ----------
    ra_deg, dec_deg : float or ndarray, shape (n,)
        Positions in degrees.
    ra0_deg, dec0_deg : float
        Tangent point in degrees.

    Returns
    -------
    ndarray, shape (n, 2)
        Standard coordinates (east, north) in arcsec.

    Notes
    -----
    Calabretta & Greisen 2002, A&A 395, 1077, eqs. 54 and 12-13, written for the tangent point.
    """
    ra, dec = np.radians(np.atleast_1d(ra_deg)), np.radians(np.atleast_1d(dec_deg))
    d_ra, dec0 = ra - np.radians(ra0_deg), np.radians(dec0_deg)
    # angular distance from the tangent point, which divides both coordinates
    cos_distance = np.sin(dec0) * np.sin(dec) + np.cos(dec0) * np.cos(dec) * np.cos(d_ra)
    east = np.cos(dec) * np.sin(d_ra) / cos_distance
    north = np.cos(dec0) * np.sin(dec) - np.sin(dec0) * np.cos(dec) * np.cos(d_ra)
    return np.column_stack([east, north / cos_distance]) * ARCSEC_PER_RADIAN


def from_plane(plane_arcsec, ra0_deg, dec0_deg):
    """RA and Dec in degrees, each (n,), of standard coordinates: the inverse of `to_plane`."""
    east, north = np.atleast_2d(plane_arcsec).T / ARCSEC_PER_RADIAN
    dec0 = np.radians(dec0_deg)
    # the direction (1, east, north) from the sphere's centre, in the plane of the meridian of ra0
    along = np.cos(dec0) - north * np.sin(dec0)
    ra = np.radians(ra0_deg) + np.arctan2(east, along)
    dec = np.arctan2(np.sin(dec0) + north * np.cos(dec0), np.hypot(east, along))
    return np.degrees(ra) % 360, np.degrees(dec)


def star_position(star, mjd):
    """Right ascension and declination (degrees) of a star at a date, by its proper motion."""
    years = 2000 + (mjd - MJD_J2000) / DAYS_PER_YEAR - EPOCH_YEAR
    # pmra is a motion on the sky: the step of right ascension grows towards the pole
    d_ra = star.pm_ra_mas_yr / np.cos(np.radians(star.dec_deg)) * years
    return star.ra_deg + d_ra / 3.6e6, star.dec_deg + star.pm_dec_mas_yr * years / 3.6e6


def lens_positions(lens):
    """Right ascensions and declinations (degrees) of the images of a lens."""
    offsets = np.array([(image.east_arcsec, image.north_arcsec) for image in lens.images])
    return from_plane(offsets.reshape(-1, 2), lens.ra_deg, lens.dec_deg)


def plane_to_pixel_matrix(telescope, frame):
    """Matrix, shape (2, 3), from standard coordinates to the pixels of a frame, 0-based.

    xy_px = plane_arcsec @ matrix[:, :2].T + matrix[:, 2].
    """
    angle = np.radians(telescope.camera_angle_deg + frame.rotation_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    # north up and east left, unless mirrored; then the turn
    east_sign = 1.0 if telescope.is_mirrored else -1.0
    linear = turn @ np.diag([east_sign, 1.0]) / telescope.pixel_scale_arcsec
    centre = 0.5 * np.array([telescope.nx - 1, telescope.ny - 1]) + frame.shift_px
    return np.column_stack([linear, centre])


def frame_to_frame_matrix(campaign, from_index, to_index):
    """Matrix, shape (2, 3), from the pixels of one frame to those of another."""
    start = plane_to_pixel_matrix(campaign.telescope_of(from_index), campaign.frames[from_index])
    end = plane_to_pixel_matrix(campaign.telescope_of(to_index), campaign.frames[to_index])
    # from the first frame to the sky, and on to the second one
    linear = end[:, :2] @ np.linalg.inv(start[:, :2])
    return np.column_stack([linear, end[:, 2] - linear @ start[:, 2]])


def sky_to_pixel(campaign, index, ra_deg, dec_deg):
    """Positions on a frame, ndarray of shape (n, 2), 0-based pixels (x, y)."""
    matrix = plane_to_pixel_matrix(campaign.telescope_of(index), campaign.frames[index])
    plane = to_plane(ra_deg, dec_deg, campaign.ra_deg, campaign.dec_deg)
    return plane @ matrix[:, :2].T + matrix[:, 2]


def wcs_keywords(campaign, index):
    """Keywords of the TAN world coordinate system of a frame, a dict.

    The tangent point stays at the centre of the field and CRPIX follows the telescope, as in
    frames of a field that were solved one by one.
    """
    matrix = plane_to_pixel_matrix(campaign.telescope_of(index), campaign.frames[index])
    cd = np.linalg.inv(matrix[:, :2]) / 3600
    return {
        "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CUNIT1": "deg", "CUNIT2": "deg",
        "CRVAL1": campaign.ra_deg, "CRVAL2": campaign.dec_deg,
        "CRPIX1": float(matrix[0, 2] + 1),  # FITS counts pixels from 1
        "CRPIX2": float(matrix[1, 2] + 1),
        "CD1_1": float(cd[0, 0]), "CD1_2": float(cd[0, 1]),
        "CD2_1": float(cd[1, 0]), "CD2_2": float(cd[1, 1]), "RADESYS": "ICRS"}
