"""Cut stamps of stars and of the lens out of an image, by the rows of the database."""

from cosmouline.astrometry import db_transform
from cosmouline.astrometry.align import apply
from cosmouline.astrometry.db_lens_position import LENS_FIELD_FWHM
from cosmouline.database import provenance
from cosmouline.database.columns import column
from cosmouline.errors import UserError
from cosmouline.images import db_flat_error, db_images, db_sky
from cosmouline.images.calibration import db_master_noise
from cosmouline.sources import db_stars
from cosmouline.sources.star_catalogue import light_in_frame
from cosmouline.stamps.stamps import cut_stamps

import numpy as np

EXTRA_SOURCE_PX = 3.0  # a source of the field this near to one that is fitted is that one
LENS_SIDES_PX = 48, 80  # least and greatest side of its stamp
SIDE_STEP_PX = 8
MARGIN_FWHM = 2.0  # a source nearer to the border than this, both sides together, is cut
SCRIPT = "6_extract/1_extract_objects"
CHOICE = ("lens_stamp_fwhm", "lens_stamp_px", "point_sources", "point_sources_unit")


def star_stamps(image, stars, side_px, settings):
    """Return the stamps of stars on an image, their neighbours masked."""
    xy = db_stars.on_image(db_stars.star_positions(stars), image, settings)
    return _cut(image, xy, side_px, settings, [])


def place_stamps(image, reference_xy, side_px, settings):
    """Return the stamps of places (n, 2) of the reference image, all known sources masked."""
    xy = apply(db_transform.matrix(image), reference_xy)
    return _cut(image, xy, side_px, settings, [])


def lens_stamp(image, lens_xy, radius_px, side_px, settings, extra_xy=()):
    """Return the stamp of the lens on an image.

    Parameters
    ----------
    image : dict
    lens_xy : ndarray of float, shape (2,)
        Middle of the lens's images on the reference image.
    radius_px : float
        Largest distance of an image of the lens from there. What is farther out than this and
        1.6 FWHM is a neighbour and masked; what is nearer belongs to the lens.
    side_px : int
    settings : namespace
    extra_xy : sequence of ndarray of float, shape (2,)
        Neighbours that are fitted, and so not masked.
    """
    field_px = radius_px + LENS_FIELD_FWHM * image["field_fwhm_px"]
    return _cut(image, apply(db_transform.matrix(image), lens_xy[None]), side_px, settings,
                [(lens_xy, field_px), *((xy, EXTRA_SOURCE_PX) for xy in extra_xy)])


def lens_side(images, radius_px, settings, runs):
    """Return the side of the lens's stamps: that of earlier images, or a new choice.

    Parameters
    ----------
    images : list of dict
        Rows of all epochs.
    radius_px : float
        Largest distance of an image of the lens from the middle of all.
    settings : namespace
    runs : dict of int to dict
        The runs of the database.

    Raises
    ------
    UserError
        If the images of the lens do not fit into the stamp.

    Notes
    -----
    The sides of all epochs must be equal; so the first choice stays when images are added, until
    a setting of `CHOICE` has another value.
    """
    fwhm_px = np.median(column(images, "field_fwhm_px"))
    side_px, options = settings.lens_stamp_px, settings.options
    if not side_px and (not options.redo or options.only or options.test):
        # the side of earlier images, if it was chosen with the same settings
        used = provenance.settings_used(settings, CHOICE)
        side_px = max((image["lens_side_px"] for image in images if "lens_side_px" in image
                       and not provenance.changed_settings(image, SCRIPT, runs, used)),
                      default=None)
    # none yet: the lens, a margin in units of the seeing, and few sizes
    if not side_px:
        wanted = 2 * radius_px + settings.lens_stamp_fwhm * fwhm_px
        side_px = int(np.clip(SIDE_STEP_PX * np.ceil(wanted / SIDE_STEP_PX), *LENS_SIDES_PX))
    # every point source needs its own light inside
    if 2 * radius_px + MARGIN_FWHM * fwhm_px > side_px:
        raise UserError(f"a point source lies {radius_px:.0f} px from the middle of all: that "
                        f"does not fit into a stamp of {side_px} px. Check point_sources and "
                        "point_sources_unit, or set lens_stamp_px.")
    return side_px


def _cut(image, xy, side_px, settings, kept):
    """Cut stamps; sources within the circles `kept`, of (position, radius), are not masked."""
    image_e, bad = db_images.image_and_bad(image, settings)
    sky, field = db_sky.sky(image, settings), db_stars.field_stars(settings)
    field_xy = np.column_stack([field["x_px"], field["y_px"]])
    if (done := image.get("flat_map", db_flat_error.NONE)) != db_flat_error.NONE:
        image_e = db_flat_error.corrected(image_e, sky.level(), image, settings, done)
    # sources of the field that are neighbours, and so are masked
    far = np.ones(len(field_xy), bool)
    for position, radius_px in kept:
        far &= np.hypot(*(field_xy - position).T) > radius_px
    # How bright they are here, by the image's own detections: no coefficient, which changes a
    # little whenever images are added. Without any they are masked by the least disc.
    matrix = db_transform.matrix(image)
    light = light_in_frame(db_stars.sources(image, settings), matrix, field_xy, field["flux_e"])
    return cut_stamps(
        image_e, sky.level, db_master_noise.added(sky.sigma, image, settings), xy, side_px,
        image["field_fwhm_px"], db_images.saturation_e(image), bad, apply(matrix, field_xy[far]),
        field["flux_e"][far] * (light if np.isfinite(light) else 0.0))
