"""Whether the stars confirm the errors of the flat field that the skies show, set by set."""

import logging

from cosmouline.database.columns import family, texts
from cosmouline.images import db_flat_error
from cosmouline.photometry import coefficients
from cosmouline.photometry.detector_errors import slope_with_peak
from cosmouline.sources import db_stars

import numpy as np

log = logging.getLogger("cosmouline")

NEARER = 0.5  # slope of the fluxes with the map, between that of a flat field and of added light
SURE_SIGMAS = 2.0  # from the other one of the two: else all of the error stays in the fluxes
LEFT = 0.3  # of the error after the correction: .09 to .16 of .5 % in mock frames
SHAPE_FLOOR = 0.003  # relative error of an aperture flux besides its noise


def fields(images, names, reference, settings):
    """Return what is done with the map of each set, and why, as fields by image.

    Parameters
    ----------
    images : list of dict
        Rows of one band.
    names : list of str
        Of the normalisation stars.
    reference : dict
        Row of the reference image of the band.
    settings : namespace
    """
    found = {image["img_name"]: {"flat_map": db_flat_error.NONE} for image in images}
    if not settings.correct_flat or not any(image.get("flat_error") for image in images):
        return found
    flux_e, sigma_e = (family(images, f"aper_{what}_e__{{star}}", names)
                       for what in ("flux", "sigma"))
    error = _at_stars(images, settings)  # the skies under them have lost it already
    solved = coefficients.solve(flux_e, sigma_e, images.index(reference), settings.coeff_method,
                                texts(images, "set_name"))
    good = solved.used & ~solved.is_variable & np.isfinite(solved.residual)
    sets, sigma = np.array(texts(images, "set_name")), np.hypot(sigma_e / flux_e, SHAPE_FLOOR)
    for name in dict.fromkeys(sets.tolist()):
        rows = np.flatnonzero(sets == name)
        flat = images[rows[0]].get("flat_error")
        if not flat:
            continue
        slope, error_of_slope = slope_with_peak(
            np.where(good, solved.residual, np.nan)[rows], sigma[rows], error[rows])
        one = _decided(name, flat, slope, error_of_slope)
        found |= {images[k]["img_name"]: one for k in rows}
    return found


def _at_stars(images, settings):
    """Return the map of each set at the stars of its images, (n_images, n_stars); NaN: no map."""
    xy = db_stars.star_positions(db_stars.norm_stars(settings))
    return np.array([
        db_flat_error.on_places(image, settings, *db_stars.on_image(xy, image, settings).T)
        if image.get("flat_error") else np.full(len(xy), np.nan) for image in images])


def _decided(name, flat, slope, sigma):
    """Return the fields of a set whose fluxes follow the map of its flat with a slope."""
    if not sigma < np.inf:
        log.warning("%s: the images are not moved enough, or have too few stars, to tell whether "
                    "the structure of their skies (%.2f %%) is in their light too: it is taken "
                    "out of the skies alone, the systematic errors hold the rest", name,
                    100 * flat)
        return {"flat_map": db_flat_error.SUBTRACTED, "flat_left": flat}
    is_flat = slope > NEARER
    is_sure = abs(slope - (not is_flat)) > SURE_SIGMAS * sigma
    log.warning("%s: the fluxes of the stars follow the structure of the skies (%.2f %%) with a "
                "slope of %.2f +- %.2f (a flat field: 1, added light: 0): %s%s", name, 100 * flat,
                slope, sigma, "skies and light of the stamps are divided by it" if is_flat else
                "it is taken out of the skies alone", "" if is_sure else
                ". That is not certain: the systematic errors hold all of it")
    return {"flat_map": db_flat_error.DIVIDED if is_flat else db_flat_error.SUBTRACTED,
            "flat_left": LEFT * flat if is_sure else flat,
            "flat_slope": slope, "flat_slope_sigma": sigma}
