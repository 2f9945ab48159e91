from cosmouline.plots import marks, star_map, style
from cosmouline.plots.star_map import FOUND_COLOUR, LOST_COLOUR

import numpy as np
from matplotlib.collections import PathCollection
from matplotlib.colors import to_rgb

IMAGE = np.random.default_rng(1).normal(size=(60, 80))
XY, NAMES = [(20.0, 30.0), (50.0, 40.0)], ["a", "b$"]


def test_stars_are_marked_by_whether_they_were_found(texts, assert_whole):
    corners = [(10, 10), (30, 10), (28, 25), (10, 22)]

    page = star_map.star_map(IMAGE, XY, NAMES, [True, False], [(20.1, 30.2)], (40.0, 31.0),
                             {"empty$": corners}, "t", ["info"])

    assert_whole(page)
    found = [(to_rgb(c.get_edgecolor()[0]), c.get_offsets().tolist(), c.get_label())
             for c in page.findobj(PathCollection)]
    assert (to_rgb(FOUND_COLOUR), [[20.0, 30.0]], "found") in found
    assert (to_rgb(LOST_COLOUR), [[50.0, 40.0]], "not found") in found
    assert (to_rgb(style.FAINT), [[20.1, 30.2]], "detected") in found
    assert any(offsets == [[40.0, 31.0]] for _, offsets, _ in found)  # the lens
    ring, = [line for line in page.axes[0].lines if len(line.get_xdata()) == 5]
    assert ring.get_xydata()[:4].tolist() == [list(map(float, corner)) for corner in corners]
    assert ring.get_xydata()[4].tolist() == [10.0, 10.0]
    written = {text.get_text(): text for text in page.axes[0].texts}
    assert to_rgb(written["a"].get_color()) == to_rgb(FOUND_COLOUR)
    assert to_rgb(written[r"b\$"].get_color()) == to_rgb(LOST_COLOUR)
    assert tuple(written[r"empty\$"].xy) == (28.0, 25.0)  # at the highest corner
    assert {"t", "info", "lens", "found", "not found", "detected"} <= set(texts(page))
    assert page.axes[0].get_xlim() == (-0.5, 79.5)


def test_all_stars_found_leaves_no_mark_for_the_others(monkeypatch):
    monkeypatch.setattr(star_map, "MOST_SOURCES", 3)
    monkeypatch.setattr(marks, "MAX_LABELS", 1)

    page = star_map.star_map(IMAGE, XY, NAMES, [True, True], np.full((9, 2), 5.0))

    drawn = {c.get_label(): len(c.get_offsets()) for c in page.axes[0].collections}
    assert drawn == {"detected": 3, "found": 2}  # neither lens nor names
    assert "a" not in [text.get_text() for text in page.axes[0].texts]


def test_a_map_without_stars_draws():
    page = star_map.star_map(np.zeros((20, 20)), np.zeros((0, 2)), [], [])

    assert page.axes
