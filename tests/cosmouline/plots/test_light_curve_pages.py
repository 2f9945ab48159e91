"""light_curve_pages.py: several curves on a page, and measured beside true."""

from cosmouline.plots import light_curve_pages, style

import numpy as np
import pytest

NAMES = ["A", "B$1$"]


def quasar(seed=1, n=120):
    """Days, true and measured magnitudes of two sources, errors."""
    rng = np.random.default_rng(seed)
    mhjd = np.sort(rng.uniform(53000, 56000, n))
    true = np.array([-10 + 0.3 * np.sin(mhjd / 300), -9 + 0.3 * np.sin((mhjd - 20) / 300)])
    sigma = np.full((2, n), 0.01)
    return mhjd, true, true + rng.normal(0, 0.01, (2, n)), sigma


def points(ax, index=0):
    return np.asarray(ax.collections[index].get_offsets())


def test_all_curves_are_on_the_page_with_their_shifts(assert_whole, texts):
    mhjd, _, mags, sigmas = quasar()

    page = light_curve_pages.light_curves_page(mhjd, mags, sigmas, NAMES, [0.0, -0.5],
                                               title="lens $1$")

    assert_whole(page)
    (ax,) = page.axes
    np.testing.assert_allclose(points(ax, 0)[:, 1], mags[0])
    np.testing.assert_allclose(points(ax, 2)[:, 1], mags[1] - 0.5)
    assert {"A", r"B\$1\$ − 0.50", r"lens \$1\$"} <= set(texts(page))


def test_the_legend_is_outside_of_the_data():
    mhjd, _, mags, sigmas = quasar()

    page = light_curve_pages.light_curves_page(mhjd, mags, sigmas, NAMES)
    page.draw_without_rendering()

    (ax,) = page.axes
    assert ax.get_legend().get_window_extent().x0 >= ax.get_window_extent().x1


def test_one_panel_per_source_coloured_by_a_field(assert_whole, texts):
    mhjd, _, mags, sigmas = quasar()
    seeing = np.linspace(0.5, 2, 120)

    page = light_curve_pages.by_field_page(
        mhjd, mags, sigmas, NAMES, seeing, "seeing (arcsec)", title="t", notes=["χ² 1", "$χ²$ 2"]
    )

    assert_whole(page)
    for ax, mag in zip(page.axes, mags, strict=False):
        np.testing.assert_allclose(points(ax)[:, 1], mag)
    assert page.axes[0].get_xlim() == page.axes[1].get_xlim()
    shown = texts(page)
    assert shown.count("seeing (arcsec)") == 1
    assert {"χ² 1", r"\$χ²\$ 2", r"B\$1\$ (mag)"} <= set(shown)


def test_one_panel_per_source_coloured_by_set(assert_whole, texts):
    mhjd, _, mags, sigmas = quasar()
    sets = np.where(mhjd < 54000, "C2", "ECAM")

    page = light_curve_pages.by_field_page(mhjd, mags, sigmas, NAMES, sets, "set")

    assert_whole(page)
    shown = texts(page)
    assert shown.count("C2") == shown.count("ECAM") == shown.count("set") == 1


def test_residuals_are_measured_minus_true_in_mmag(assert_whole, texts):
    mhjd, true, _, sigmas = quasar()
    mags = true + np.array([[0.010], [-0.020]])

    page = light_curve_pages.measured_and_true(mhjd, mags, sigmas, NAMES, mhjd, true, "demo")

    assert_whole(page)
    np.testing.assert_allclose(points(page.axes[1])[:, 1], 10.0)
    np.testing.assert_allclose(points(page.axes[2])[:, 1], -20.0)
    # the errors are 10 mmag
    assert {"rms 10.0 mmag  =  1.00 σ", "rms 20.0 mmag  =  2.00 σ"} <= set(texts(page))


def test_the_truth_is_drawn_and_interpolated():
    mhjd, _, _, sigmas = quasar()
    true_mhjd = np.array([52000.0, 57000.0])
    true_mags = np.array([[0.0, 5.0], [1.0, 1.0]])
    mags = np.array([(mhjd - 52000) / 1000, np.ones(mhjd.size)])

    page = light_curve_pages.measured_and_true(mhjd, mags, sigmas, NAMES, true_mhjd, true_mags)

    np.testing.assert_array_equal(page.axes[0].lines[0].get_ydata(), true_mags[0])
    np.testing.assert_allclose(points(page.axes[1])[:, 1], 0.0, atol=1e-9)


def test_epochs_outside_of_the_truth_have_no_residual():
    mhjd, true, mags, sigmas = quasar()

    page = light_curve_pages.measured_and_true(mhjd, mags, sigmas, NAMES, mhjd[:50], true[:, :50])

    assert len(points(page.axes[1])) == 50


