"""Read the skip lists: images that one step leaves out."""

import logging

from cosmouline.errors import one_line
from cosmouline.files import io_catalog

log = logging.getLogger("cosmouline")


def skiplist(settings, file_name):
    """Return the images named in a list of the lens's folder, with comments; empty without it."""
    path = settings.config_dir / file_name
    return io_catalog.read_image_list(path) if path.is_file() else {}


def tell_unknown(settings, db, *file_names):
    """Warn of images that skip lists name and the database has not: names are easily mistyped."""
    for file_name in file_names:
        for name in sorted(skiplist(settings, file_name).keys() - db.rows.keys()):
            log.warning("%s: %s is not in the database", file_name, one_line(name))
