"""Pictures of a lens: where they are written, and what several scripts draw alike."""

import logging
from pathlib import Path

from cosmouline.astrometry import db_transform
from cosmouline.astrometry.db_lens_position import pixels_per_arcsec
from cosmouline.database import paths
from cosmouline.images import db_images, db_sky
from cosmouline.plots import style
from cosmouline.plots.frame import alignment_map
from cosmouline.robust import mad_sigma, median_of_finite
from cosmouline.sources import db_stars

import numpy as np

N_PAGES = 8  # images that get a page each without --all, at most ...
LEAST_PAGES = 1  # ... and at least
STANDS_OUT = 3.0  # robust sigmas from the median, above which an image is one of them
ALL = {"--all": {"action": "store_true", "help": "a page of every image, not only of the "
                 f"{LEAST_PAGES} to {N_PAGES} that stand out"}}
log = logging.getLogger("cosmouline")


def to_draw(images, settings, folder, *values):
    """Return the images that get a page each in <folder>_png: those that stand out most.

    Parameters
    ----------
    images : list of dict
    settings : namespace
    folder : str
    *values : ndarray of float, shape (n_images,)
        What makes an image stand out: its distance from the median in robust sigmas, the largest
        of all `values`. NaN stands out.

    Notes
    -----
    The one that stands out most, and up to eight that do so by more than 3 sigma. All images that
    the options ask for (``--all``, ``--only``, ``--test``), all of a few, and those that have a
    page already, so that none is older than what it shows.
    """
    options = settings.options
    if (options.only or options.test or getattr(options, "all", False)
            or len(images) <= N_PAGES):
        return images
    distance = np.zeros(len(images))
    for one in values:
        known = np.isfinite(one)
        away = np.abs(one - median_of_finite(one))
        sigma = mad_sigma(one[known]) if known.any() else 0.0
        distance = np.fmax(distance, np.where(known, away / (sigma or 1.0), np.inf))
    order = np.argsort(-distance, kind="stable")[:N_PAGES]
    n_pages = max(LEAST_PAGES, int((distance[order] > STANDS_OUT).sum()))
    first = set(order[:n_pages].tolist())
    where = paths.pictures(settings, folder)
    chosen = [image for k, image in enumerate(images)
              if k in first or (where / f"{image['img_name']}.png").is_file()]
    log.info("pages of %d of %d images, those that stand out (%g sigma): --all draws all",
             len(chosen), len(images), STANDS_OUT)
    return chosen


def save_plot(page, name, settings, script):
    """Write a page as plots/<name>.png and log where."""
    path = paths.plot(settings, name)
    save_as(page, path, settings, script)
    log.info("picture: %s", paths.relative(path))


def save_page(page, folder, img_name, settings, script):
    """Write the page of one image as <folder>_png/<img_name>.png."""
    save_as(page, paths.pictures(settings, folder) / f"{img_name}.png", settings, script)


def save_as(page, path, settings, script):
    """Write a page to a path, stamped with lens, band, script and time."""
    style.save(page, path, style.stamp_text(lens(settings), Path(script).stem))


def field_map(images, reference, settings):
    """Return the page of the reference image with its stars, the lens, and all outlines."""
    image_e = db_images.pixels(reference, settings)
    image_e = image_e - db_sky.sky(reference, settings).level()
    rms_px = np.median([image["align_rms_px"] for image in images])
    angles = np.array([image["align_angle_deg"] for image in images])
    info = [f"{len(images)} images aligned", f"residuals {rms_px:.2f} px (median)",
            f"rotations {angles.min():.1f} to {angles.max():.1f} deg",
            f"reference: seeing {reference['fwhm_arcsec']:.2f} arcsec"]
    return star_map(image_e, reference, settings,
                    f"{settings.lens_name}: {reference['img_name']}", info, images)


def star_map(image_e, reference, settings, title, info, outlined=(), limits=None):
    """Return the page of a picture on the grid of the reference: stars, lens, scale, compass.

    Parameters
    ----------
    image_e : ndarray of float, shape (ny, nx)
        Without sky.
    reference : dict
        Row of the reference image.
    settings : namespace
    title : str
    info : sequence of str
        Lines at the right of the picture.
    outlined : list of dict
        Rows of images whose outlines are drawn.
    limits : (float, float), optional
        Cuts; None: found.
    """
    lens = np.array([reference["lens_x_px"], reference["lens_y_px"]])
    east, north = pixels_per_arcsec(reference, settings, lens).T
    # normalisation and PSF stars, once they are picked
    lists = {}
    if paths.picked_stars(settings).is_file():
        for label, stars in (("normalisation stars", db_stars.norm_stars(settings)),
                             ("PSF stars", db_stars.psf_stars(settings))):
            lists[label] = [star.name for star in stars], db_stars.star_positions(stars)
    return alignment_map(
        image_e, lists, lens, matrices=[db_transform.matrix(image) for image in outlined],
        shapes=[(image["ny_px"], image["nx_px"]) for image in outlined], title=title, info=info,
        pixel_scale_arcsec=reference["pixel_scale_arcsec"], north=north, east=east,
        limits=limits)


def lens(settings):
    """Return the name of the lens, with that of the band of the settings."""
    return " ".join(filter(None, (settings.lens_name, getattr(settings, "band", ""))))


def title(image, settings):
    """Return the title of a page about one image."""
    return f"{settings.lens_name}  {image['img_name']}"
