"""curve_pages.py: what is drawn is what was given, also where there is nothing."""

from cosmouline.plots import curve_pages

import numpy as np
import pytest

NAMES = ["A", "B$1$"]
MHJD = np.array([60000.0, 60010.0, 60025.0])
MAGS = np.array([[1.0, 1.2, 1.1], [2.0, np.nan, 2.1]])


def points(ax, index=0):
    return np.asarray(ax.collections[index].get_offsets())


def test_every_source_has_a_panel(assert_whole, texts):
    page = curve_pages.panels_page(MHJD, MAGS, MAGS / 100, NAMES, [True, False, True], "t $x$",
                                   mag_limits=(0, 3), day_limits=(59990, 60100), notes=["n", "m"])

    assert_whole(page)
    first, second = page.axes
    assert points(first)[:, 1] == pytest.approx(MAGS[0])
    assert points(second)[:, 1] == pytest.approx(MAGS[1, [0, 2]])
    assert first.get_xlim() == second.get_xlim() == (59990, 60100)
    assert (first.collections[0].get_facecolors() == 1).all(1).tolist() == [False, True, False]
    assert {"n", "m", r"B\$1\$ (mag)"} <= set(texts(page))


def test_all_errors_are_drawn_beside_each_other(assert_whole, texts):
    bars = np.arange(1, 19, dtype=float).reshape(2, 3, 3) / 1000
    bars[1, 2] = np.nan

    page = curve_pages.error_bars_page(MHJD, bars, NAMES, ["x", "y", "z"], [True, True, False])

    assert_whole(page)
    heights = np.concatenate([points(page.axes[0], k)[:, 1] for k in range(6)])
    assert sorted(heights) == pytest.approx(np.arange(1, 10))  # in mmag
    days = [points(page.axes[0], 2 * k)[0, 0] for k in range(3)]
    assert days[1] == MHJD[0]
    assert days[0] < days[1] < days[2] < MHJD[1]
    assert {"x", "y", "z"} <= set(texts(page))


def test_differences_are_in_thousandths(assert_whole, texts):
    page = curve_pages.differences_page(MHJD, MAGS / 1000, MAGS / 500, NAMES, ["one", "$two$"])

    assert_whole(page)
    assert points(page.axes[0])[:, 1] == pytest.approx(MAGS[0])
    assert {"one", r"\$two\$"} <= set(texts(page))


def test_variables_are_named(assert_whole, texts):
    page = curve_pages.variables_page(MAGS[0], np.array([0.1, 0.2, np.nan]), MAGS[0] / 100,
                                      ["a", "b$", "c"], is_variable=[False, True, False])

    assert_whole(page)
    assert r"b\$" in texts(page)
    assert "a" not in texts(page)


def test_a_single_point_is_drawn_too(assert_whole):
    one = np.full((2, 1), 5.0)
    for page in (curve_pages.panels_page(MHJD[:1], one, one, NAMES),
                 curve_pages.error_bars_page(MHJD[:1], one[:, None] * np.nan, NAMES, ["x"])):
        assert_whole(page)


def test_no_point_at_all_is_said(texts):
    none = np.zeros((0, 0))
    for page in (curve_pages.panels_page(MHJD[:0], none, none, []),
                 curve_pages.error_bars_page(MHJD[:0], none, [], ["x"]),
                 curve_pages.differences_page(MHJD[:0], none, none, [], []),
                 curve_pages.variables_page(none.ravel(), none.ravel(), none.ravel(), [])):
        assert "no data" in texts(page)
