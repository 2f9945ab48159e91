"""light_curve.py: the points drawn are the points given, whatever else happens."""

from cosmouline.plots import style
from cosmouline.plots.light_curve import (
    COMMON_MARGIN,
    MIN_MAG_SPAN,
    common_limits,
    light_curve,
    separating_shifts,
    time_series,
)

import numpy as np
import pytest
from matplotlib import colors


def curve(seed=1, n=80):
    """Days over 15 years, magnitudes and errors."""
    rng = np.random.default_rng(seed)
    mhjd = np.sort(rng.uniform(53000, 58500, n))
    return mhjd, -10 + 0.2 * np.sin(mhjd / 500) + rng.normal(0, 0.01, n), np.full(n, 0.01)


def points(ax, index=0):
    return np.asarray(ax.collections[index].get_offsets())


def test_the_points_are_the_data():
    mhjd, mag, sigma = curve()
    _, ax = style.figure()

    light_curve(ax, mhjd, mag, sigma, label="A$1$")

    np.testing.assert_array_equal(points(ax), np.column_stack([mhjd, mag]))
    assert ax.collections[0].get_label() == r"A\$1\$"
    assert ax.get_ylabel() == "instrumental magnitude"


def test_the_bars_reach_one_sigma_and_unknown_errors_have_none():
    mhjd, mag, sigma = curve(n=5)
    sigma[2] = np.nan
    _, ax = style.figure()

    light_curve(ax, mhjd, mag, sigma)

    bars = np.array(ax.collections[1].get_segments())
    kept = [0, 1, 3, 4]
    np.testing.assert_allclose(bars[:, 0], np.column_stack([mhjd, mag - sigma])[kept])
    np.testing.assert_allclose(bars[:, 1], np.column_stack([mhjd, mag + sigma])[kept])


def test_bright_is_up_and_stays_up_with_a_second_curve():
    mhjd, mag, sigma = curve()
    _, ax = style.figure()

    light_curve(ax, mhjd, mag, sigma)
    light_curve(ax, mhjd + 4000, mag + 2, sigma)

    assert ax.yaxis_inverted()
    bottom, top = ax.get_ylim()
    assert bottom > mag.max() + 2
    assert top < mag.min()
    assert ax.get_xlim()[0] < mhjd.min()
    assert ax.get_xlim()[1] > mhjd.max() + 4000


def test_a_time_series_is_not_upside_down():
    mhjd, mag, _ = curve()
    _, ax = style.figure()

    time_series(ax, mhjd, mag)

    assert not ax.yaxis_inverted()
    np.testing.assert_array_equal(points(ax), np.column_stack([mhjd, mag]))


def test_nan_points_are_left_out():
    mhjd, mag, sigma = curve(n=6)
    mhjd[0], mag[3] = np.nan, np.nan
    _, ax = style.figure()

    light_curve(ax, mhjd, mag, sigma)

    np.testing.assert_array_equal(points(ax)[:, 0], mhjd[[1, 2, 4, 5]])


def test_masked_points_are_open_and_do_not_count_for_the_limits():
    mhjd, mag, sigma = curve()
    flag = np.ones(80, dtype=bool)
    flag[[3, 40]] = False
    mag[3] = mag.max() + 0.1 * np.ptp(mag)
    mag[40] += 5
    _, ax = style.figure()

    light_curve(ax, mhjd, mag, sigma, flag=flag)

    faces = ax.collections[0].get_facecolors()
    white = (faces == 1.0).all(axis=1)
    np.testing.assert_array_equal(white, ~flag)
    assert max(ax.get_ylim()) < mag[flag].max() + 0.3
    np.testing.assert_allclose(points(ax)[40, 1], mag[40])


def test_a_curve_that_is_masked_completely_still_has_limits():
    mhjd, mag, sigma = curve()
    _, ax = style.figure()

    light_curve(ax, mhjd, mag, sigma, flag=np.zeros(80, dtype=bool))

    assert min(ax.get_ylim()) < mag.min() < mag.max() < max(ax.get_ylim())


