"""Mosaics: many small pictures coloured as arrays and shown as one image on a single Axes.

One Axes takes matplotlib some 30 ms of CPU, the colours of a stamp less than 1 ms: pages of dozens
of stamps are made here.
"""

from typing import NamedTuple

from cosmouline import library
from cosmouline.plots import style

import numpy as np

colors = library("matplotlib.colors")

EDGE = (style.RC["axes.edgecolor"], style.RC["axes.linewidth"])  # as the frames of Axes
LEAST_FILLED = 0.9  # of the side of a cell, to have pixels that are all of one size


class Box(NamedTuple):
    """Sides of a picture on a page, from the upper left corner of the page."""

    left: float
    top: float
    right: float
    bottom: float


def paint(image, norm, colour_map=None, tint=None):
    """Colours of an image.

    Parameters
    ----------
    image : ndarray of float, shape (ny, nx)
        NaN pixels get the colour that the map has for them.
    norm : Normalize
        Turns values into shades.
    colour_map : Colormap, optional
        Turns shades into colours; default: the grey of images.
    tint : ndarray of float, shape (ny, nx, 4), optional
        Red, green, blue and opacity of what is laid over the image.

    Returns
    -------
    ndarray of uint8, shape (ny, nx, 4)
        Red, green, blue, opacity (255); the first row is that of the image.
    """
    colours = (colour_map or style.IMAGE_MAP)(norm(np.ma.masked_invalid(image)), bytes=True)
    if tint is not None:
        opacity = tint[..., 3:]
        mixed = (1 - opacity) * colours[..., :3] + opacity * 255 * tint[..., :3]
        colours[..., :3] = np.round(mixed)
    return colours


@style.styled
def draw_mosaic(page, pictures, corners_in, cell_in, edges=None):
    """Draw pictures in frames on a page, each at the lower left of its cell.

    Parameters
    ----------
    page : matplotlib.figure.Figure
        From `style.blank`.
    pictures : sequence of ndarray of uint8, shape (ny, nx, 4)
        From `paint`, of any sizes. None, or no pixel: an empty cell with the words "no data".
    corners_in : array_like of float, shape (n, 2)
        Left and top of the cells, in inches from the upper left corner of the page.
    cell_in : (float, float)
        Width and height of the cells.
    edges : sequence of (colour, float), optional
        Colours of the frames and their widths in points, drawn around the pictures; None: thin
        and grey.

    Returns
    -------
    list of Box
        Sides of the pictures in inches.

    Notes
    -----
    A pixel of a picture becomes a square of pixels of the page, nothing is interpolated. The
    squares are all of one size where the picture then fills 90 % of its cell, in one direction;
    otherwise it fills all of it, and the sides of the squares differ by one pixel of the page.
    """
    if not len(pictures):
        return []
    pictures = [None if picture is None or np.size(picture) == 0 else picture
                for picture in pictures]
    cell_px = np.round(np.multiply(cell_in, page.dpi)).astype(int)
    # size of each picture in its cell, in pixels of the page; squares of one size if that costs
    # little, see Notes
    boxes = []
    for picture, (left, top) in zip(
            pictures, np.round(np.multiply(corners_in, page.dpi)).astype(int), strict=True):
        width, height = cell_px
        if picture is not None:
            ny, nx = picture.shape[:2]
            scale = min(width / nx, height / ny)
            scale = int(scale) if int(scale) >= LEAST_FILLED * scale else scale
            width, height = max(1, round(nx * scale)), max(1, round(ny * scale))
        bottom = top + cell_px[1]
        boxes.append(Box(left, bottom - height, left + width, bottom))
    edges = [(colour, max(1, round(width_pt * page.dpi / 72)))
             for colour, width_pt in edges or [EDGE] * len(pictures)]
    # the canvas holds all boxes and the widest frame
    margin = max(width_px for _, width_px in edges)
    left, top = np.min(boxes, axis=0)[:2] - margin
    right, bottom = np.max(boxes, axis=0)[2:] + margin
    canvas = np.full((bottom - top, right - left, 4), 255, dtype=np.uint8)
    for picture, box, (colour, width_px) in zip(pictures, boxes, edges, strict=True):
        inside = Box(*np.subtract(box, (left, top, left, top)))
        canvas[_slices(inside, width_px)] = np.round(np.multiply(colors.to_rgba(colour), 255))
        canvas[_slices(inside)] = 255
        if picture is not None:
            # the pixel at the centre of each pixel of the page; the first row of images is lowest
            rows = _nearest(picture.shape[0], box.bottom - box.top)
            cols = _nearest(picture.shape[1], box.right - box.left)
            canvas[_slices(inside)] = picture[rows[::-1, None], cols]
    # pixel on pixel: the page ends at a full pixel, counted from below
    width, height = page.bbox.size
    ax = page.add_axes((left / width, (int(height) - bottom) / height, (right - left) / width,
                        (bottom - top) / height))
    ax.set_axis_off()
    ax.imshow(canvas, origin="upper", aspect="auto")
    boxes = [Box(*np.divide(box, page.dpi).tolist()) for box in boxes]
    for picture, box in zip(pictures, boxes, strict=True):
        if picture is None:
            style.write(page, *middle(box), "no data", ha="center", va="center", color=style.FAINT)
    return boxes


def _slices(box, margin_px=0):
    """Rows and columns of a box and a margin."""
    return (slice(box.top - margin_px, box.bottom + margin_px),
            slice(box.left - margin_px, box.right + margin_px))


def _nearest(n_px, size):
    """Number of the pixel at the centre of each of so many pixels of the page."""
    return (2 * np.arange(size) + 1) * n_px // (2 * size)


def middle(box):
    """Centre (x, y) of a box."""
    return (box.left + box.right) / 2, (box.top + box.bottom) / 2


@style.styled
def write_above(page, box, text, height_pt=6.0, **look):
    """Write a title above a picture, its baseline so many points above the frame."""
    look = {"fontsize": style.RC["axes.titlesize"], **look}
    style.write(page, box.left, box.top - height_pt / 72, text, **look)


@style.styled
def write_below(page, box, text, **look):
    """Write small text below a picture; ``ha="center"`` centres it."""
    x = middle(box)[0] if look.get("ha") == "center" else box.left
    style.write(page, x, box.bottom + 3 / 72, text, **{"va": "top", "fontsize": 8.0, **look})


@style.styled
def write_beside(page, box, text):
    """Write the name of a row at the left of its first picture, upwards."""
    look = {"rotation": "vertical", "ha": "right", "va": "center"}
    style.write(page, box.left - 4 / 72, middle(box)[1], text, **look)
