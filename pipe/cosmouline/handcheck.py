"""A page to go through pictures by eye and to make a list of images: one HTML file, no server.

It opens from the file system, and loads nothing but the pictures beside it. What is chosen is kept
by the browser until it is told to forget, and given as text to copy and as a file to save.
"""

from pathlib import PurePosixPath
from typing import NamedTuple

from cosmouline.io_html import asset, escape, fill, script_data, url


class Picture(NamedTuple):
    """One picture: of which image and set, its path beside the page, and what is told of it."""

    img_name: str
    group: str
    path: str
    caption: str


def page(title, list_name, pictures, chosen, what_next=""):
    """Return the page.

    Parameters
    ----------
    title : str
        Any text: it is shown as it is, whatever signs it has.
    list_name : str
        File name of the list, such as ``kicklist.txt``.
    pictures : sequence of Picture
        In the order in which they are shown.
    chosen : dict of str
        What stands in the list already: comment by image name. It stays in the list, also where
        there is no picture of the image.
    what_next : str
        What to do with the list.

    Returns
    -------
    str
        HTML. Names and comments come into it as data, never as markup or program: a ``<`` in them
        is written as its number, and the program sets them as text.
    """
    data = {"list": list_name, "chosen": chosen, "pictures": [
        [one.img_name, one.group, url(*PurePosixPath(one.path).parts), one.caption]
        for one in pictures]}
    return fill(asset("choose.html"), title=escape(title), next=escape(what_next),
                list=escape(list_name), data=script_data(data), style=asset("choose.css"),
                program=asset("choose.js"))
