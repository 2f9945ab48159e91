from cosmouline.plots import peaks, style
from cosmouline.plots.peaks import peaks_page

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure


def test_a_panel_for_each_star_with_median_and_saturation(texts):
    peak = np.array([[100.0, 200.0, 900.0], [np.nan, np.nan, np.nan], [1.0, 2.0, np.nan]])

    page = peaks_page(["a", "b$", "c"], peak, {"R": 800.0, "V": 950.0}, "t", "e-")

    first, empty, last, unused = page.axes
    assert [line.get_xdata()[0] for line in first.lines] == [800.0, 950.0, 200.0]
    assert [ax.get_title() for ax in (first, empty, last)] == [
        "", "", ""]
    assert [ax.get_title(loc="left") for ax in (first, empty, last)] == [
        "a   n = 3, 1 saturated", r"b\$   n = 0", "c   n = 2"]
    assert to_rgb(first._left_title.get_color()) == to_rgb(style.ACCENT)
    assert to_rgb(last._left_title.get_color()) == to_rgb(style.INK)
    steps = first.patches[0].get_data()
    assert steps.values.sum() == 3
    assert (steps.edges[0], steps.edges[-1], len(steps.edges)) == pytest.approx((0, 988, 41))
    assert first.get_xlim() == last.get_xlim() == pytest.approx((0, 1.04 * 950))
    assert last.get_ylim() == pytest.approx((0, 1.25 * 2))
    assert [line.get_xdata()[0] for line in empty.lines] == [800.0, 950.0]
    found = texts(page)
    assert {"no data", "median", "saturation", "t"} <= set(found)
    assert not unused.axison
    assert {ax.get_xlabel() for ax in page.axes} == {"peak (e⁻)"}


def test_more_stars_than_a_page_holds_and_no_limit(monkeypatch):
    monkeypatch.setattr(peaks, "MAX_STARS", 5)

    page = peaks_page(list("abcdefg"), np.full((7, 2), 50.0), {})

    titles = [ax.get_title(loc="left") for ax in page.axes]
    assert titles == [f"{name}   n = 2" for name in "abcde"] + [""] * 3
    assert page.axes[0].get_xlim() == pytest.approx((0, 52))


@pytest.mark.parametrize("names", [[], ["a"]])
def test_nothing_measured_draws(names):
    assert isinstance(peaks_page(names, np.full((len(names), 0), np.nan), {}), Figure)
