"""The tangent plane of the sky at a point, proper motions, and world coordinate systems."""

from typing import NamedTuple

from cosmouline import library

import numpy as np

fits = library("astropy.io.fits")
special = library("scipy.special")

ARCSEC_PER_RADIAN = 180 / np.pi * 3600
MAS_PER_DEG = 3.6e6
MJD_OF_2000, DAYS_OF_YEAR = 51544.5, 365.25
MOST_DEG = 80.0  # farther from the tangent point nothing is projected
SIP_STARS = 40  # with fewer a distortion is not looked for
SIP_BY_CHANCE = 0.01  # of the F test: so often noise alone asks for distortion terms
INVERSE_GRID = 12  # points per axis at which the inverse distortion is fitted


def project(ra_deg, dec_deg, ra0_deg, dec0_deg):
    """Gnomonic projection about a point.

    Parameters
    ----------
    ra_deg, dec_deg : array_like of float, shape (n,)
    ra0_deg, dec0_deg : float
        Tangent point.

    Returns
    -------
    ndarray of float, shape (n, 2)
        East and north in arcsec; NaN for what lies more than 80 degrees away.

    Notes
    -----
    Calabretta & Greisen 2002, A&A 395, 1077, eqs. 12, 13 and 54.
    """
    ra, dec = np.radians(np.atleast_1d(ra_deg)), np.radians(np.atleast_1d(dec_deg))
    step, dec0 = ra - np.radians(ra0_deg), np.radians(dec0_deg)
    along = np.sin(dec0) * np.sin(dec) + np.cos(dec0) * np.cos(dec) * np.cos(step)
    east = np.cos(dec) * np.sin(step)
    north = np.cos(dec0) * np.sin(dec) - np.sin(dec0) * np.cos(dec) * np.cos(step)
    near = along > np.cos(np.radians(MOST_DEG))
    plane = np.column_stack([east, north]) / np.where(near, along, np.nan)[:, None]
    return plane * ARCSEC_PER_RADIAN


def unproject(plane_arcsec, ra0_deg, dec0_deg):
    """RA and Dec in degrees, shape (n, 2), of east and north in arcsec: undoes `project`."""
    east, north = np.atleast_2d(plane_arcsec).T / ARCSEC_PER_RADIAN
    dec0 = np.radians(dec0_deg)
    towards = np.cos(dec0) - north * np.sin(dec0)
    ra = np.radians(ra0_deg) + np.arctan2(east, towards)
    dec = np.arctan2(np.sin(dec0) + north * np.cos(dec0), np.hypot(east, towards))
    return np.column_stack([np.degrees(ra) % 360, np.degrees(dec)])


def distance_arcsec(ra_deg, dec_deg, ra0_deg, dec0_deg):
    """Angle of positions (n,) from a point, also from opposite sides of RA 0 and at the poles."""
    ra, dec = np.radians(np.atleast_1d(ra_deg)), np.radians(np.atleast_1d(dec_deg))
    step, dec0 = ra - np.radians(ra0_deg), np.radians(dec0_deg)
    # haversines keep their digits at small angles
    square = (np.sin((dec - dec0) / 2) ** 2
              + np.cos(dec) * np.cos(dec0) * np.sin(step / 2) ** 2)
    return 2 * np.arcsin(np.sqrt(np.clip(square, 0, 1))) * ARCSEC_PER_RADIAN


def year_of(mjd):
    """Julian year of a date, such as 2016.0."""
    return 2000 + (np.asarray(mjd, float) - MJD_OF_2000) / DAYS_OF_YEAR


def at_epoch(ra_deg, dec_deg, pmra_mas_yr, pmdec_mas_yr, years):
    """Move stars along their proper motions.

    Parameters
    ----------
    ra_deg, dec_deg : ndarray of float, shape (n,)
    pmra_mas_yr, pmdec_mas_yr : ndarray of float, shape (n,)
        Motions on the sky (that of RA times cos Dec); a star whose motion is NaN stays.
    years : float or ndarray of float, shape (n,)
        From the epoch of the positions on; where it is NaN the star stays.

    Returns
    -------
    ra_deg, dec_deg : ndarray of float, shape (n,)

    Notes
    -----
    Straight lines in space at a constant distance, exact at the poles too; parallaxes are left
    out (below 5 mas for all but the nearest stars).
    """
    ra, dec = np.radians(ra_deg), np.radians(dec_deg)
    step = np.nan_to_num(np.stack([pmra_mas_yr, pmdec_mas_yr]) * years) / MAS_PER_DEG
    east, north = np.radians(step)
    # direction of the star, plus the steps along the local east and north
    vector = np.stack([np.cos(dec) * np.cos(ra) - np.sin(ra) * east
                       - np.sin(dec) * np.cos(ra) * north,
                       np.cos(dec) * np.sin(ra) + np.cos(ra) * east
                       - np.sin(dec) * np.sin(ra) * north,
                       np.sin(dec) + np.cos(dec) * north])
    return (np.degrees(np.arctan2(vector[1], vector[0])) % 360,
            np.degrees(np.arctan2(vector[2], np.hypot(vector[0], vector[1]))))


