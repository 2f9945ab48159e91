"""What the tests of pictures share: what a page shows where, and that nothing is cut off."""

from cosmouline.plots import mosaic

import numpy as np
import pytest
from matplotlib.text import Text


@pytest.fixture
def assert_whole():
    """Check that a page draws, and that all that is on it lies on it."""

    def check(page):
        page.draw_without_rendering()
        box = page.get_tightbbox()
        width, height = page.get_size_inches()
        slack = 0.01  # inches: one pixel
        assert -slack < box.x0
        assert -slack < box.y0
        assert box.x1 < width + slack
        assert box.y1 < height + slack

    return check


@pytest.fixture
def texts():
    """All texts of a page that say something; the labels of ticks once it is drawn."""

    def find(page):
        return [text.get_text() for text in page.findobj(Text) if text.get_text()]

    return find


@pytest.fixture
def boxes(monkeypatch):
    """Boxes of the pictures of the mosaic drawn last, in inches."""
    found, draw = [], mosaic.draw_mosaic

    def spy(*args, **kwargs):
        found[:] = draw(*args, **kwargs)
        return list(found)

    monkeypatch.setattr(mosaic, "draw_mosaic", spy)
    return found


@pytest.fixture
def screen():
    """Draw a page; gives its pixels (first row on top), red, green and blue from 0 to 255."""

    def draw(page):
        page.canvas.draw()
        return np.asarray(page.canvas.buffer_rgba())[..., :3].astype(int)

    return draw


@pytest.fixture
def look():
    """Colours that a screen shows at the centres of the pixels of a picture in a box.

    The first row is the lowest, as in images.
    """

    def sample(screen, box, shape, dpi=120):
        up, right = ((np.arange(size) + 0.5) / size for size in shape)
        rows = (box.bottom - up * (box.bottom - box.top)) * dpi
        cols = (box.left + right * (box.right - box.left)) * dpi
        return screen[rows.astype(int)[:, None], cols.astype(int)]

    return sample


@pytest.fixture
def place_of():
    """Box of a text on its page, in inches from the upper left corner."""

    def find(page, text):
        artist, = (one for one in page.findobj(Text) if one.get_text() == text)
        left, bottom, right, top = artist.get_window_extent().extents / page.dpi
        height = page.get_size_inches()[1]
        return mosaic.Box(left, height - top, right, height - bottom)

    return find


@pytest.fixture
def assert_apart():
    """Check that no two Axes of a page that was placed by hand lie on each other."""

    def check(page):
        boxes = [ax.get_position() for ax in page.axes]
        for k, one in enumerate(boxes):
            assert not [other for other in boxes[k + 1 :] if one.overlaps(other)]

    return check
