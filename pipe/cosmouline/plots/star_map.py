"""A frame with the stars of a list: those that were found on it and those that were not."""

from cosmouline.plots import marks, style
from cosmouline.plots.frame import frame_and_side, frame_image, write_side

import numpy as np

FOUND_COLOUR, LOST_COLOUR = style.SOURCE_COLOURS[0], style.ACCENT
MOST_SOURCES = 2000


@style.styled
def star_map(image, xy_px, names, is_found, sources_px=(), lens_xy_px=None, boxes=None, title="",
             info=()):
    """Page of one frame, the stars of a list marked by whether a source was found there.

    Parameters
    ----------
    image : ndarray of float, shape (ny, nx)
        The sky subtracted.
    xy_px : array of float, shape (n, 2)
        Where the stars should be.
    names : sequence of str
        Of the stars.
    is_found : array of bool, shape (n,)
    sources_px : array of float, shape (m, 2)
        Everything that was detected, drawn faintly.
    boxes : dict of str to array of float, shape (4, 2), optional
        Corners of regions by name, in pixels of this frame.
    lens_xy_px, title, info
        As in `frame_page`.

    Returns
    -------
    Figure
    """
    xy_px = np.reshape(np.asarray(xy_px, dtype=float), (-1, 2))
    is_found = np.asarray(is_found, dtype=bool)
    page, ax = frame_and_side(np.shape(image), title)
    frame_image(ax, image)
    sources_px = np.reshape(sources_px, (-1, 2))[:MOST_SOURCES]
    marks.mark_stars(ax, sources_px, colour=style.FAINT, size_pt=7.0, label="detected")
    for found, colour, label in ((True, FOUND_COLOUR, "found"), (False, LOST_COLOUR, "not found")):
        if (is_found == found).any():
            marks.mark_stars(ax, xy_px[is_found == found], None, colour, label=label)
    colours = [FOUND_COLOUR if found else LOST_COLOUR for found in is_found]
    if 0 < len(names) <= marks.MAX_LABELS:
        marks.write_names(ax, xy_px, [str(name) for name in names], colours)
    # regions are drawn turned as they lie on the frame, their names above
    green = style.SOURCE_COLOURS[2]
    for name, corners in (boxes or {}).items():
        corners = np.asarray(corners, dtype=float)
        ax.plot(*np.vstack([corners, corners[:1]]).T, color=green, linewidth=1.2, scalex=False,
                scaley=False)
        ax.annotate(style.safe_text(name), corners[corners[:, 1].argmax()], (0, 3),
                    textcoords="offset points", fontsize=8, ha="center", color=green,
                    path_effects=style.halo(), annotation_clip=True)
    if lens_xy_px is not None:
        marks.mark_lens(ax, *lens_xy_px)
    write_side(ax, info)
    return page