class Fitted(NamedTuple):
    """A tangent-plane WCS fitted to stars: east and north as polynomials of the pixels."""

    sky0_deg: np.ndarray  # (2,), RA and Dec of the tangent point
    middle_px: np.ndarray  # (2,), from which pixels count in the terms
    degree: int  # 1: linear; 2 or 3: with distortion
    terms: np.ndarray  # (2, n_terms), arcsec
    residual_px: np.ndarray  # (n, 2), measured minus predicted positions

    @property
    def sip_degree(self):
        """Degree of the distortion, 0 for none."""
        return self.degree if self.degree > 1 else 0


def fit_wcs(sky_deg, xy_px, sigma_px, shape, sip_degree=None, sky0_deg=None):
    """Fit a tangent-plane WCS, with SIP distortion where the stars show it.

    Parameters
    ----------
    sky_deg : ndarray of float, shape (n, 2)
        RA and Dec.
    xy_px : ndarray of float, shape (n, 2)
        Positions on the image, from 0.
    sigma_px : ndarray of float, shape (n,)
        Their errors; only their ratios count.
    shape : (int, int)
        (ny, nx) of the image: the tangent point is at its middle.
    sip_degree : int, optional
        Of the distortion, 0 for none. None: 2 or 3 with 40 stars or more, where an F test at 1 %
        prefers it.
    sky0_deg : ndarray of float, shape (2,), optional
        The tangent point, where it is known.

    Returns
    -------
    Fitted
        `header_of` gives its cards.

    Notes
    -----
    About the tangent point east and north are linear in the pixels, so the fit is linear too.
    With fewer than 6 stars it is a similarity (shift, turn, one scale, mirror). SIP: Shupe et al.
    2005, ASP 347, 491.
    """
    # the tangent point: the sky at the middle of the image, by a first linear fit
    middle = (np.array(shape[::-1]) - 1) / 2
    offset_px, sky0 = xy_px - middle, np.array(sky_deg[0], float)
    for _ in range(2 if sky0_deg is None else 0):
        linear = _plane_of_pixels(offset_px, project(*sky_deg.T, *sky0), sigma_px, 1)
        sky0 = unproject(linear[:, 0], *sky0)[0]
    sky0 = sky0 if sky0_deg is None else sky0_deg
    plane = project(*sky_deg.T, *sky0)
    # degrees of the distortion in turn, each tested against the best before it
    most = sip_degree if sip_degree is not None else (3 if len(xy_px) >= SIP_STARS else 1)
    best = None
    for degree in range(1, most + 1) if sip_degree is None else (max(sip_degree, 1),):
        terms = _plane_of_pixels(offset_px, plane, sigma_px, degree)
        away = plane - _design(offset_px, degree) @ terms.T
        chi2 = float(((away / sigma_px[:, None]) ** 2).sum())
        if best is not None:
            more, n_free = terms.size - best[1].size, 2 * len(xy_px) - terms.size
            gain = (best[3] - chi2) / more / max(chi2 / n_free, 1e-30)
            if special.fdtrc(more, n_free, gain) > SIP_BY_CHANCE:
                continue
        best = degree, terms, away, chi2
    degree, terms, away, _ = best
    residual = -np.linalg.solve(terms[:, 1:3], away.T).T
    return Fitted(sky0, middle, degree, terms, residual)


def pixels_by_fit(fitted, sky_deg):
    """Pixels (n, 2) from 0 of RA and Dec by a `Fitted`, without the WCS library."""
    plane = project(*np.transpose(sky_deg), *fitted.sky0_deg)
    slope = np.linalg.inv(fitted.terms[:, 1:3])
    offset = (plane - fitted.terms[:, 0]) @ slope.T
    for _ in range(8 if fitted.degree > 1 else 0):  # the distortion is small
        offset = offset + (plane - _design(offset, fitted.degree) @ fitted.terms.T) @ slope.T
    return offset + fitted.middle_px


AFFINE_STARS = 6  # stars that fix shear and two scales


def _design(offset_px, degree):
    """Polynomial terms 1, u, v, u^2, uv, v^2 ... of pixel offsets, shape (n, n_terms)."""
    u, v = offset_px.T
    return np.column_stack([u ** (total - k) * v**k for total in range(degree + 1)
                            for k in range(total + 1)])


