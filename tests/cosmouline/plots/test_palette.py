"""Pictures in 256 colours against the same in all."""

from cosmouline.plots.palette import in_palette

import numpy as np


def error(picture):
    """Largest difference of a channel, from 0 to 255."""
    indices, palette = in_palette(picture)
    return np.abs(palette[indices].astype(int) - picture[..., :3]).max(axis=2)


def test_greys_are_off_by_one_at_most_and_white_and_black_not_at_all():
    """128 greys for 256: every second one is exact, or both are off by less than one."""
    greys = np.repeat(np.arange(256, dtype=np.uint8).reshape(16, 16, 1), 4, axis=2)

    off = error(greys)

    assert off.max() == 1
    assert off[0, 0] == off[-1, -1] == 0


def test_flat_colours_are_exact_and_a_single_pixel_keeps_its_colour():
    """Frequent ones have a place each; of 3000 others the farthest have: none is off by 40."""
    rng = np.random.default_rng(1)
    page = np.full((200, 200, 3), 255, np.uint8)
    page[10:20, 10:60], page[30:40, 10:60] = (0, 114, 178), (213, 94, 0)
    page[60:160, 60:90] = rng.integers(100, 140, (100, 30, 3))
    page[190, 190] = 20, 200, 30

    off = error(page)

    assert off[:50].max() == 0
    assert off[190, 190] == 0
    assert off.max() < 40


def test_a_page_that_is_coloured_all_over_has_no_palette():
    """A smooth map: 256 steps of colour would show as contours."""
    page = np.zeros((20, 100, 3), np.uint8)
    page[..., 0], page[..., 1] = 200, np.arange(100)

    assert in_palette(page)[0] is None
