"""Contact sheets: many small pictures on one page, with their names and what became of them."""

import textwrap

from cosmouline import library
from cosmouline.plots import mosaic, style
from cosmouline.plots.scaling import colour_limits, frame_limits, shrink, stretch_norm
from cosmouline.plots.stamps import stamp_colours

import numpy as np

patches = library("matplotlib.patches")

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
                  note_lines=1):
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
    per_row : int
        Pictures in a row.
    note_lines : int
        Lines that a note may have; the rest is cut.
    """
    text_in = TEXT_IN + LINE_IN * (note_lines - 1)
    status = ["used"] * len(names) if status is None else status
    notes = [""] * len(names) if notes is None else notes
    n_rows = max(1, -(-len(names) // per_row))
    step_in = CELL_IN + GAP_IN, CELL_IN + text_in + GAP_IN
    page = style.blank(0.3 + per_row * step_in[0] - GAP_IN,
                       style.TITLE_IN + n_rows * step_in[1] + 0.25)
    style.title_page(page, title, subtitle)
    # legend of the colours at the upper right
    words = [word for word in STATUS_COLOURS if word in set(status) and word != "used"]
    if words:
        handles = [patches.Patch(fill=False, ec=STATUS_COLOURS[word], linewidth=2.0)
                   for word in words]
        page.legend(handles, words, loc="upper right", ncols=len(words), borderaxespad=0.6,
                    handlelength=1.2)
    pictures, corners, edges = [], [], []
    for index, (image, word) in enumerate(zip(images, status, strict=True)):
        # colours and empty cells as they are, stamps in their own shades, large frames binned
        if image is None or np.size(image) == 0 or np.asarray(image).dtype == np.uint8:
            pictures.append(image)
        elif max(np.shape(image)) <= THUMBNAIL_PX:
            pictures.append(stamp_colours(image))
        else:
            shown, _ = shrink(image, THUMBNAIL_PX)
            pictures.append(mosaic.paint(shown, stretch_norm(*frame_limits(shown), "log")))
        row, col = divmod(index, per_row)
        corners.append((0.15 + col * step_in[0], style.TITLE_IN + text_in + row * step_in[1]))
        # only what needs a look has a thick edge
        word = word if word in STATUS_COLOURS else "used"
        edges.append((STATUS_COLOURS[word], 0.7 if word == "used" else 2.4))
    boxes = mosaic.draw_mosaic(page, pictures, corners, (CELL_IN, CELL_IN), edges)
    for box, name, note in zip(boxes, names, notes, strict=True):
        _caption(page, box, name, note, note_lines)
    return page


@style.styled
def painted(image, colour_map=None):
    """Small picture of a frame with even steps between its 1 and 99 percentiles, in colours."""
    shown, _ = shrink(np.asarray(image), THUMBNAIL_PX)
    return mosaic.paint(shown, stretch_norm(*colour_limits(shown, 1.0, 99.0), "linear"),
                        colour_map)


def _caption(page, box, name, note, note_lines):
    """Write name and note above a small picture."""
    # long notes are wrapped; the last line holds the rest, as many whole words as find room
    lines = [note]
    if note_lines > 1:
        lines = [piece for line in str(note or "").split("\n")
                 for piece in textwrap.wrap(line, _most_letters(7.5))]
    if len(lines) > note_lines:
        lines = [*lines[: note_lines - 1], " ".join(lines[note_lines - 1 :])]
    top_pt = 15.5 + 72 * LINE_IN * (note_lines - 1)
    mosaic.write_above(page, box, _fitting(name, 8.0), top_pt, color=style.INK, fontsize=8.0)
    for index, line in enumerate(lines):
        height_pt = top_pt - 10.5 - 72 * LINE_IN * index
        words = textwrap.shorten(line or "", _most_letters(7.5), placeholder=" …").strip()
        mosaic.write_above(page, box, words if words.strip("…") else _fitting(line, 7.5),
                           height_pt, color="#666666", fontsize=7.5)


def _most_letters(size_pt):
    """Letters that fit above a cell."""
    return int(72 * CELL_IN / (0.6 * size_pt))


def _fitting(text, size_pt):
    """Text cut in its middle where it is wider than a cell: names differ at their ends."""
    text, most = str(text or ""), _most_letters(size_pt)
    if len(text) > most:
        text = f"{text[: most // 2 - 1]}…{text[len(text) - (most - most // 2) :]}"
    return text
