"""Choose images by eye: the page in work_dir."""

import logging
from pathlib import PurePosixPath
from typing import NamedTuple

from cosmouline.database import paths
from cosmouline.errors import UserError
from cosmouline.files.io_catalog import read_image_list
from cosmouline.files.io_html import asset, escape, fill, script_data, url
from cosmouline.files.io_text import write_text
from cosmouline.pages.contact_sheets import in_order
from cosmouline.pages.lookback import coloured

log = logging.getLogger("cosmouline")


def hand_check(images, folder, list_name, caption, made_by, what_next, settings):
    """Write the page of the pictures of images, from which the user saves a list.

    Parameters
    ----------
    images : list of dict
        Those without a picture are left out, with a warning.
    folder : str
        Name of the pictures, as that of `paths.pictures`.
    list_name : str
        The list in the folder of the lens that the choice is for.
    caption : callable
        Of an image: the text below its picture.
    made_by : str
        The script that makes the pictures.
    what_next : str
        The script that reads the list.
    settings : namespace

    Raises
    ------
    UserError
        If there is no picture.
    """
    where = paths.pictures(settings, folder)
    shown = [Picture(image["img_name"], image["set_name"],
                     f"{where.name}/{image['img_name']}.png", caption(image))
             for image in in_order(images) if (where / f"{image['img_name']}.png").is_file()]
    if not shown:
        raise UserError(f"there is no picture in {where}. Run {made_by}.py first.")
    if len(shown) < len(images):
        log.warning("%d images have no picture: run %s.py again (--all, if it has that)",
                    len(images) - len(shown), made_by)
    list_path = settings.config_dir / list_name
    page_path = settings.work_dir / f"choose_{where.name.removesuffix('_png')}.html"
    write_text(page_path, page(
        f"{settings.lens_name}: {list_name}", list_name, shown,
        read_image_list(list_path) if list_path.is_file() else {},
        f"Save it as {list_path}, then run {what_next}."))
    log.info("%d pictures: open %s in a browser", len(shown), paths.relative(page_path))


class Picture(NamedTuple):
    """One picture: of which image and set, its path next to the page, and the text below it."""

    img_name: str
    group: str
    path: str
    caption: str


def page(title, list_name, pictures, chosen, what_next=""):
    """Return the page as HTML.

    Parameters
    ----------
    title : str
        Any text: it is shown as it is, whatever signs it has.
    list_name : str
        File name of the list, such as ``kicklist.txt``.
    pictures : sequence of Picture
        In the order in which they are shown.
    chosen : dict of str
        What the list holds already: comment by image name. It stays in the list, also where
        there is no picture of the image.
    what_next : str
        What to do with the list.
    """
    # names and comments come in as data, never as markup or program: a "<" in them is written as
    # its number, and the program sets them as text
    data = {"list": list_name, "chosen": chosen, "pictures": [
        [one.img_name, one.group, url(*PurePosixPath(one.path).parts), one.caption]
        for one in pictures]}
    return fill(asset("choose.html"), title=escape(title), next=escape(what_next),
                list=escape(list_name), data=script_data(data), program=asset("choose.js"),
                style=coloured(asset("choose.css")))
