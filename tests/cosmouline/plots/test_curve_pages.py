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


def test_every_kind_of_error_has_a_panel_and_its_points_their_true_days(assert_whole, texts):
    bars = np.arange(1, 19, dtype=float).reshape(2, 3, 3) / 1000
    bars[:, 2] = np.nan

    page = curve_pages.error_bars_page(MHJD, bars, NAMES, ["x", "y", "z"], [True, True, False])

    assert_whole(page)
    for k, ax in enumerate(page.axes[:2]):
        for row in range(2):
            shown = np.concatenate([points(ax, 2 * row), points(ax, 2 * row + 1)])
            assert shown == pytest.approx(np.column_stack([MHJD, 1e3 * bars[row, k]]))
    assert {"x", "y", "z: not known", "A", r"B\$1\$"} <= set(texts(page))


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


def test_panels_have_the_calendar_on_top_and_the_days_below():
    page = curve_pages.panels_page(MHJD, MAGS, MAGS / 100, NAMES)

    first, second = page.axes
    assert [ax.get_xlabel() for ax in (first, second)] == ["", "MHJD (days)"]
    gids = [[child.get_gid() for child in ax.child_axes] for ax in (first, second)]
    assert gids == [["calendar"], []]
    ends = np.array(first.collections[1].get_segments())[:, :, 1]
    np.testing.assert_allclose(ends, np.column_stack([MAGS[0] * 0.99, MAGS[0] * 1.01]))
    assert first.yaxis_inverted()


def test_of_several_panels_the_last_alone_has_the_label_of_the_dates():
    mags = np.vstack([MAGS, MAGS, MAGS[0]])
    page = curve_pages.panels_page(MHJD, mags, mags / 100, list("ABCDE"))

    assert [ax.get_xlabel() for ax in page.axes] == ["", "", "", "", "MHJD (days)"]


def test_error_bars_have_marks_of_their_source_and_a_plain_logarithmic_axis():
    bars = np.array([[[1.0, 2.0, 4.0]], [[3.0, 0.0, 16.0]]]) / 1000

    page = curve_pages.error_bars_page(MHJD, bars, ["A", "B"], ["x"], [True, False, True])

    ax, = page.axes
    assert ax.get_yscale() == "log"
    assert ax.get_ylim() == pytest.approx((1 / 1.3, 16 * 1.3))
    good, masked, other = ax.collections[:3]
    assert (good.get_alpha(), masked.get_alpha()) == (0.9, 0.3)
    assert points(good.axes, 1)[:, 1] == pytest.approx([2.0])
    colours = [one.get_edgecolors()[0, :3].tolist() for one in (good, masked, other)]
    assert colours[0] == colours[1] != colours[2]
    assert len(good.get_paths()[0].vertices) != len(other.get_paths()[0].vertices)
    assert ax.get_ylabel() == "error (mmag)"
    assert ax.get_xlabel() == "MHJD (days)"
    assert ax.yaxis.get_major_formatter()(20.0) == "20"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["A", "B"]


def test_differences_have_bars_and_a_line_at_zero():
    page = curve_pages.differences_page(MHJD, MAGS / 1000, MAGS / 500, NAMES, ["one", "two"])

    ax = page.axes[0]
    bars = np.array(ax.collections[1].get_segments())
    np.testing.assert_allclose(np.ptp(bars[:, :, 1], axis=1), 4 * MAGS[0])
    assert list(ax.lines[0].get_ydata()) == [0.0, 0.0]
    gids = [[child.get_gid() for child in one.child_axes] for one in page.axes]
    assert gids == [["calendar"], []]
    assert ax.get_title(loc="right") == "one"
    assert ax.get_ylabel() == "A (mmag)"
    assert not ax.yaxis_inverted()


def test_scatter_and_predictions_lie_at_their_magnitudes():
    scatter = np.array([0.1, 0.2, 0.05])

    page = curve_pages.variables_page(MAGS[0], scatter, scatter / 2, ["a", "b", "c"], "t", "s",
                                      [False, True, False])

    ax, = page.axes
    for index, wanted in ((0, scatter), (1, scatter / 2)):
        np.testing.assert_allclose(points(ax, index), np.column_stack([MAGS[0], wanted]))
    np.testing.assert_allclose(points(ax, 2), [[1.2, 0.2]])
    named, = ax.texts
    assert tuple(named.xy) == (1.2, 0.2)
    assert ax.get_yscale() == "log"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "stars", "their errors", "variable"]
