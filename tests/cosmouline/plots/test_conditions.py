from cosmouline.plots.conditions import by_date_page

import numpy as np


def test_what_is_not_known_says_so(texts):
    page = by_date_page(np.arange(3.0), [(np.array([1.0, 2, 3]), "seeing", "arcsec"),
                                         (np.full(3, np.nan), "Moon", "%")], ["A", "A", "B"])

    assert page.axes[0].collections[0].get_offsets()[:, 1].tolist() == [1, 2, 3]
    assert "no data" in texts(page)
    assert page.axes[0].get_ylabel() == "seeing\n(arcsec)"


def test_no_image_draws():
    assert by_date_page([], [(np.zeros(0), "seeing", "arcsec")]).axes
