from cosmouline.plots.star_map import FOUND_COLOUR, LOST_COLOUR, star_map

import numpy as np
from matplotlib.collections import PathCollection
from matplotlib.colors import to_rgb


def test_stars_are_marked_by_whether_they_were_found():
    image = np.random.default_rng(1).normal(size=(60, 80))
    corners = [(10, 10), (30, 10), (30, 25), (10, 25)]

    page = star_map(image, [(20.0, 30.0), (50.0, 40.0)], ["a", "b"], [True, False],
                    [(20.1, 30.2)], (40.0, 30.0), {"empty": corners})

    marks = [(to_rgb(c.get_edgecolor()[0]), c.get_offsets().tolist())
             for c in page.findobj(PathCollection)]
    assert (to_rgb(FOUND_COLOUR), [[20.0, 30.0]]) in marks
    assert (to_rgb(LOST_COLOUR), [[50.0, 40.0]]) in marks
    ring, = [line for line in page.axes[0].lines if len(line.get_xdata()) == 5]
    assert ring.get_xydata()[:4].tolist() == [list(map(float, corner)) for corner in corners]


def test_a_map_without_stars_draws():
    page = star_map(np.zeros((20, 20)), np.zeros((0, 2)), [], [])

    assert page.axes
