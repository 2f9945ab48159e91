"""Pages in 256 colours: a third of the bytes of all colours, and half the time to write them."""

import numpy as np

N_GREYS = 128  # as many as the eye tells apart; no grey is off by more than one of 255
N_COLOURS = 256 - N_GREYS
N_FREQUENT = 64
MOST_COLOURED = 0.15  # of the pixels: a page with a map of the sky in colours has a quarter
BITS = 5  # of red, green and blue each: colours that share them are one


def in_palette(rgb):
    """Return a picture as indices into a palette of 256 colours made for it.

    Parameters
    ----------
    rgb : ndarray of uint8, shape (ny, nx, 3 or more)

    Returns
    -------
    indices : ndarray of uint8, shape (ny, nx), or None
        None where so much of the picture is coloured, as by a smooth map, that steps would show.
    palette : ndarray of uint8, shape (256, 3)

    Notes
    -----
    Greys have half of the palette. A quarter is for the colours that most pixels have, each the
    mean of its pixels, so that the flat colours of lines and letters stay; the last quarter for
    those farthest from them, so that a single point keeps its colour.
    """
    red, green, blue = (np.ascontiguousarray(rgb[..., k]) for k in range(3))
    palette = np.zeros((256, 3), np.uint8)
    palette[:N_GREYS] = np.round(np.arange(N_GREYS) * 255 / (N_GREYS - 1))[:, None]
    indices = red >> 1
    at = np.flatnonzero((red != green) | (green != blue))
    if not len(at):
        return indices, palette
    if len(at) > MOST_COLOURED * red.size:
        return None, palette
    # the bits of each colour, how many pixels have them, and their mean
    colours = np.stack([one.ravel()[at] for one in (red, green, blue)]).astype(np.intp)
    code = np.zeros(len(at), np.intp)
    for one in colours:
        code = (code << BITS) | (one >> (8 - BITS))
    count = np.bincount(code, minlength=1 << 3 * BITS)
    mean = np.stack([np.bincount(code, one, minlength=len(count)) for one in colours], 1)
    there = np.flatnonzero(count)
    mean = mean[there] / count[there, None]
    # the most frequent ones have a place, then always the one that is farthest from all that have;
    # the others get the nearest place
    kept = list(np.argsort(-count[there], kind="stable")[:N_FREQUENT])
    distance = ((mean[:, None] - mean[kept]) ** 2).sum(2)
    nearest, distance = np.argmin(distance, axis=1), distance.min(axis=1)
    while len(kept) < min(N_COLOURS, len(there)):
        kept.append(int(np.argmax(distance)))
        closer = ((mean - mean[kept[-1]]) ** 2).sum(1)
        nearest[closer < distance] = len(kept) - 1
        distance = np.minimum(distance, closer)
    place = np.zeros(len(count), np.uint8)
    place[there] = N_GREYS + nearest
    palette[N_GREYS : N_GREYS + len(kept)] = np.round(mean[kept])
    indices.ravel()[at] = place[code]
    return indices, palette