def _plane_of_pixels(offset_px, plane, sigma_px, degree):
    """Coefficients, shape (2, n_terms), of east and north as polynomials of pixel offsets."""
    weight = 1 / sigma_px
    if degree == 1 and len(offset_px) < AFFINE_STARS:
        # a similarity in both parities; the better one
        found = []
        for parity in (1, -1):
            start, end = offset_px @ (parity, 1j), plane @ (1, 1j)
            both = np.column_stack([np.ones(len(start)), start]) * weight[:, None]
            solved, *_ = np.linalg.lstsq(both, end * weight, rcond=None)
            rest = np.abs(solved[0] + solved[1] * start - end) * weight
            shift, turn = solved
            found.append((float((rest**2).sum()), np.array([
                [shift.real, turn.real * parity, -turn.imag],
                [shift.imag, turn.imag * parity, turn.real]])))
        return min(found, key=lambda one: one[0])[1]
    # columns of one size: powers of pixels differ by orders
    design = _design(offset_px, degree)
    size = np.abs(design).max(0) + 1e-30
    solved, *_ = np.linalg.lstsq(design / size * weight[:, None], plane * weight[:, None],
                                 rcond=None)
    return (solved / size[:, None]).T


def header_of(fitted, shape):
    """Return the FITS cards, TAN or TAN-SIP, of a `Fitted` on an image of (ny, nx) pixels."""
    sky0_deg, middle, degree, terms, _ = fitted
    # where the plane is (0, 0) the pixel is CRPIX: Newton's steps from the middle
    zero = np.zeros(2)
    for _ in range(10):
        value = _design(zero[None], degree) @ terms.T
        ends = _design(zero + np.eye(2) / 2, degree) - _design(zero - np.eye(2) / 2, degree)
        slope = (ends @ terms.T).T
        zero = zero - np.linalg.solve(slope, value[0])
    cd = slope / 3600
    cards = fits.Header()
    cards["WCSAXES"] = 2
    for axis, kind in ((1, "RA---TAN"), (2, "DEC--TAN")):
        cards[f"CTYPE{axis}"] = kind + ("-SIP" if degree > 1 else "")
        cards[f"CUNIT{axis}"] = "deg"
        cards[f"CRVAL{axis}"] = float(sky0_deg[axis - 1])
        cards[f"CRPIX{axis}"] = float(middle[axis - 1] + zero[axis - 1] + 1)
        for other in (1, 2):
            cards[f"CD{axis}_{other}"] = float(cd[axis - 1, other - 1])
    cards["RADESYS"] = "ICRS"
    if degree > 1:
        # the terms about CRPIX, from a grid that fixes them exactly; then in pixels
        ends = [np.linspace(-0.5, n - 0.5, INVERSE_GRID) for n in shape[::-1]]
        grid = np.stack(np.meshgrid(*ends), -1).reshape(-1, 2) - middle
        plane = _design(grid, degree) @ terms.T
        flat = plane @ np.linalg.inv(slope).T  # undistorted pixels
        ones = np.ones(len(grid))
        for names, at, distortion in ((("A", "B"), grid - zero, flat - (grid - zero)),
                                      (("AP", "BP"), flat, (grid - zero) - flat)):
            order = degree if names[0] == "A" else degree + 1
            found = _plane_of_pixels(at, distortion, ones, order)
            powers = [(total - k, k) for total in range(order + 1) for k in range(total + 1)]
            for name, values in zip(names, found, strict=True):
                cards[f"{name}_ORDER"] = order
                for (p, q), value in zip(powers, values, strict=True):
                    if names[0] == "AP" or p + q > 1:
                        cards[f"{name}_{p}_{q}"] = float(value)
    return cards


def pixels_of(wcs, sky_deg):
    """Pixels (n, 2) from 0 of RA and Dec; NaN where the WCS has none, as far off the image."""
    xy = np.full(np.shape(sky_deg), np.nan)
    near = np.flatnonzero(distance_arcsec(*np.transpose(sky_deg), *wcs.wcs.crval)
                          < 3600 * MOST_DEG)
    if near.size:
        xy[near] = np.column_stack(wcs.all_world2pix(*np.transpose(sky_deg)[:, near], 0,
                                                     quiet=True))
    return xy


def sky_of(wcs, xy_px):
    """RA and Dec in degrees, (n, 2), of pixels (n, 2) from 0."""
    ra, dec = wcs.all_pix2world(*np.transpose(xy_px), 0)
    return np.column_stack([np.asarray(ra) % 360, dec])


def scale_and_north(wcs, xy_px):
    """Pixel scale (arcsec), direction of north (degrees from +y towards -x), parity at a pixel.

    The parity is -1 where east is right when north is up.
    """
    at = np.asarray(xy_px, float)
    corners = sky_of(wcs, at + np.array([[0, 0], [1, 0], [0, 1]]))
    plane = project(*corners.T, *corners[0])
    linear = np.column_stack([plane[1] - plane[0], plane[2] - plane[0]])
    inverse = np.linalg.inv(linear)
    north = float(np.degrees(np.arctan2(-inverse[0, 1], inverse[1, 1])))
    determinant = float(np.linalg.det(linear))
    return float(np.sqrt(abs(determinant))), north, (1 if determinant < 0 else -1)