def test_the_residual_panels_share_their_scale():
    mhjd, true, mags, sigmas = quasar()
    mags[1] += np.random.default_rng(2).normal(0, 0.1, mhjd.size)

    page = light_curve_pages.measured_and_true(mhjd, mags, sigmas, NAMES, mhjd, true)

    assert page.axes[1].get_ylim() == page.axes[2].get_ylim()
    assert page.axes[1].yaxis_inverted()


@pytest.mark.parametrize("n_sources", [0, 2])
@pytest.mark.parametrize("mhjd", [[], [55000.0], [55000.0, np.nan]])
def test_pages_of_little_are_drawn(n_sources, mhjd, assert_whole):
    mags = np.full((n_sources, len(mhjd)), np.nan if len(mhjd) == 2 else 1.0)
    names = NAMES[:n_sources]

    assert_whole(light_curve_pages.light_curves_page(mhjd, mags, mags, names))
    assert_whole(light_curve_pages.by_field_page(mhjd, mags, None, names, [1.0] * len(mhjd), "x"))
    true_mags = np.ones((n_sources, 2))
    assert_whole(light_curve_pages.measured_and_true(mhjd, mags, mags, names, [5e4, 6e4],
                                                     true_mags))


def test_a_source_keeps_its_colour_on_every_page():
    mhjd, true, mags, sigmas = quasar()
    together = light_curve_pages.light_curves_page(mhjd, mags, sigmas, NAMES)
    compared = light_curve_pages.measured_and_true(mhjd, mags, sigmas, NAMES, mhjd, true)

    for page in (together, compared):
        colour = page.axes[0].collections[2].get_facecolors()[0]
        np.testing.assert_allclose(colour[:3], _rgb(style.source_colour(1)), atol=1e-6)


def _rgb(colour):
    return [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]


def test_given_limits_are_those_of_the_page_with_its_calendar():
    mhjd, _, mags, sigmas = quasar()

    page = light_curve_pages.light_curves_page(mhjd, mags, sigmas, NAMES, mag_limits=(-12, -7),
                                               day_limits=(54000, 54500))
    page.draw_without_rendering()

    (ax,) = page.axes
    assert ax.get_ylim() == (-7, -12)
    assert ax.get_xlim() == (54000, 54500)
    (calendar,) = ax.child_axes
    assert calendar.get_xlim() == (54000, 54500)


def test_masked_epochs_are_open_and_do_not_widen_the_axis():
    mhjd, _, mags, sigmas = quasar()
    flag = np.ones(120, dtype=bool)
    flag[5], mags[0, 5] = False, -20.0

    page = light_curve_pages.light_curves_page(mhjd, mags, sigmas, NAMES, flag=flag)

    ax = page.axes[0]
    white = (ax.collections[0].get_facecolors() == 1.0).all(axis=1)
    np.testing.assert_array_equal(white, ~flag)
    assert min(ax.get_ylim()) > -11


def test_a_note_has_room_above_the_points():
    mhjd, _, mags, sigmas = quasar()
    plain, noted = (light_curve_pages.by_field_page(mhjd, mags, sigmas, NAMES, mhjd, notes=notes)
                    for notes in (None, ["n", "m"]))

    for one, other in zip(plain.axes[:2], noted.axes[:2], strict=True):
        faint, bright = one.get_ylim()
        assert other.get_ylim() == pytest.approx((faint, bright - 0.16 * (faint - bright)))
    assert [ax.get_xlabel() for ax in noted.axes[:2]] == ["", "MHJD (days)"]
    assert [len(ax.child_axes) for ax in noted.axes[:2]] == [1, 0]


def test_small_residuals_have_the_least_scale_and_their_bars():
    mhjd, true, _, sigmas = quasar()

    page = light_curve_pages.measured_and_true(mhjd, true, sigmas / 100, NAMES, mhjd, true)

    for ax in page.axes[1:]:
        # 20 mmag at least for the bars, and a margin of 6 %
        low, high = sorted(ax.get_ylim())
        assert (low, high) == pytest.approx((-10, 10), rel=0.15)
        assert list(ax.lines[0].get_ydata()) == [0.0, 0.0]
        assert ax.get_ylabel() == "mmag"
        # at most three steps between the ticks, on both sides of zero
        shown = [tick for tick in ax.get_yticks() if low <= tick <= high]
        assert shown == pytest.approx([-8, 0, 8])
        bars = np.array(ax.collections[1].get_segments())[:, :, 1]
        np.testing.assert_allclose(np.ptp(bars, axis=1), 0.2)
    assert [ax.get_xlabel() for ax in page.axes] == ["", "", "MHJD (days)"]
