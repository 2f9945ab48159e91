"""Mosaics: many small pictures coloured as arrays and shown as one image on a single Axes.

One Axes takes matplotlib some 30 ms of CPU, the colours of a stamp less than 1 ms: pages of dozens
of stamps are made here.
"""

from typing import NamedTuple

from cosmouline.plots import style

import numpy as np
from matplotlib import colors

EDGE = (style.RC["axes.edgecolor"], style.RC["axes.linewidth"])  # as the frames of Axes
LEAST_FILLED = 0.9  # of the side of a cell, to have pixels that are all of one size


class Box(NamedTuple):
    """Sides of a picture on a page, from the upper left corner of the page."""

    left: float
    top: float
    right: float
    bottom: float


def paint(image, norm, colour_map=style.IMAGE_MAP, tint=None):
    """Colours of an image.

    Parameters
    ----------
    image : ndarray of float, shape (ny, nx)
        NaN pixels get the colour that the map has for them.
    norm : Normalize
        Turns values into shades.
    colour_map : Colormap
        Turns shades into colours.
    tint : ndarray of float, shape (ny, nx, 4), optional
        Red, green, blue and opacity of what is laid over the image.

    Returns
    -------
    ndarray of uint8, shape (ny, nx, 4)
        Red, green, blue, opacity (255); the first row is that of the image.
    """
    colours = colour_map(norm(np.ma.masked_invalid(image)), bytes=True)
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
        From `paint`, of any sizes. None, or no pixel: an empty cell that says so.
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
    corners_px = np.round(np.multiply(corners_in, page.dpi)).astype(int)
    cell_px = np.round(np.multiply(cell_in, page.dpi)).astype(int)
    boxes = [_box(*cell, cell_px) for cell in zip(pictures, corners_px, strict=True)]
    edges = [EDGE] * len(pictures) if edges is None else edges
    edges = [(colour, max(1, round(width_pt * page.dpi / 72))) for colour, width_pt in edges]
    whole = _around(boxes, max(width_px for _, width_px in edges))
    canvas = np.full((whole.bottom - whole.top, whole.right - whole.left, 4), 255, dtype=np.uint8)
    for picture, box, edge in zip(pictures, boxes, edges, strict=True):
        _paste(canvas, picture, Box(*np.subtract(box, (whole.left, whole.top) * 2)), *edge)
    _show(page, canvas, whole)
    boxes = [Box(*np.divide(box, page.dpi).tolist()) for box in boxes]
    _name_empty(page, [box for box, p in zip(boxes, pictures, strict=True) if _is_empty(p)])
    return boxes


def _is_empty(picture):
    """Whether there is nothing to show."""
    return picture is None or np.size(picture) == 0


def _box(picture, corner_px, cell_px):
    """Sides of a picture in its cell, in pixels of the page."""
    width, height = cell_px if _is_empty(picture) else _size_px(picture.shape, cell_px)
    left, bottom = corner_px[0], corner_px[1] + cell_px[1]
    return Box(left, bottom - height, left + width, bottom)


def _size_px(shape, cell_px):
    """Width and height of a picture that fits into a cell."""
    scale = min(cell_px[0] / shape[1], cell_px[1] / shape[0])
    if int(scale) >= LEAST_FILLED * scale:
        scale = int(scale)
    return max(1, round(shape[1] * scale)), max(1, round(shape[0] * scale))


def _around(boxes, margin_px):
    """Box that holds boxes and a margin."""
    left, top = np.min(boxes, axis=0)[:2] - margin_px
    right, bottom = np.max(boxes, axis=0)[2:] + margin_px
    return Box(left, top, right, bottom)


def _paste(canvas, picture, box, colour, width_px):
    """Write a picture and its frame into an array of colours."""
    canvas[_slices(box, width_px)] = np.round(np.multiply(colors.to_rgba(colour), 255))
    canvas[_slices(box)] = 255 if _is_empty(picture) else _enlarged(picture, box)


def _slices(box, margin_px=0):
    """Rows and columns of a box and a margin."""
    return (slice(box.top - margin_px, box.bottom + margin_px),
            slice(box.left - margin_px, box.right + margin_px))  # fmt: skip


def _enlarged(picture, box):
    """Picture as large as a box by the nearest pixel, its first row lowest."""
    rows = _nearest(picture.shape[0], box.bottom - box.top)
    cols = _nearest(picture.shape[1], box.right - box.left)
    return picture[rows[::-1, None], cols]


def _nearest(n_px, size):
    """Number of the pixel at the centre of each of so many pixels of the page."""
    return (2 * np.arange(size) + 1) * n_px // (2 * size)


def _show(page, canvas, box):
    """Draw an array of colours at a place of a page, pixel on pixel."""
    width, height = page.bbox.size
    ny, nx = canvas.shape[:2]
    # the page ends at a whole pixel, counted from below
    ax = page.add_axes((box.left / width, (int(height) - box.bottom) / height, nx / width,
                        ny / height))  # fmt: skip
    ax.set_axis_off()
    ax.imshow(canvas, origin="upper", aspect="auto")


def _name_empty(page, boxes):
    """Say in empty cells that there is nothing to draw."""
    look = {"ha": "center", "va": "center", "color": style.FAINT}
    for box in boxes:
        style.write(page, *middle(box), "no data", **look)


def middle(box):
    """Centre (x, y) of a box."""
    return (box.left + box.right) / 2, (box.top + box.bottom) / 2


@style.styled
def write_above(page, box, text, height_pt=6.0, **look):
    """Write a title above a picture, its foot so many points above the frame."""
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