def test_wild_points_become_arrows_at_the_edge_where_they_lie():
    mhjd, mag, sigma = curve()
    mag[10] -= 3.0  # far too bright: above
    mag[20] += 3.0
    _, ax = style.figure()

    light_curve(ax, mhjd, mag, sigma)

    bright, faint = points(ax, 2), points(ax, 3)
    np.testing.assert_allclose(bright, [(mhjd[10], 0.982)])
    np.testing.assert_allclose(faint, [(mhjd[20], 0.018)])
    assert ax.get_ylim()[0] < mag[20]


def test_no_error_bar_is_cut_where_the_errors_are_alike():
    mag, sigma = np.array([1.0, 1.05, 1.1, 1.2]), np.array([0.02, 0.02, 0.02, 0.05])
    _, ax = style.figure()

    light_curve(ax, np.arange(4.0), mag, sigma)

    faint, bright = ax.get_ylim()
    assert faint > 1.25
    assert bright < 0.98


def test_given_limits_are_kept_in_either_order():
    mhjd, mag, sigma = curve()
    for limits in ((-11, -9), (-9, -11)):
        _, ax = style.figure()
        light_curve(ax, mhjd, mag, sigma, mag_limits=limits)
        assert ax.get_ylim() == (-9, -11)


def test_a_flat_curve_is_not_blown_up():
    mhjd, _, sigma = curve()
    _, ax = style.figure()

    light_curve(ax, mhjd, np.full(80, 5.0), sigma * 1e-3)

    assert abs(np.diff(ax.get_ylim())[0]) >= MIN_MAG_SPAN


def test_the_calendar_is_on_top_only_where_it_is_asked_for():
    mhjd, mag, sigma = curve()
    page, axes = style.figure(2)

    light_curve(axes[0], mhjd, mag, sigma)
    light_curve(axes[0], mhjd, mag + 1, sigma)
    light_curve(axes[1], mhjd, mag, sigma, calendar=False)
    page.draw_without_rendering()

    assert [child.get_gid() for child in axes[0].child_axes] == ["calendar"]
    assert "2010" in [text.get_text() for text in axes[0].child_axes[0].get_xticklabels()]
    assert not axes[1].child_axes


def test_the_points_have_the_colours_of_the_field(texts):
    mhjd, mag, sigma = curve()
    seeing = np.linspace(0.5, 2.5, 80)
    page, ax = style.figure()

    light_curve(ax, mhjd, mag, sigma, seeing, "seeing $x$ (arcsec)")

    low, high = np.percentile(seeing, (2, 98))
    expected = style.FIELD_MAP(np.clip((seeing - low) / (high - low), 0, 1))
    np.testing.assert_allclose(ax.collections[0].get_facecolors(), expected, atol=0.01)
    assert r"seeing \$x\$ (arcsec)" in texts(page)


def test_one_colour_is_that_of_the_source():
    mhjd, mag, sigma = curve(n=3)
    _, ax = style.figure()

    light_curve(ax, mhjd, mag, sigma, style.source_colour(1))

    np.testing.assert_allclose(
        ax.collections[0].get_facecolors()[0], colors.to_rgba(style.source_colour(1))
    )


EMPTY = [[], [], []]
ONE = [[55000.0], [1.0], [0.1]]
NAN = [[55000.0, np.nan], [np.nan, 1.0], [np.nan, 0.1]]
NO_DATE = [[0.0, 1e9], [1.0, 2.0], [0.1, 0.1]]


@pytest.mark.parametrize("data", [EMPTY, ONE, NAN, NO_DATE])
@pytest.mark.parametrize("times", [1, 2])
def test_curves_of_little_are_drawn(data, times, assert_whole):
    page, ax = style.figure(size=(7.0, 4.0))

    for _ in range(times):
        light_curve(ax, *data, colour=[1.0] * len(data[0]), flag=[True] * len(data[0]))

    assert_whole(page)
    assert ax.yaxis_inverted()


def test_an_empty_curve_says_so(texts):
    page, ax = style.figure()

    light_curve(ax, *EMPTY)

    assert "no data" in texts(page)


def test_ten_thousand_points_are_drawn(assert_whole):
    mhjd, mag, sigma = curve(n=10_000)
    page, ax = style.figure()

    light_curve(ax, mhjd, mag, sigma, mag)

    assert_whole(page)
    assert points(ax).shape == (10_000, 2)


