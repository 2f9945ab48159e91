"""Contact sheets: many small pictures on one page, with their names and what became of them."""

import textwrap

from cosmouline.plots import mosaic, style
from cosmouline.plots.scaling import colour_limits, frame_limits, shrink, stretch_norm
from cosmouline.plots.stamps import stamp_colours

import numpy as np
from matplotlib import patches

CELL_IN = 1.72
GAP_IN, TEXT_IN, LINE_IN = 0.13, 0.36, 0.14
THUMBNAIL_PX = int(CELL_IN * style.DPI)  # as many as the cell has on the screen
STATUS_COLOURS = {
    "used": "#555555",
    "reference": style.SOURCE_COLOURS[0],
    "rejected": style.SOURCE_COLOURS[1],
    "failed": style.SOURCE_COLOURS[3],
    "set aside": style.SOURCE_COLOURS[4],
}


@style.styled
def contact_sheet(images, names, status=None, notes=None, title="", subtitle="", per_row=7,
                  note_lines=1):  # fmt: skip
    """Page of small frames; returns the Figure.

    Parameters
    ----------
    images : sequence of ndarray of float, shape (ny, nx)
        Frames, which are binned, or stamps; of any sizes; or colours from `painted`. None: an
        empty cell.
    names : sequence of str
        Written above.
    status : sequence of str, optional
        Gives the colour of the frame: used, reference, rejected, failed, set aside; any other
        text is drawn as ``used``. The colours that occur are explained at the top.
    notes : sequence of str, optional
        Small text below the names.
    title, subtitle : str
        Of the page.
    per_row : int
        Pictures in a row.
    note_lines : int
        Lines that a note may have; the rest is cut.
    """
    text_in = TEXT_IN + LINE_IN * (note_lines - 1)
    status = [None] * len(names) if status is None else status
    notes = [""] * len(names) if notes is None else notes
    n_rows = max(1, -(-len(names) // per_row))
    width = 0.3 + per_row * (CELL_IN + GAP_IN) - GAP_IN
    page = style.blank(width, style.TITLE_IN + n_rows * (CELL_IN + text_in + GAP_IN) + 0.25)
    style.title_page(page, title, subtitle)
    _explain(page, [word for word in STATUS_COLOURS if word in set(status)])
    cells = [divmod(index, per_row) for index in range(len(images))]
    corners = [
        (
            0.15 + col * (CELL_IN + GAP_IN),
            style.TITLE_IN + text_in + row * (CELL_IN + text_in + GAP_IN),
        )
        for row, col in cells
    ]
    pictures, edges = [_thumbnail(image) for image in images], [_edge(word) for word in status]
    boxes = mosaic.draw_mosaic(page, pictures, corners, (CELL_IN, CELL_IN), edges)
    for box, name, note in zip(boxes, names, notes, strict=True):
        _caption(page, box, name, note, note_lines)
    return page


def _thumbnail(image):
    """Colours of a small picture; None where there is nothing to see."""
    if image is None or np.size(image) == 0 or np.asarray(image).dtype == np.uint8:
        return image
    if max(np.shape(image)) <= THUMBNAIL_PX:
        return stamp_colours(image)
    shown, _ = shrink(image, THUMBNAIL_PX)
    return mosaic.paint(shown, stretch_norm(*frame_limits(shown), "log"))


@style.styled
def painted(image, colour_map=style.IMAGE_MAP):
    """Small picture of a frame with even steps between its 1 and 99 percentiles, in colours."""
    shown, _ = shrink(np.asarray(image), THUMBNAIL_PX)
    return mosaic.paint(shown, stretch_norm(*colour_limits(shown, 1.0, 99.0), "linear"),
                        colour_map)


def _edge(word):
    """Colour and width in points of the frame that tells what became of an image."""
    colour = STATUS_COLOURS.get(word, STATUS_COLOURS["used"])
    return colour, 0.7 if colour == STATUS_COLOURS["used"] else 2.4


def _caption(page, box, name, note, note_lines):
    """Name and note above a small picture."""
    lines = [note]
    if note_lines > 1:
        lines = [part for line in str(note or "").split("\n")
                 for part in textwrap.wrap(line, _most_letters(7.5))]
    if len(lines) > note_lines:
        lines = [*lines[: note_lines - 1], " ".join(lines[note_lines - 1 :])]
    top_pt = 15.5 + 72 * LINE_IN * (note_lines - 1)
    mosaic.write_above(page, box, _fitting(name, 8.0), top_pt, color=style.INK, fontsize=8.0)
    for index, line in enumerate(lines):
        height_pt = top_pt - 10.5 - 72 * LINE_IN * index
        mosaic.write_above(
            page, box, _fitting(line, 7.5), height_pt, color="#666666", fontsize=7.5
        )


def _most_letters(size_pt):
    """Letters that fit above a cell."""
    return int(72 * CELL_IN / (0.6 * size_pt))


def _fitting(text, size_pt):
    """Text cut in its middle where it is wider than a cell: the ends of names tell them apart."""
    text, most = str(text or ""), _most_letters(size_pt)
    if len(text) > most:
        text = f"{text[: most // 2 - 1]}…{text[len(text) - (most - most // 2) :]}"
    return text


def _explain(page, words):
    """Legend of the colours at the upper right."""
    words = [word for word in words if word != "used"]
    if words:
        handles = [patches.Patch(fill=False, ec=STATUS_COLOURS[w], linewidth=2.0) for w in words]
        page.legend(
            handles,
            words,
            loc="upper right",
            ncols=len(words),
            borderaxespad=0.6,
            handlelength=1.2,
        )
