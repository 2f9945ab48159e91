from cosmouline.plots.conditions import by_date_page

import numpy as np


def test_what_is_not_known_says_so(texts):
    page = by_date_page(np.arange(3.0), [(np.array([1.0, 2, 3]), "seeing", "arcsec"),
                                         (np.full(3, np.nan), "Moon", "%")], ["A", "A", "B"], "t")

    first, last = page.axes[:2]
    assert first.collections[0].get_offsets()[:, 1].tolist() == [1, 2, 3]
    assert first.collections[0].get_offsets()[:, 0].tolist() == [0, 1, 2]
    assert len(np.unique(first.collections[0].get_facecolors(), axis=0)) == 2
    found = texts(page)
    assert {"no data", "A", "B", "set", "t"} <= set(found)
    assert [bool(ax.collections[0].get_offsets().size) for ax in (first, last)] == [True, False]
    assert [ax.get_ylabel() for ax in (first, last)] == ["seeing\n(arcsec)", "Moon\n(%)"]
    assert [ax.get_xlabel() for ax in (first, last)] == ["", "MHJD (days)"]
    calendars = [[child.get_gid() for child in ax.child_axes] for ax in (first, last)]
    assert ["calendar" in gids for gids in calendars] == [True, False]


def test_no_image_draws():
    page = by_date_page([], [(np.zeros(0), "seeing", "arcsec")])

    assert page.axes[0].get_xlabel() == "MHJD (days)"
    assert by_date_page([], []).axes
