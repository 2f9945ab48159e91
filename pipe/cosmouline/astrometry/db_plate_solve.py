"""The coordinates of an image: solved from the catalogue, or those of its header, checked."""

from cosmouline import library
from cosmouline.astrometry import plate_solve, tangent
from cosmouline.astrometry.db_catalogue import centre_of, stars_at
from cosmouline.astrometry.db_coordinates import (
    HEADER,
    NONE,
    SOLVED,
    cards_of_frame,
    write,
)
from cosmouline.database import paths
from cosmouline.errors import ImageRejected

import numpy as np

astropy_wcs = library("astropy.wcs")

HEADER_OFF_PX = 1.0  # a header's WCS that is off by more is not used as it is
STAR_ERROR_PX = 0.05  # floor of the errors of centroids: seeing moves them


def solved(image, sources, stars, settings, digest=""):
    """Return the fields of the coordinates of an image, and write its solution.

    Parameters
    ----------
    image : dict
    sources : ndarray of CATALOG_DTYPE
        Of `detect.detect_sources`, brightest first.
    stars : dict of ndarray or None
        The catalogue.
    settings : namespace
    digest : str
        Hash of the catalogue.
    """
    before = _header(image, settings)
    if settings.wcs == "none":
        return {"wcs_origin": NONE}
    if stars is None:
        return (_described(before, image) | {"wcs_origin": HEADER} if before is not None
                else {"wcs_origin": NONE, "wcs_note": "no coordinates in its header"})
    sky_deg, shape = stars_at(stars, image, settings), (image["ny_px"], image["nx_px"])
    xy_px = np.column_stack([sources["x_px"], sources["y_px"]])
    found = {"wcs_catalogue": digest}
    off_px = np.nan
    if before is not None:
        off_px, n_stars, _ = plate_solve.residual_of(sky_deg, xy_px, shape, before)
        if np.isfinite(off_px):
            found["wcs_header_off_px"] = off_px
    if settings.wcs == "header":
        if before is None:
            return found | {"wcs_origin": NONE, "wcs_note": "no coordinates in its header"}
        if off_px > HEADER_OFF_PX:
            return found | {"wcs_origin": NONE, "wcs_note": (
                f"the WCS of its header is off by {off_px:.1f} px, by {n_stars} stars: not used "
                '(wcs = "solve" finds a right one)')}
        note = {} if np.isfinite(off_px) else {
            "wcs_note": "its header's WCS could not be checked: too few stars agree"}
        return found | _described(before, image) | {"wcs_origin": HEADER} | note | (
            {"n_wcs_stars": n_stars} if n_stars else {})
    # solved
    sigma_px = np.hypot(STAR_ERROR_PX, plate_solve.centroid_sigma(
        sources["flux_e"], sources["n_pix"], image["fwhm_px"], image["sky_sigma_e"]))
    try:
        result = plate_solve.solve(
            sky_deg, xy_px, shape, image["pixel_scale_arcsec"], _looks_at(before, stars, image,
                                                                         settings),
            60 * settings.pointing_error_arcmin, sigma_px, ~sources["is_saturated"],
            sip_degree=settings.wcs_sip_degree, start=before)
    except ImageRejected as reason:
        if before is None or off_px > HEADER_OFF_PX:
            return found | {"wcs_origin": NONE, "wcs_note": str(reason)}
        return found | _described(before, image) | {"wcs_origin": HEADER, "wcs_note": (
            f"not solved: {reason}; the WCS of its header is kept, unchecked")}
    write(paths.wcs(settings, image["img_name"]), result.header)
    return found | _described(astropy_wcs.WCS(result.header), image) | {
        "wcs_origin": SOLVED, "n_wcs_stars": result.n_stars, "wcs_rms_px": result.rms_px,
        "wcs_sip_degree": result.sip_degree}


def _header(image, settings):
    """Return the WCS that the frame brought, None without one."""
    if not image.get("has_wcs"):
        return None
    cards = cards_of_frame(image, settings)
    return None if cards is None else astropy_wcs.WCS(cards)


def _looks_at(before, stars, image, settings):
    """Return RA and Dec where the image looks: the lens, its header, or the catalogue's middle."""
    if None not in (settings.lens_ra_deg, settings.lens_dec_deg):
        return settings.lens_ra_deg, settings.lens_dec_deg
    if before is not None:
        return tuple(tangent.sky_of(before, _middle(image)[None])[0].tolist())
    return centre_of(stars)


def _middle(image):
    return np.array([image["nx_px"] - 1, image["ny_px"] - 1]) / 2


def _described(wcs, image):
    """Return scale, direction of north, parity and the sky in the middle of a WCS as fields."""
    scale, north, parity = tangent.scale_and_north(wcs, _middle(image))
    ra, dec = tangent.sky_of(wcs, _middle(image)[None])[0].tolist()
    return {"wcs_scale_arcsec": scale, "wcs_north_deg": north, "wcs_parity": parity,
            "wcs_ra_deg": ra, "wcs_dec_deg": dec}
