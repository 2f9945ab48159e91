"""Position of the lens and of its point sources on the reference image."""

from functools import partial

from cosmouline import library
from cosmouline.astrometry import tangent
from cosmouline.astrometry.db_coordinates import has_sky, wcs_of
from cosmouline.database.settings_sources import FIELD, FIND, MOST_SOURCES
from cosmouline.errors import UserError
from cosmouline.files import io_catalog
from cosmouline.files.io_catalog import from_ds9

import numpy as np

astropy_wcs = library("astropy.wcs")

ARCSEC_PER_DEG = 3600.0
LARGEST_OFFSET_ARCSEC = 5.0  # positions with larger numbers can be RA and Dec ...
NEAR_LENS_ARCSEC = 180.0  # ... if they lie this near to the lens
LENS_FIELD_FWHM = 1.6  # sources nearer to the lens's images than this belong to the lens
UNKNOWN_RADIUS_ARCSEC = 1.5  # of a lens whose images are still to be found


def lens_on_reference(reference, settings):
    """Return the position (x, y) of the lens on the reference image, in pixels from 0.

    Parameters
    ----------
    reference : dict
        Row of the reference image.
    settings : namespace
        `lens_position_px` goes before `lens_ra_deg` and `lens_dec_deg`, which need a WCS.

    Raises
    ------
    UserError
        If there is neither, or the position lies outside of the image.
    """
    if settings.lens_position_px is not None:
        if settings.ref_img_name is None:
            raise UserError("lens_position_px holds for one image: set ref_img_name too (the "
                            f"reference image chosen now is {reference['img_name']}).")
        position = from_ds9(settings.lens_position_px)
    elif None not in (settings.lens_ra_deg, settings.lens_dec_deg) and has_sky(reference):
        position = _to_pixels(reference, settings, settings.lens_ra_deg, settings.lens_dec_deg)
    else:
        raise UserError(
            f"the position of the lens on {reference['img_name']} is not known: the image has "
            f"{'a' if has_sky(reference) else 'no'} WCS. Set lens_ra_deg and lens_dec_deg "
            "(they need a WCS), or ref_img_name and lens_position_px as ds9 shows it.")
    if not (0 <= position[0] < reference["nx_px"] and 0 <= position[1] < reference["ny_px"]):
        raise UserError(f"the lens would lie at {tuple(np.round(position + 1, 1).tolist())}, "
                        f"outside of {reference['img_name']} ({reference['nx_px']} x "
                        f"{reference['ny_px']} pixels). Check its position.")
    return position


def lens_by_wcs(image, settings):
    """Return the position of the lens on an image by its own WCS; None where that is not known."""
    if None in (settings.lens_ra_deg, settings.lens_dec_deg) or not has_sky(image):
        return None
    try:
        xy = _to_pixels(image, settings, settings.lens_ra_deg, settings.lens_dec_deg)
    except (astropy_wcs.NoConvergence, ValueError):  # far outside of a distorted frame
        return None
    inside = 0 <= xy[0] < image["nx_px"] and 0 <= xy[1] < image["ny_px"]
    return xy if inside else None


def sources_on_reference(reference, settings):
    """Return names and positions (n, 2) of the point sources; positions None if to be found.

    Under "find" there are as many names as there can be sources.
    """
    wanted = settings.point_sources
    if not wanted:
        raise UserError("point_sources is empty: name at least one source.")
    if isinstance(wanted, int) or wanted == FIND:
        wanted = MOST_SOURCES if wanted == FIND else wanted
        return [chr(ord("A") + i) for i in range(wanted)], None
    if isinstance(wanted, str):
        path = settings.config_dir / wanted
        wcs = wcs_of(reference, settings)
        stars = io_catalog.read_cat(  # images can be close
            path, 0.0, None if wcs is None else partial(_to_pixels, reference, settings))
        return [s.name for s in stars], np.array([(s.x_px, s.y_px) for s in stars])
    # a dict of positions, on the sky or from the lens
    names, pairs = list(wanted), np.array(list(wanted.values()), float)
    if settings.point_sources_unit == "deg" or is_on_sky(settings, pairs):
        return names, np.array([_to_pixels(reference, settings, *pair) for pair in pairs])
    lens = lens_on_reference(reference, settings)
    return names, lens + pairs @ pixels_per_arcsec(reference, settings, lens).T


