"""Images with too few stars for an alignment, placed on the reference image by their WCS."""

import logging

from cosmouline import library
from cosmouline.astrometry import db_transform
from cosmouline.astrometry.align import Alignment, apply, fit_affine, matched_pairs
from cosmouline.astrometry.db_coordinates import has_sky
from cosmouline.astrometry.db_lens_position import reference_wcs

import numpy as np

astropy_wcs = library("astropy.wcs")

log = logging.getLogger("cosmouline")

FEW_SOURCES = 40  # with so many on both images their stars must do
GRID = 5  # points along each axis at which two WCSs are compared
N_COMPARED_WCS = 50  # aligned images whose WCS is compared with their stars
TOLERANCE_FWHM = 0.5  # of the seeing, where the aligned images tell no larger one
LARGEST_FWHM = 2.0  # a WCS that is off by more places nothing
LEAST_MATCHED = 2
LEAST_PART = 1 / 3  # of the sources that the shorter list has on the other image


def wcs_matrix(reference, image, settings):
    """Return the transform (2, 3) from the reference image to an image by both WCSs, or None."""
    wcs, own = (reference_wcs(row, settings) for row in (reference, image))
    if wcs is None or own is None:
        return None
    edges = [np.linspace(0, image[side] - 1, GRID) for side in ("nx_px", "ny_px")]
    xy = np.stack(np.meshgrid(*edges), -1).reshape(-1, 2)
    try:  # from the image, which may be a small part of the reference
        on_reference = np.column_stack(wcs.all_world2pix(*own.all_pix2world(*xy.T, 0), 0))
    except (astropy_wcs.NoConvergence, ValueError):
        return None
    return fit_affine(on_reference, xy) if np.isfinite(on_reference).all() else None


def wcs_error_px(images, reference, settings):
    """Return by how many pixels the WCS of aligned images is off, against their stars.

    At the middle of the reference image, shape (n,); empty without WCSs.
    """
    some = images[:: max(1, -(-len(images) // N_COMPARED_WCS))]
    at = np.array([reference["nx_px"] - 1, reference["ny_px"] - 1]) / 2
    pairs = [(db_transform.matrix(image), wcs_matrix(reference, image, settings)) for image in some
             if image["img_name"] != reference["img_name"]]
    return np.array([np.hypot(*(apply(stars, at) - apply(wcs, at))) for stars, wcs in pairs
                     if wcs is not None])


def place(images, sources_xy, reference, lens_xy, settings):
    """Place images of few sources by their WCS.

    Parameters
    ----------
    images : list of dict
        All images, those that their stars could not align among them.
    sources_xy : callable
        ``sources_xy(image)`` gives the positions of its sources, shape (n, 2), brightest first.
    reference : dict
    lens_xy : ndarray of float, shape (2,)
        Position of the lens on the reference image.
    settings : namespace

    Returns
    -------
    dict of str to dict
        Fields by name of the images that their WCS places, or could not place.

    Notes
    -----
    The WCSs of the images that are aligned are compared with their stars: three times the median
    difference is the tolerance, and half the seeing at least. Two sources, and a third of those
    that the image could share with the reference, must lie that near to where its WCS has them;
    their median shift is taken out.
    """
    stars_px, results = sources_xy(reference), {}
    few = [image for image in images if has_sky(image) and image.get("is_aligned") is False
           and min(image["n_sources"], len(stars_px)) < FEW_SOURCES]
    if not few or not has_sky(reference):
        return results
    off_px = wcs_error_px([image for image in images if has_sky(image)
                           and image.get("is_aligned") and not image.get("align_note")],
                          reference, settings)
    typical_px = float(np.median(off_px)) if len(off_px) else 0.0
    witness = (f"the WCS of {len(off_px)} images that their stars align is off by "
               f"{typical_px:.2f} px" if len(off_px) else "their stars align no other image")
    for image in few:
        matrix, own_px = wcs_matrix(reference, image, settings), sources_xy(image)
        tolerance_px = max(TOLERANCE_FWHM * image["fwhm_px"], 3 * typical_px)
        if matrix is None:
            continue
        # the sources of both that lie where the WCS has them
        here_px = apply(matrix, stars_px)
        last_px = np.array([image["nx_px"] - 1, image["ny_px"] - 1])
        inside = ((here_px >= 0) & (here_px <= last_px)).all(1)
        i, j = matched_pairs(matrix, stars_px[inside], own_px, tolerance_px)
        least = max(LEAST_MATCHED, LEAST_PART * min(len(own_px), inside.sum()))
        # they fix the shift
        away_px = own_px[j] - apply(matrix, stars_px[inside][i])
        shift_px = np.median(away_px, axis=0) if len(i) else np.zeros(2)
        rms_px = float(np.sqrt(((away_px - shift_px) ** 2).sum() / max(len(i), 1)))
        before = image["align_note"].rpartition("; ")[2]
        if tolerance_px > LARGEST_FWHM * image["fwhm_px"]:
            note = f"its WCS is not used: {witness}; {before}"
        elif len(i) < least:
            note = (f"its WCS and its stars disagree: {len(i)} of {len(own_px)} sources lie "
                    f"within {tolerance_px:.1f} px of the {inside.sum()} that the reference image "
                    f"has there, {np.ceil(least):.0f} are needed ({witness}); {before}")
        elif rms_px > settings.align_rms_max_px:
            note = (f"its WCS is not used: {len(i)} of its sources scatter by {rms_px:.2f} px "
                    f"about it, more than {settings.align_rms_max_px:g} px; {before}")
        else:
            matrix = matrix + np.column_stack([np.zeros((2, 2)), shift_px])
            found = Alignment(matrix, len(i), rms_px)
            results[image["img_name"]] = db_transform.alignment_fields(found, lens_xy) | {
                "align_note": f"placed by its WCS, moved by {np.hypot(*shift_px):.2f} px to "
                              f"{len(i)} of its {len(own_px)} sources ({witness})"}
            log.warning("%s has too few stars to be aligned: %s", image["img_name"],
                        results[image["img_name"]]["align_note"])
            continue
        if note != image["align_note"]:
            results[image["img_name"]] = {"is_aligned": False, "align_note": note}
    return results
