"""star_curves.py: deviations, their scale and rms, and coefficients beside each other."""

from cosmouline.plots import star_curves, style

import numpy as np
import pytest

MHJD = np.linspace(53000, 55000, 60)


def points(ax, index=0):
    return np.asarray(ax.collections[index].get_offsets())


def test_the_deviation_is_from_the_median_of_each_star():
    flux = np.array([[90.0, 100.0, 110.0, np.nan], [2.0, 2.0, 4.0, 2.0]])

    deviation = star_curves.percent_deviation(flux)

    np.testing.assert_allclose(deviation, [[-10, 0, 10, np.nan], [0, 0, 100, 0]])


@pytest.mark.parametrize("flux", [[[np.nan, np.nan]], [[-1.0, -2.0]], [[0.0, 0.0]]])
def test_no_deviation_without_a_positive_median(flux):
    assert np.isnan(star_curves.percent_deviation(flux)).all()


@pytest.mark.parametrize(
    ("sigma", "span"), [(0.2, 0.5), (0.8, 2), (2.0, 5), (4.0, 10), (8.0, 20), (500.0, 100)]
)
def test_the_scale_holds_97_percent(sigma, span):
    # 97 % of a Gaussian lie within 2.17 sigma
    deviation = np.random.default_rng(1).normal(0, sigma, 20_000)

    assert star_curves.span_percent(deviation) == span


def test_a_variable_star_does_not_flatten_the_others():
    deviations = np.random.default_rng(3).normal(0, [[0.3], [0.4], [0.3], [12.0]], (4, 500))

    assert star_curves.span_percent(deviations) == 1  # 2.17 x 0.4 %
    assert star_curves.span_percent(deviations[3:]) == 30  # 2.17 x 12 %


def test_a_star_that_varies_after_the_normalisation_counts_in_no_column():
    rng = np.random.default_rng(4)
    after = rng.normal(0, [[0.3], [0.4], [0.3], [12.0]], (4, 500))
    before = after + rng.normal(0, 6.0, 500)  # clouds, of all stars

    # 2.17 x 6 %; with the star it would be 2.17 x 13.4 %, for it is within 4 x the median
    assert star_curves.span_percent(before, after) == 20
    assert star_curves.span_percent(before) == 30


def test_stars_and_ratios_have_their_errors():
    flux = np.full((2, 60), 100.0)
    sigma = np.array([[0.01], [0.02]]) * np.ones(60)

    page = star_curves.star_curves_page(MHJD, flux, ["a", "b"], flux, sigma=sigma)
    coefficients = star_curves.coefficient_page(MHJD, np.full(60, 2.2), np.full(60, 0.1),
                                                np.full(60, 2.0))

    for k, half in enumerate((1.0, 1.0, 2.0, 2.0)):  # per cent, before and after
        bars = np.array(page.axes[k].collections[1].get_segments())
        np.testing.assert_allclose(np.ptp(bars[:, :, 1], axis=1), 2 * half)
    bars = np.array(coefficients.axes[2].collections[1].get_segments())
    np.testing.assert_allclose(np.ptp(bars[:, :, 1], axis=1), 2 * 0.1 / 2.0)


def test_the_scale_without_data_is_ten_percent():
    assert star_curves.span_percent(np.array([np.nan])) == 10


def test_a_star_is_drawn_with_its_rms_and_what_lies_outside(texts):
    deviation = np.tile([1.0, -1.0], 30)
    deviation[[4, 6, 8]] = 50.0
    page, ax = style.figure()

    star_curves.star_curve(ax, MHJD, deviation, span=5)

    np.testing.assert_allclose(points(ax), np.column_stack([MHJD, deviation]))
    rms = np.sqrt((57 + 3 * 2500) / 60)
    assert {f"{rms:.1f} %", "3 outside"} <= set(texts(page))
    assert ax.get_ylim() == pytest.approx((-5.6, 5.6))


def test_the_page_has_one_row_per_star_before_and_after(assert_whole, texts):
    rng = np.random.default_rng(2)
    after = 1e4 * (1 + rng.normal(0, 0.005, (4, 60)))
    before = after * rng.uniform(0.7, 1.0, 60)

    page = star_curves.star_curves_page(
        MHJD, after, ["a", "b", "c$1$", "d"], before, rng.uniform(1, 2, 60), "airmass", title="$t$"
    )

    assert_whole(page)
    axes = np.reshape(page.axes[:8], (4, 2))
    np.testing.assert_allclose(points(axes[2, 1])[:, 1], star_curves.percent_deviation(after)[2])
    np.testing.assert_allclose(points(axes[2, 0])[:, 1], star_curves.percent_deviation(before)[2])
    for column in axes.T:
        assert len({ax.get_ylim() for ax in column}) == 1
    assert axes[0, 0].get_ylim()[1] > axes[0, 1].get_ylim()[1]
    shown = texts(page)
    assert {r"c\$1\$", "airmass"} <= set(shown)
    assert any(text.startswith("before:  median of the rms") for text in shown)


def test_a_given_scale_is_that_of_all_panels():
    flux = np.ones((2, 60))

    page = star_curves.star_curves_page(MHJD, flux, ["a", "b"], flux, span=10)

    assert {ax.get_ylim()[1] for ax in page.axes} == {10 * star_curves.MARGIN}