def extra_on_reference(reference, settings, field, side_px):
    """Return names and positions (n, 2) of the neighbours that are fitted with the lens.

    Parameters
    ----------
    reference : dict
        Row of the reference image.
    settings : namespace
        `extra_sources` are positions as those of `point_sources`, or "field".
    field : dict of str to ndarray
        Stars of the field, see `db_stars.field_stars`.
    side_px : float
        Side of the lens's stamp: under "field", the stars on it beyond the images are taken.
    """
    extra = settings.extra_sources
    if extra == FIELD:
        xy = stars_around_lens(reference, settings, field, side_px)
        return [f"N{i + 1}" for i in range(len(xy))], xy
    pairs = np.array(list(extra.values()), float).reshape(-1, 2)
    if not len(pairs):
        return [], pairs
    if is_on_sky(settings, pairs) or (settings.point_sources_unit == "deg"
                                      and isinstance(settings.point_sources, dict)):
        return list(extra), np.array([_to_pixels(reference, settings, *pair) for pair in pairs])
    lens = lens_on_reference(reference, settings)
    return list(extra), lens + pairs @ pixels_per_arcsec(reference, settings, lens).T


def stars_around_lens(reference, settings, field, side_px):
    """Return the positions (n, 2) of the field's stars on the lens's stamp, beyond its images."""
    # what is too near to the lens's images belongs to the lens
    centre, radius_px = lens_centre_and_radius(reference, settings)
    xy = np.column_stack([field["x_px"], field["y_px"]])
    away = xy - centre
    least_px = radius_px + LENS_FIELD_FWHM * reference["field_fwhm_px"]
    return xy[(np.hypot(*away.T) > least_px) & (np.abs(away) < side_px / 2).all(1)]


def is_on_sky(settings, pairs):
    """Return whether positions are RA and Dec rather than arcsec from the lens, by their size.

    They are where they are larger than offsets can be, and all lie near the RA and Dec of the
    lens.
    """
    lens = settings.lens_ra_deg, settings.lens_dec_deg
    if None in lens or np.abs(pairs).max(initial=0.0) < LARGEST_OFFSET_ARCSEC or (
            np.abs(pairs[:, 1]) > 90).any():
        return False
    return bool((tangent.distance_arcsec(*np.transpose(pairs), *lens) < NEAR_LENS_ARCSEC).all())


def arcsec_from_lens(reference, settings, xy_px):
    """Return positions (n, 2) on the reference as (east, north) in arcsec from the lens."""
    lens = lens_on_reference(reference, settings)
    return (xy_px - lens) @ np.linalg.inv(pixels_per_arcsec(reference, settings, lens)).T


def lens_centre_and_radius(reference, settings):
    """Return the middle of the point sources on the reference image, and the largest distance.

    Both in pixels. Sources still to be found are taken to lie within 1.5 arcsec of the lens.
    """
    _, xy = sources_on_reference(reference, settings)
    if xy is None:
        radius_px = UNKNOWN_RADIUS_ARCSEC / reference["pixel_scale_arcsec"]
        return lens_on_reference(reference, settings), radius_px
    centre = xy.mean(axis=0)
    return centre, float(np.hypot(*(xy - centre).T).max())


def pixels_per_arcsec(reference, settings, position):
    """Return the matrix (2, 2) from (east, north) in arcsec to (x, y) in pixels.

    From the WCS at `position` where there is one; otherwise from `north_angle_deg`,
    `is_mirrored` and the pixel scale.
    """
    if has_sky(reference):
        return _wcs_matrix(wcs_of(reference, settings), position)
    # north is turned from +y towards -x; east lies 90 deg further, in a mirror image opposite
    angle = np.deg2rad(settings.north_angle_deg)
    north = np.array([-np.sin(angle), np.cos(angle)])
    east = np.array([-np.cos(angle), -np.sin(angle)]) * (-1 if settings.is_mirrored else 1)
    return np.column_stack([east, north]) / reference["pixel_scale_arcsec"]


def reference_wcs(reference, settings):
    """Return the WCS of the reference image; None without one."""
    return wcs_of(reference, settings)


def sky_of_places(reference, settings, xy_px):
    """Return RA and Dec in degrees, (n, 2), of positions on the reference; None without WCS."""
    if not has_sky(reference):
        return None
    return np.column_stack(wcs_of(reference, settings).all_pix2world(*np.transpose(xy_px), 0))


def _wcs_matrix(wcs, position):
    """Differentiate a WCS at a position, by steps of one arcsec east and north."""
    ra, dec = wcs.all_pix2world(*position, 0)
    step = 1 / ARCSEC_PER_DEG
    east = wcs.all_world2pix(ra + step / np.cos(np.deg2rad(dec)), dec, 0)
    north = wcs.all_world2pix(ra, dec + step, 0)
    return np.column_stack([np.array(east) - position, np.array(north) - position])


def _to_pixels(reference, settings, ra_deg, dec_deg):
    if not has_sky(reference):
        raise UserError(f"{reference['img_name']} has no WCS: RA and Dec give no position on it. "
                        'Give point_sources in arcsec (point_sources_unit = "arcsec").')
    return np.array(wcs_of(reference, settings).all_world2pix(ra_deg, dec_deg, 0), float)
