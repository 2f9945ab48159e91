from cosmouline.plots import aperture_curves, star_curves, style
from cosmouline.plots.aperture_curves import aperture_curves_page

import numpy as np
import pytest
from matplotlib.colors import to_rgb

MHJD, COEFF = np.arange(5.0), np.array([1.0, 1.1, 1.3, 0.9, 1.0])


def row_of(page, name):
    return next(ax for ax in page.axes if ax.get_ylabel() == name)


def test_stars_are_drawn_in_per_cent_and_the_coefficient_as_it_is():
    flux = np.array([[[100.0, 101, 99, 100, 100]], [[200.0, np.nan, 204, 196, 200]]])

    page = aperture_curves_page(MHJD, flux, ["a"], ["1fwhm", "3fwhm"], COEFF)

    star = row_of(page, "a")
    drawn = {line.get_label(): line.get_ydata() for line in star.lines}
    assert drawn["1fwhm"] == pytest.approx([0, 1, -1, 0, 0])
    assert drawn["3fwhm"] == pytest.approx([0, np.nan, 2, -2, 0], nan_ok=True)
    twin, = (ax for ax in page.axes if any(np.array_equal(line.get_ydata(), COEFF)
                                           for line in ax.lines))
    assert twin is not star
    assert twin.get_ylim() == pytest.approx((0.9 - 0.15 * 0.4, 1.3 + 0.15 * 0.4))
    assert (twin.get_zorder(), star.patch.get_visible()) < (star.get_zorder(), True)
    assert star.get_xlim() == pytest.approx((-0.12, 4.12))  # 3 % on both sides


def test_all_stars_share_a_scale_and_points_outside_lie_at_the_edge(texts, assert_whole):
    rng = np.random.default_rng(2)
    flux = 100 * (1 + rng.normal(0, [[[0.003]], [[0.006]]], (2, 3, 100)))
    flux[0, 1, :2] = 150, 30

    page = aperture_curves_page(np.arange(100.0), flux, ["a", "b$1$", "c"], ["x", "y"],
                                np.ones(100), "t", "renorm1")

    assert_whole(page)
    # 97 % of a Gaussian lie within 2.17 x 0.6 % = 1.3 %
    limit = 2 * star_curves.MARGIN
    for name in ("a", r"b\$1\$", "c"):
        ax = row_of(page, name)
        assert ax.get_ylim() == pytest.approx((-limit, limit))
        assert list(ax.get_yticks()) == [-2, 0, 2]
    drawn, = (line for line in row_of(page, r"b\$1\$").lines if line.get_label() == "x")
    assert drawn.get_ydata()[:2] == pytest.approx([limit, -limit])
    found = texts(page)
    outside = [text for text in found if text.endswith(" outside")]
    assert sum(int(text.split()[0]) for text in outside) == sum(
        int((np.abs(star_curves.percent_deviation(one)) > limit).sum()) for one in flux)
    assert any(text in outside for text in ("2 outside", "3 outside"))
    assert {"x", "y", "renorm1 (right)", "MHJD (days)", "t"} <= set(found)
    colours = [to_rgb(line.get_color()) for line in row_of(page, "a").lines
               if len(line.get_xdata()) == 100]
    assert colours == [to_rgb(style.SOURCE_COLOURS[0]), to_rgb(style.ACCENT)]


def test_more_stars_than_the_page_holds(monkeypatch):
    monkeypatch.setattr(aperture_curves, "MAX_STARS", 2)

    page = aperture_curves_page(MHJD, np.ones((1, 3, 5)), ["a", "b", "c"], ["x"], COEFF)

    assert [ax.get_ylabel() for ax in page.axes if ax.get_ylabel()] == ["a", "b"]


def test_no_image_draws():
    assert aperture_curves_page([], np.zeros((1, 1, 0)), ["a"], ["1fwhm"], []).axes
