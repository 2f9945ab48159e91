from cosmouline.plots.footprints import footprint_page

import numpy as np


def test_the_map_its_outlines_and_stars_are_drawn(texts, assert_whole):
    """Eight images, one that misses the lens; stars of 14 and 18 mag, and one without a mag."""
    counts = np.array([[0, 1, 2, 3], [1, 4, 8, 2], [0, 0, 1, 1]])
    corners = np.array([[-1.5, -1.0], [1.0, -1.0], [1.0, 1.2], [-1.5, 1.2]])
    stars = np.array([[0.5, 0.5], [-1.0, 0.2], [0.1, -0.7]])

    page = footprint_page(
        counts, (-2.0, 2.0, -1.5, 1.5), [corners, corners + 0.2], (0.0, 0.0), [corners + 0.5],
        stars, np.array([14.0, 18.0, np.nan]), np.array([True, True, False]), "LENS", "8 images")

    assert_whole(page)
    ax = page.axes[0]
    assert ax.get_xlim() == (2.0, -2.0)  # east is left
    assert ax.get_ylim() == (-1.5, 1.5)
    good, bad = (np.asarray(one.get_offsets()) for one in ax.collections[-2:])
    assert (good.tolist(), bad.tolist()) == (stars[:2].tolist(), stars[2:].tolist())
    assert ax.collections[-2].get_sizes().tolist() == [60.0, 3.0]
    assert ax.collections[-1].get_sizes().tolist() == [3.0]  # as the faintest
    assert {"2 stars of the catalogue", "1 no standard: variable, blended ..."} <= set(texts(page))
