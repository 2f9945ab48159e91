"""Contact sheets: the thumbnails of many images on numbered pages, in the order of the films."""

import math

from cosmouline.database import paths
from cosmouline.errors import ImageRejected, ProductLost
from cosmouline.files.io_text import write_text
from cosmouline.images import db_images
from cosmouline.pages import drawing
from cosmouline.plots.pages import THUMBNAIL_PX, contact_sheet
from cosmouline.plots.scaling import shrink

import numpy as np

N_ON_PAGE = 70  # ten rows of seven
N_IN_ROW = 7


def in_order(images):
    """Return images by set and time, as the pictures of a film."""
    return sorted(images, key=lambda im: (im["set_name"], im.get("mjd", math.inf),
                                          im["img_name"]))


def write_order(images, folder, settings):
    """Write order.txt into a folder of pictures: those that exist, as ffmpeg reads a list."""
    where = paths.pictures(settings, folder)
    names = [f"{image['img_name']}.png" for image in images]
    write_text(where / "order.txt", "".join(f"file '{name}'\n" for name in names
                                            if (where / name).is_file()))


def frame(image, settings):
    """Return the thumbnail of an image as it is, bad pixels left out."""
    image_e, bad = db_images.image_and_bad(image, settings)
    small, _ = shrink(np.where(bad, np.nan, image_e), THUMBNAIL_PX)
    return small


def save(images, name, settings, script, thumbnail, note=None, status=None, title="",
         note_lines=1):
    """Draw images on pages ``plots/<name>_1.png``, ``_2`` and so on; log where.

    Parameters
    ----------
    images : list of dict
        In the order in which they stand on the pages.
    name : str
        Of the pages; older pages of that name that are no longer needed are removed.
    settings : namespace
    script : str
        Path of the script.
    thumbnail : callable
        ``(image, settings)`` to a small picture, an array or colours from `pages.painted`. Where
        the product that it reads is missing or damaged, the cell is empty.
    note, status : callable, optional
        Of an image: small text above its picture, and its word among `pages.STATUS_COLOURS`.
    title : str
        Of the pages; the name by default.
    note_lines : int
        Lines that a note may have.
    """
    pages = [images[i:i + N_ON_PAGE] for i in range(0, len(images), N_ON_PAGE)]
    for number, some in enumerate(pages, 1):
        pictures = []
        for image in some:
            try:
                pictures.append(thumbnail(image, settings))
            except (ProductLost, ImageRejected, FileNotFoundError, KeyError):
                pictures.append(None)
        of_all = f" ({number} of {len(pages)})" if len(pages) > 1 else ""
        page = contact_sheet(
            pictures, [image["img_name"] for image in some],
            [status(image) if status else "used" for image in some],
            [note(image) if note else "" for image in some],
            title=f"{settings.lens_name}: {title or name}{of_all}",
            per_row=max(3, min(N_IN_ROW, len(some))), note_lines=note_lines)
        drawing.save_plot(page, f"{name}_{number}", settings, script)
    # pages of an earlier run with more images
    number = len(pages) + 1
    while paths.plot(settings, f"{name}_{number}").is_file():
        paths.plot(settings, f"{name}_{number}").unlink()
        number += 1
