"""Check that there is light at the position of the lens, and that the images hold it."""

import logging

from cosmouline.astrometry import db_transform
from cosmouline.astrometry.db_coordinates import has_sky
from cosmouline.astrometry.db_lens_position import (
    lens_by_wcs,
    lens_centre_and_radius,
    pixels_per_arcsec,
)
from cosmouline.database.columns import column
from cosmouline.database.settings_sources import FIND
from cosmouline.errors import UserError
from cosmouline.images import db_images
from cosmouline.sources.star_catalogue import positions

import numpy as np

log = logging.getLogger("cosmouline")

N_SHARPEST = 10  # images that are added up
LEAST_SN = 5.0
MASKED_FWHM, LEAST_GOOD = 0.5, 0.5  # around the sources; of the pixels there
APERTURE_FWHM = 1.0  # around the sources of the lens
MEDIAN_VARIANCE = np.pi / 2  # of a median over that of a mean
N_WCS = 200  # images whose WCS is compared
WCS_WITHIN_FWHM, WCS_WITHIN_DEG = 2.0, 3.0
SKY_AROUND_FWHM = 6.0  # of sky that a fit needs around them


def check(images, stars, reference, settings):
    """Stop where no light lies at the position of the lens; warn of images that lack the lens.

    It stops too where more than half of the images have a WCS with north in another direction than
    that of the reference image, as the stars align them, unless the settings name the reference.

    The flux in an aperture around all sources of the lens, above the median of a ring, added up
    over the sharpest images with the weights of their noise, must be 5 times its error.

    Parameters
    ----------
    images : list of dict
        Aligned images with a sky map and a seeing.
    stars : FieldStars
        Sources of the field on the reference image, to name the nearest.
    reference : dict
    settings : namespace

    Raises
    ------
    UserError
        If there is no light; it names the position, the limit and the nearest source. Or if the
        directions of the WCS contradict each other.
    """
    centre, radius_px = lens_centre_and_radius(reference, settings)
    # Images of which the lens with its sky lies beyond the edge
    margin_px = radius_px + SKY_AROUND_FWHM * column(images, "fwhm_px")
    xy = np.column_stack([column(images, "lens_x_px"), column(images, "lens_y_px")])
    size = np.column_stack([column(images, "nx_px"), column(images, "ny_px")])
    cut = ((xy < margin_px[:, None]) | (xy > size - 1 - margin_px[:, None])).any(1)
    if cut.any():
        log.warning("the lens lies at or beyond the edge of %d of %d images, which may be missing "
                    "in the light curve: %s", cut.sum(), len(images), ", ".join(
                        image["img_name"] for image, is_cut in zip(images, cut, strict=True)
                        if is_cut))
    _compare_wcs(images, settings)
    _compare_north(images, centre, reference, settings)
    whole = [image for image, is_cut in zip(images, cut, strict=True) if not is_cut]
    if not whole:
        raise UserError(f"no image holds the lens at {_as_ds9(centre)} of the reference image "
                        f"{reference['img_name']} with {SKY_AROUND_FWHM:g} FWHM of sky around it. "
                        "Check its position.")
    sums, masked = _flux(sorted(whole, key=lambda one: one["fwhm_px"])[:N_SHARPEST], radius_px,
                         settings)
    if masked:
        log.warning("the lens lies on masked pixels of %d of the %d sharpest images, which may be "
                    "missing in the light curve: %s", len(masked), min(len(whole), N_SHARPEST),
                    ", ".join(masked))
    if not sums[1]:
        raise UserError("the lens lies on masked pixels, or has no sky around it, in all of the "
                        f"{min(len(whole), N_SHARPEST)} sharpest images. Check its position.")
    ratio = sums[0] / np.sqrt(sums[1])
    if ratio >= LEAST_SN:
        return
    stars_xy = positions(stars.stars)
    nearest = "no source is on the images"
    if len(stars_xy):
        away_px = np.hypot(*(stars_xy - centre).T)
        closest = int(np.argmin(away_px))
        away_arcsec = away_px[closest] * reference["pixel_scale_arcsec"]
        nearest = (f"the nearest source is {away_arcsec:.1f} arcsec away, at "
                   f"{_as_ds9(stars_xy[closest])}")
    raise UserError(
        f"there is nothing at the position of the lens, {_as_ds9(centre)} of "
        f"{reference['img_name']}: its flux is {ratio:.1f} times its error, {LEAST_SN:g} is "
        f"needed; {nearest}. Check lens_ra_deg, lens_dec_deg and the WCS, or set "
        "ref_img_name and lens_position_px.")