def test_shifts_pull_curves_apart_and_leave_the_brightest():
    base = np.random.default_rng(2).normal(0, 0.1, 500)
    mags = np.array([base + 0.1, base, base + 5.0, np.full(500, np.nan)])[:3]

    shifts = separating_shifts(mags, gap_mag=0.2)

    assert shifts[1] == 0
    assert shifts[2] == 0  # far away already
    top = np.percentile(mags[1], 95)
    assert np.percentile(mags[0] + shifts[0], 5) >= top + 0.2
    assert shifts[0] / 0.05 == pytest.approx(round(shifts[0] / 0.05))


def test_common_limits_hold_all_curves_without_their_wild_points():
    mags = np.random.default_rng(3).normal(0, 0.1, (2, 200))
    mags[1] += 3
    mags[0, 5] = 99.0
    flag = np.ones(200, dtype=bool)
    flag[7], mags[1, 7] = False, -50.0

    low, high = common_limits(mags, flag)

    assert -1 < low < np.delete(mags[0], 7).min()
    assert mags[1].max() < high < 5


def test_common_limits_hold_the_bars_of_one_point():
    low, high = common_limits([[1.0]], None, [[0.1]])

    assert (low, high) == pytest.approx((0.8 - 0.4 * COMMON_MARGIN, 1.2 + 0.4 * COMMON_MARGIN))


def test_common_limits_keep_flat_curves_that_are_far_apart_off_the_border():
    low, high = common_limits([[1.0, 1.0, 1.01], [5.0, 5.0, 5.01]])

    assert 1.0 - low > 0.02 * (high - low)
    assert high - 5.01 > 0.02 * (high - low)


def test_common_limits_of_nothing():
    assert common_limits(np.full((2, 3), np.nan)) is None
    assert common_limits(np.zeros((0, 0))) is None


@pytest.mark.parametrize(("sigmas", "limits"), [
    ([0.01] * 11, (-0.07, 1.07)),  # 6 % on both sides, and a bar
    ([0.1] * 11, (-0.16, 1.16)),
    ([0.3] + [0.1] * 10, (-0.36, 1.16)),  # 1.2 bars
    ([0.5] + [0.1] * 10, (-0.16, 1.16)),  # much larger than the others
    (None, (-0.06, 1.06))])
def test_the_limits_hold_the_bars(sigmas, limits):
    _, ax = style.figure()

    time_series(ax, np.arange(11.0), np.linspace(0, 1, 11), sigmas)

    assert ax.get_ylim() == pytest.approx(limits)
    assert ax.get_xlim() == pytest.approx((-0.15, 10.15))  # 1.5 %


def test_one_point_has_room_around_it():
    _, ax = style.figure()

    light_curve(ax, [55000.0], [10.0], None)

    assert ax.get_xlim() == pytest.approx((54998, 55002))
    assert ax.get_ylim() == pytest.approx((10.025, 9.975))
    assert ax.get_xlabel() == "MHJD (days)"


@pytest.mark.parametrize(("n", "size"), [(5, 20.0), (500, 10.0), (4000, 4.0)])
def test_many_points_are_small_and_their_bars_fainter(n, size):
    mhjd, mag, sigma = curve(n=n)
    _, ax = style.figure()

    light_curve(ax, mhjd, mag, sigma, np.arange(float(n)))

    marks, bars = ax.collections[:2]
    assert marks.get_sizes().tolist() == [size]
    assert bars.get_alpha() == (0.15 if n >= 3000 else 0.8)
    np.testing.assert_allclose(bars.get_colors()[:, :3], marks.get_edgecolors()[:, :3])


def test_arrows_point_to_the_points_beyond_given_limits():
    _, ax = style.figure()

    time_series(ax, np.arange(4.0), [0.0, 9.0, -9.0, 1.0], colour=["a", "b", "c", "a"],
                limits=(-1, 2))

    above, below = ax.collections[2:4]
    assert above.get_offsets().tolist() == [[1.0, 0.982]]
    assert below.get_offsets().tolist() == [[2.0, 0.018]]
    shades = ax.collections[0].get_edgecolors()
    np.testing.assert_allclose(above.get_facecolors(), shades[1:2])
    np.testing.assert_allclose(below.get_facecolors(), shades[2:3])
    tips = [one.get_paths()[0].vertices[:, 1] for one in (above, below)]
    assert tips[0].max() == pytest.approx(-tips[1].min())


