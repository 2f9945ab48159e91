"""The stars of the catalogue on the images: which fall on which, which are good standards."""

from cosmouline import library
from cosmouline.astrometry import catalogues, db_coordinates, tangent
from cosmouline.astrometry.align import mutual_pairs
from cosmouline.astrometry.db_catalogue import catalogue, on_image, stars_at
from cosmouline.astrometry.db_footprints import blend_arcsec
from cosmouline.astrometry.transformations import colour_of
from cosmouline.database import paths
from cosmouline.files import io_table
from cosmouline.sources import db_stars
from cosmouline.sources.star_catalogue import positions

import numpy as np

spatial = library("scipy.spatial")

FOUND_PX = 2.0  # a source this near to where a star should be, or half the seeing, is the star
SAME_STAR_ARCSEC = 1.0  # a star of the field this near to one of the catalogue, or 3 px, is it
FIELDS = {
    "source_id": (str, "", "name in the catalogue"),
    "ra_deg": (float, "deg", "right ascension at the mean date of the images"),
    "dec_deg": (float, "deg", "declination at the mean date of the images"),
    "mag": (float, "mag", "magnitude in the most complete band of the catalogue"),
    "colour": (float, "mag", "colour of the catalogue"),
    "n_inside": (int, "1", "images on which it falls"),
    "n_found": (int, "1", "images on which a source was found there"),
    "problem": (str, "", "why it is no good standard"),
}


def found_on(image, settings, stars):
    """Return which stars fall on an image, and which of them were detected; (n,) of bool each."""
    xy = on_image(stars, image, settings)
    if xy is None:
        nothing = np.zeros(catalogues.n_of(stars), bool)
        return nothing, nothing
    inside = np.isfinite(xy).all(1)
    found = np.zeros(len(xy), bool)
    detected = positions(db_stars.sources(image, settings))
    if inside.any() and len(detected):
        distance, _ = spatial.cKDTree(detected).query(xy[inside])
        found[inside] = distance <= max(FOUND_PX, image["fwhm_px"] / 2)
    return inside, found


def table(images, settings, stars):
    """Return one line per star of the catalogue that falls on some image, brightest first."""
    with_sky = [image for image in images if db_coordinates.has_sky(image)]
    if not with_sky:
        return []
    both = [found_on(image, settings, stars) for image in with_sky]
    n_inside, n_found = (np.sum([one[k] for one in both], axis=0) for k in (0, 1))
    reasons = catalogues.problems(stars, blend_arcsec(images), settings.star_ruwe_max,
                                  settings.star_mag_range)
    sky = catalogues.positions_at(stars, np.mean([image["mjd"] for image in with_sky]),
                                  settings.use_proper_motion)
    names = stars.get("source_id", np.arange(len(reasons)).astype(str))
    lines = []
    for k in np.flatnonzero(n_inside):
        line = {"source_id": str(names[k]), "ra_deg": sky[k, 0], "dec_deg": sky[k, 1],
                "mag": catalogues.brightness(stars)[k], "colour": colour_of(stars)[0][k],
                "n_inside": int(n_inside[k]), "n_found": int(n_found[k]), "problem": reasons[k]}
        lines.append({key: value for key, value in line.items()
                      if value == value and value not in ("", np.inf)})
    return lines


def write(lines, settings):
    """Write the stars of the catalogue that fall on the images."""
    io_table.write_ecsv(paths.catalogue_stars(settings), lines, FIELDS)


def of_reference(xy_px, reference, settings):
    """Match positions on the reference image to the catalogue.

    Returns
    -------
    rows : ndarray of int, shape (n,)
        Of the catalogue; -1 where there is no star, or no catalogue.
    stars : dict of ndarray or None
    """
    stars, rows = catalogue(settings), np.full(len(xy_px), -1)
    wcs = None if stars is None else db_coordinates.wcs_of(reference, settings)
    if wcs is None or not len(xy_px):
        return rows, None
    sky = tangent.sky_of(wcs, xy_px)
    centre = tuple(sky[0])
    plane = tangent.project(*sky.T, *centre)
    there = np.nan_to_num(tangent.project(*stars_at(stars, reference, settings).T, *centre),
                          nan=1e9)
    limit = max(SAME_STAR_ARCSEC, db_stars.SAME_STAR_PX * reference["pixel_scale_arcsec"])
    near, row = mutual_pairs(plane, there, limit)
    rows[near] = row
    return rows, stars


def problems_at(xy_px, images, reference, settings):
    """Why the catalogue says that stars at positions on the reference image are no standards.

    Returns a text for each, empty for a good star and for one that the catalogue does not have.
    """
    rows, stars = of_reference(xy_px, reference, settings)
    if stars is None:
        return [""] * len(xy_px)
    reasons = catalogues.problems(stars, blend_arcsec(images), settings.star_ruwe_max,
                                  settings.star_mag_range)
    return [reasons[row] if row >= 0 else "" for row in rows]