def _flux(images, radius_px, settings):
    """Add up flux and weight of the lens on images; return them, and the images that mask it."""
    # Its flux above the ring around it, which takes out the wings of bright stars, weighted by the
    # noise of each image
    sums, masked = np.zeros(2), []
    for image in images:
        image_e, bad = db_images.image_and_bad(image, settings)
        aperture_px = radius_px + APERTURE_FWHM * image["fwhm_px"]
        ring_px = aperture_px + np.array([0.5, 2.5]) * image["fwhm_px"]
        x_px, y_px = image["lens_x_px"], image["lens_y_px"]
        window = tuple(slice(max(0, int(middle - ring_px[1])), int(middle + ring_px[1]) + 2)
                       for middle in (y_px, x_px))
        row, col = np.ogrid[:image_e.shape[0], :image_e.shape[1]]
        away_px = np.hypot(col[:, window[1]] - x_px, row[window[0]] - y_px)
        image_e, good = image_e[window], ~bad[window]
        if good[away_px < radius_px + MASKED_FWHM * image["fwhm_px"]].mean() < LEAST_GOOD:
            masked.append(image["img_name"])
            continue
        inside = image_e[(away_px < aperture_px) & good]
        ring = image_e[(away_px > ring_px[0]) & (away_px < ring_px[1]) & good]
        if not len(ring):
            continue
        flux_e = inside.sum() - len(inside) * np.median(ring)
        variance_e2 = max(flux_e, 0) + len(inside) * image["sky_noise_e"] ** 2 * (
            1 + MEDIAN_VARIANCE * len(inside) / len(ring))
        sums += flux_e / variance_e2, 1 / variance_e2
    return sums, masked


def _compare_wcs(images, settings):
    """Warn of images whose own WCS puts the lens elsewhere than their stars do."""
    far = []
    for image in images[:: max(1, len(images) // N_WCS)]:
        by_wcs = lens_by_wcs(image, settings) if settings.lens_position_px is None else None
        if by_wcs is not None:
            away_px = np.hypot(*(by_wcs - (image["lens_x_px"], image["lens_y_px"])))
            if away_px > WCS_WITHIN_FWHM * image["fwhm_px"]:
                far.append((image["img_name"], away_px * image["pixel_scale_arcsec"]))
    if far:
        log.warning("the WCS of %d images puts the lens elsewhere than the alignment of the stars "
                    "does (first: %s, by %.1f arcsec): the alignment is used", len(far), *far[0])


def _compare_north(images, lens_px, reference, settings):
    """Warn of images whose WCS is turned or mirrored against that of the reference image."""
    others = [image for image in images[:: max(1, len(images) // N_WCS)]
              if image["img_name"] != reference["img_name"] and has_sky(image)]
    if not has_sky(reference) or not others:
        return
    of_reference, turned = np.linalg.inv(pixels_per_arcsec(reference, settings, lens_px)), []
    for image in others:
        # East and north of the image on the reference, in its own directions: the unit matrix
        on_image = pixels_per_arcsec(image, settings, (image["lens_x_px"], image["lens_y_px"]))
        (a, b), (c, d) = of_reference @ np.linalg.solve(
            db_transform.matrix(image)[:, :2], on_image)
        is_mirrored, angle_deg = a * d < b * c, abs(np.rad2deg(np.arctan2(c - b, a + d)))
        if is_mirrored or angle_deg > WCS_WITHIN_DEG:
            turned.append((image["img_name"],
                           "mirrored" if is_mirrored else f"turned by {angle_deg:.0f} deg"))
    if not turned:
        return
    line = (f"the WCS of {len(turned)} of {len(others)} images is turned or mirrored against that "
            f"of the reference image {reference['img_name']}, as the stars align them (first: "
            f"{turned[0][0]}, {turned[0][1]}): the sources can be taken for each other")
    by_number = isinstance(settings.point_sources, int) or settings.point_sources == FIND
    if not by_number and 2 * len(turned) > len(others) and settings.ref_img_name is None:
        raise UserError(f"{line}. Set ref_img_name to an image whose WCS is right, or solve them "
                        "(fac_astrometry/1_fetch_catalogue, 2_plate_solve).")
    log.warning("%s. That of %s is used", line, reference["img_name"])


def _as_ds9(xy):
    """Return a position as ds9 shows it."""
    return f"({xy[0] + 1:.1f}, {xy[1] + 1:.1f})"