def test_days_are_integer_ticks():
    page, ax = style.figure()

    time_series(ax, [55000.0, 55003.5], [1.0, 2.0])

    page.draw_without_rendering()
    ticks = ax.get_xticks()
    assert len(ticks) <= 10
    assert (ticks == np.round(ticks)).all()


def test_an_empty_second_curve_leaves_the_first(texts):
    page, ax = style.figure()

    light_curve(ax, *curve())
    limits = ax.get_xlim(), ax.get_ylim()
    light_curve(ax, *EMPTY)

    assert (ax.get_xlim(), ax.get_ylim()) == limits
    assert "no data" not in texts(page)


def test_the_key_is_left_out_on_demand(texts):
    page, ax = style.figure()

    light_curve(ax, *curve(n=2), ["R", "V"], "set", show_key=False)

    assert not {"R", "V", "set"} & set(texts(page))


def test_common_limits_of_masked_epochs_alone_count_all():
    values = np.linspace(0, 1, 11)

    assert common_limits([values], [False] * 11) == common_limits([values])
    assert common_limits([values]) == pytest.approx((-0.06 - 1.12 * 0.03, 1.06 + 1.12 * 0.03))


def test_shifts_stack_three_curves_in_order_of_brightness():
    values = np.linspace(-1, 1, 101)  # 5-95 %: -0.9 to 0.9

    shifts = separating_shifts([values + 0.2, values, values + 0.4], 0.1)

    # 0.9 + 0.1 + 0.9 - 0.2 = 1.7, rounded up to steps of 0.05; then 2.8 + 0.1 + 0.9 - 0.4
    assert shifts == pytest.approx([1.7, 0.0, 3.4], abs=0.051)
    assert shifts[0] >= 1.7 - 1e-9
    # 1 % of 10000 days to 10 mag: 5-95 % are 0.5 and 9.5, by hand, whatever the rest does
    ramp = np.linspace(0, 10, 101)
    assert separating_shifts([ramp, ramp + 0.01], 0.02)[1] == pytest.approx(9.05, abs=1e-9)


@pytest.mark.parametrize(("width_in", "most"), [(1.2, 2), (2.7, 3), (4.5, 5), (11.0, 9)])
def test_the_days_have_as_many_ticks_as_find_room(width_in, most):
    page = style.blank(width_in + 1, 3.0)
    ax = style.place(page, 0.5, 0.5, width_in, 2.0)

    time_series(ax, np.linspace(53000.0, 58500.0, 50), np.zeros(50))

    left, right = ax.get_xlim()
    ticks = [tick for tick in ax.get_xticks() if left <= tick <= right]
    assert most / 2 - 1 <= len(ticks) <= most + 1
    assert ax.xaxis.get_major_locator()._nbins == most


def test_caps_stand_at_the_ends_of_the_bars():
    mhjd, mag, sigma = curve(n=6)
    sigma[2] = np.nan
    _, ax = style.figure()

    light_curve(ax, mhjd, mag, sigma, caps=True)

    for line, sign in zip(ax.lines, (-1, 1), strict=True):
        assert line.get_marker() == "_"
        np.testing.assert_allclose(line.get_ydata(), np.delete(mag + sign * sigma, 2))
        np.testing.assert_array_equal(line.get_xdata(), np.delete(mhjd, 2))
    # wider than the point: seen where the bar is not
    assert ax.lines[0].get_markersize() > np.sqrt(ax.collections[0].get_sizes()[0])


def test_the_points_of_one_night_lie_apart_on_an_axis_in_hours():
    mhjd = 60280 + np.array([1.0, 2.5, 7.0]) / 24
    _, ax = style.figure()

    light_curve(ax, mhjd, np.ones(3), np.full(3, 0.01))

    low, high = ax.get_xlim()
    assert np.ptp(mhjd) > 0.9 * (high - low)
    assert ax.get_xlabel() == "hours from MHJD 60280 (2023-12-02)"
    text = ax.xaxis.get_major_formatter()
    ticks = [tick for tick in ax.get_xticks() if low <= tick <= high]
    assert [float(text(tick, 0)) for tick in ticks] == pytest.approx(
        24 * (np.array(ticks) - 60280))
    assert len(ticks) > 3
    assert [text(tick, 0) for tick in ticks] == [f"{k:g}" for k in range(1, 8)]
