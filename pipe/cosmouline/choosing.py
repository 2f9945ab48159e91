"""Choose images by eye: the page in work_dir, and the window."""

import logging

from cosmouline import handcheck, paths, viewer
from cosmouline.errors import UserError
from cosmouline.io_catalog import read_image_list
from cosmouline.io_text import write_text
from cosmouline.sheets import in_order

log = logging.getLogger("cosmouline")

ARGUMENTS = {"--viewer": {"action": "store_true", "help": "choose in a window, which adds to the "
                          "list in the folder of the lens; the page does without"}}


def hand_check(images, folder, list_name, caption, made_by, what_next, settings):
    """Write the page of the pictures of images; with --viewer open a window as well.

    Parameters
    ----------
    images : list of dict
        Those without a picture are passed over, and told.
    folder : str
        Name of the pictures, as that of `paths.pictures`.
    list_name : str
        The list in the folder of the lens that the choice is for.
    caption : callable
        Of an image: what is told below its picture.
    made_by : str
        The script that makes the pictures.
    what_next : str
        The script that reads the list.
    settings : namespace

    Raises
    ------
    UserError
        If there is no picture, or no screen for the window.
    """
    where = paths.pictures(settings, folder)
    found = {image["img_name"]: where / f"{image['img_name']}.png" for image in in_order(images)}
    there = {name: path for name, path in found.items() if path.is_file()}
    if not there:
        raise UserError(f"there is no picture in {where}. Run {made_by}.py first.")
    if len(there) < len(found):
        log.warning("%d images have no picture: run %s.py again", len(found) - len(there), made_by)
    list_path = settings.config_dir / list_name
    page_path = settings.work_dir / f"choose_{where.name.removesuffix('_png')}.html"
    rows = {image["img_name"]: image for image in images}
    write_text(page_path, handcheck.page(
        f"{settings.lens_name}: {list_name}", list_name,
        [handcheck.Picture(name, rows[name]["set_name"], f"{where.name}/{path.name}",
                           caption(rows[name])) for name, path in there.items()],
        read_image_list(list_path) if list_path.is_file() else {},
        f"Save it as {list_path}, then run {what_next}."))
    log.info("%d pictures: open %s in a browser", len(there), paths.relative(page_path))
    if settings.options.viewer:
        added = viewer.choose(there, list_path, page_path)
        log.info("%d images added to %s. Run %s.", len(added), list_path, what_next)
