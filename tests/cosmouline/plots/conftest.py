"""What the tests of pictures share: a check that nothing on a page is cut off."""

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