@pytest.mark.parametrize(
    ("n_stars", "n_images", "value"), [(0, 0, 1.0), (2, 0, 1.0), (1, 1, 1.0), (3, 2, np.nan)]
)
def test_pages_of_little_are_drawn(n_stars, n_images, value, assert_whole):
    flux, mhjd = np.full((n_stars, n_images), value), MHJD[:n_images]

    assert_whole(star_curves.star_curves_page(mhjd, flux, list("abc")[:n_stars]))


@pytest.mark.parametrize(("n_images", "value"), [(0, 1.0), (1, 1.0), (3, np.nan)])
def test_coefficients_of_little_are_drawn(n_images, value, assert_whole):
    coefficient = np.full(n_images, value)

    assert_whole(star_curves.coefficient_page(MHJD[:n_images], coefficient, None, coefficient))


def test_coefficients_are_drawn_against_the_days_and_each_other(assert_whole, texts):
    rng = np.random.default_rng(3)
    medcoeff = rng.uniform(1.0, 1.3, 60)
    renorm = medcoeff * 1.01
    medcoeff[5] = np.nan
    sets = np.where(MHJD < 54000, "C2", "E$1$")

    page = star_curves.coefficient_page(
        MHJD, renorm, 0.01 * renorm, medcoeff, sets, "title", "renorm $r$"
    )

    assert_whole(page)
    curve, against, ratio, ratio_against = page.axes[:4]
    np.testing.assert_allclose(points(curve)[:, 1], renorm)
    kept = np.isfinite(medcoeff)
    np.testing.assert_allclose(points(against), np.column_stack([medcoeff, renorm])[kept])
    np.testing.assert_allclose(points(ratio)[:, 1], 1.01)
    np.testing.assert_allclose(points(ratio_against)[:, 1], 1.01)
    assert against.get_xlim() == against.get_ylim()
    assert {r"renorm \$r\$", r"E\$1\$", r"renorm \$r\$ / medcoeff"} <= set(texts(page))


def test_without_medcoeff_there_is_one_panel():
    page = star_curves.coefficient_page(MHJD, np.ones(60), np.full(60, 0.1))

    assert len(page.axes) == 1


def test_the_rms_stands_above_the_number_outside_at_the_right(place_of):
    page, ax = style.figure()
    deviation = np.tile([1.0, -1.0], 30)
    deviation[0] = 50.0

    star_curves.star_curve(ax, MHJD, deviation, span=5)

    page.draw_without_rendering()
    right = ax.get_window_extent().x1 / page.dpi
    rms, outside = place_of(page, "6.53 %"), place_of(page, "1 outside")
    assert rms.left == outside.left == pytest.approx(right + 6 / 72, abs=0.02)
    assert rms.bottom < outside.top + 0.02
    assert list(ax.get_yticks()) == [-5, 0, 5]
    assert list(ax.lines[0].get_ydata()) == [0.0, 0.0]


def test_the_column_has_its_calendar_and_the_median_of_the_rms(texts):
    deviation = np.outer([0.01, 0.02, 0.04], np.tile([1.0, -1.0], 30))

    page = star_curves.star_curves_page(MHJD, 100 * (1 + deviation), ["a", "b", "c"])

    assert "median of the rms 2.00 %" in texts(page)
    assert [bool(ax.child_axes) for ax in page.axes[:3]] == [True, False, False]
    assert [ax.get_xlabel() for ax in page.axes[:3]] == ["", "", "MHJD (days)"]
    assert [ax.get_ylabel() for ax in page.axes[:3]] == ["a", "b", "c"]


def test_ratios_have_a_line_at_one_and_the_widths_of_the_columns():
    page = star_curves.coefficient_page(MHJD, np.full(60, 2.2), np.full(60, 0.1),
                                        np.full(60, 2.0), label="r")

    curve, against, ratio, ratio_against = page.axes[:4]
    for ax in (ratio, ratio_against):
        assert any(list(line.get_ydata()) == [1.0, 1.0] for line in ax.lines)
    assert not curve.lines
    line, = against.lines
    np.testing.assert_allclose(line.get_xdata(), line.get_ydata())
    np.testing.assert_allclose(line.get_xdata(), against.get_xlim())
    np.testing.assert_allclose(points(ratio)[:, 1], 1.1)
    bars = np.array(curve.collections[1].get_segments())[:, :, 1]
    np.testing.assert_allclose(np.ptp(bars, axis=1), 0.2)
    assert [ax.get_ylabel() for ax in page.axes[:4]] == ["r", "r", "r / medcoeff", "r / medcoeff"]
    assert against.get_xlabel() == ratio_against.get_xlabel() == "medcoeff"
    page.draw_without_rendering()
    assert curve.get_position().width > 1.8 * against.get_position().width


def test_points_against_each_other_have_their_colours_and_limits():
    _, ax = style.figure()
    x, y = np.linspace(0, 1, 11), np.linspace(5, 7, 11)
    x[3] = np.nan

    star_curves.against(ax, x, y, ["a"] * 5 + ["b"] * 6)

    np.testing.assert_allclose(points(ax), np.column_stack([x, y])[np.isfinite(x)])
    shades = ax.collections[0].get_facecolors()
    assert [len(np.unique(part, axis=0)) for part in (shades[:4], shades[4:], shades)] == [1, 1, 2]
    assert ax.get_xlim() == pytest.approx((-0.06, 1.06))
    assert ax.get_ylim() == pytest.approx((5 - 0.12, 7 + 0.12))
    assert ax.collections[0].get_sizes().tolist() == [20.0]
