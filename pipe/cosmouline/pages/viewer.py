"""Go through pictures in a window and add images to a list; only where there is a screen."""

import os
import sys

from cosmouline.errors import UserError
from cosmouline.files.io_catalog import read_image_list
from cosmouline.files.io_text import read_lines, write_text

WINDOWLESS = ("agg", "cairo", "pdf", "pgf", "ps", "svg", "template")  # backends of matplotlib
NO_SCREEN = ("--viewer needs a screen and a matplotlib that can open a window ({}). Without it "
             "the page {} does the same in a browser.")


def append_to_list(path, chosen, comment="by eye"):
    """Add images to a list, at its end; what is there stays as it is.

    Parameters
    ----------
    path : Path
        The list; it is made where it is missing.
    chosen : iterable of str
        Names of images. Those that are listed already are not added again.
    comment : str

    Returns
    -------
    list of str
        The names that were added.
    """
    listed = read_image_list(path) if path.is_file() else {}
    new = [name for name in dict.fromkeys(chosen) if name not in listed]
    if new:
        before = read_lines(path) if path.is_file() else []
        write_text(path, "".join(f"{line}\n" for line in [
            *before, *(f"{name} {' '.join(comment.split())}" for name in new)]))
    return new


class Choice:
    """What was chosen so far: the place, and the images left out; keys change it.

    Attributes
    ----------
    place : int
        Of the picture that is shown.
    out : dict of str to None
        Names of the images left out, in the order of choice.
    """

    def __init__(self, names, listed):
        self.names, self.listed = list(names), set(listed)
        self.place, self.out = 0, {}

    def press(self, key):
        """Do what a key means; return whether there is more to show."""
        name = self.names[self.place]
        if key == "x" and name not in self.listed:
            self.out[name] = None
        elif key == "k":
            self.out.pop(name, None)
        step = {"x": 1, "k": 1, "right": 1, "left": -1}.get(key, 0)
        self.place = min(max(self.place + step, 0), len(self.names) - 1)
        return key not in ("q", "escape")

    def title(self):
        """Say what is shown, and what was chosen."""
        name = self.names[self.place]
        verdict = "in the list" if name in self.listed else "LEFT OUT" if name in self.out else ""
        return (f"{self.place + 1} of {len(self.names)}   {name}   {verdict}\n"
                "x leave out   k keep   left / right   q write and end")


def open_window(page_path):
    """Return matplotlib's pyplot with a backend that has windows; UserError without a screen."""
    from matplotlib import pyplot

    if sys.platform.startswith("linux") and not (
            os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise UserError(NO_SCREEN.format("no DISPLAY", page_path))
    for backend in (pyplot.get_backend(), "TkAgg", "QtAgg", "macosx"):
        try:
            pyplot.switch_backend(backend)
        except ImportError:
            continue
        if pyplot.get_backend().lower() not in WINDOWLESS:
            return pyplot
    raise UserError(NO_SCREEN.format(f"backend {pyplot.get_backend()}", page_path))


def choose(paths, list_path, page_path):
    """Show pictures until the window is closed; add what was left out to a list.

    Parameters
    ----------
    paths : dict of str to Path
        Pictures by image name, in the order in which they are shown.
    list_path : Path
    page_path : Path
        The page that does the same in a browser, for the message where there is no screen.

    Returns
    -------
    list of str
        The names that were added.
    """
    pyplot = open_window(page_path)
    listed = read_image_list(list_path) if list_path.is_file() else {}
    choice = Choice(paths, listed)
    for name in list(pyplot.rcParams):
        if name.startswith("keymap."):
            pyplot.rcParams[name] = []  # k, l and s have a meaning of matplotlib's
    figure, ax = pyplot.subplots(figsize=(11, 8))

    def show():
        ax.clear()
        ax.set_axis_off()
        ax.imshow(pyplot.imread(paths[choice.names[choice.place]]))
        figure.suptitle(choice.title())
        figure.canvas.draw_idle()

    def press(event):
        if choice.press(event.key):
            show()
        else:
            pyplot.close(figure)

    figure.canvas.mpl_connect("key_press_event", press)
    show()
    pyplot.show()
    return append_to_list(list_path, choice.out)
