"""A region of the reference image by its text in settings and fields: ``[x1:x2, y1:y2]``."""

import re

_FORM = re.compile(r"\s*\[\s*(\d+)\s*:\s*(\d+)\s*,\s*(\d+)\s*:\s*(\d+)\s*\]\s*")


def read_region(text):
    """Return the edges (x1, x2, y1, y2) of a region ``[x1:x2, y1:y2]``; None for None.

    Parameters
    ----------
    text : str or None
        First and last columns and rows, counted from 1, as ds9 shows them.

    Returns
    -------
    tuple of float
        In pixels from 0, the outer edges of the outermost pixels.

    Raises
    ------
    ValueError
        If it is written in another way, or holds no pixel.
    """
    if text is None:
        return None
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError(f"'{text}' is no region: write \"[x1:x2, y1:y2]\", pixels from 1")
    x1, x2, y1, y2 = (int(word) for word in match.groups())
    if not (1 <= x1 < x2 and 1 <= y1 < y2):
        raise ValueError(f"'{text}' holds no pixel: the second number of a pair must be larger")
    return x1 - 1.5, x2 - 0.5, y1 - 1.5, y2 - 0.5


def write_region(box):
    """Return the text of a region; the inverse of `read_region`."""
    x1, x2, y1, y2 = box
    return f"[{x1 + 1.5:.0f}:{x2 + 0.5:.0f}, {y1 + 1.5:.0f}:{y2 + 0.5:.0f}]"
