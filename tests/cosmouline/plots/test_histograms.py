"""histograms.py: counts and medians are those of numpy, and wild values are counted."""

from cosmouline.plots import histograms, style
from cosmouline.plots.histograms import histogram

import numpy as np
import pytest
from matplotlib.colors import to_rgba


def drawn_counts(ax):
    """Read the counts of the outlines (the fills come first of each pair)."""
    return [patch.get_data().values for patch in ax.patches[1::2]]


def test_every_value_is_counted_once():
    values = np.random.default_rng(1).normal(1.0, 0.1, 500)
    values[7] = np.nan
    _, ax = style.figure()

    histogram(ax, values, "seeing", "arcsec")

    assert drawn_counts(ax)[0].sum() == 499
    assert ax.get_xlabel() == "seeing (arcsec)"


def test_the_median_is_marked_and_written(texts):
    values = [1.0, 2.0, 3.0, 4.0, 10.0, np.nan]
    page, ax = style.figure()

    histogram(ax, values, "sky", "e-")

    assert ax.lines[0].get_xdata()[0] == 3.0
    assert "median 3.00 e⁻  (n = 5)" in texts(page)


def test_wild_values_are_counted_at_the_side(texts):
    values = np.random.default_rng(2).normal(1.0, 0.1, 300)
    values[:2], values[2] = 1e4, -1e4
    page, ax = style.figure()

    histogram(ax, values)

    assert {"2 above ▸", "◂ 1 below"} <= set(texts(page))
    assert ax.get_xlim()[1] < 3
    assert drawn_counts(ax)[0].sum() == 297


def test_what_is_never_negative_starts_at_zero_or_above():
    _, ax = style.figure()

    histogram(ax, np.abs(np.random.default_rng(3).normal(0, 0.01, 200)))

    assert ax.get_xlim()[0] == 0


def test_each_set_has_its_histogram_in_the_same_bins(texts):
    values = np.r_[np.full(30, 1.0), np.linspace(1.5, 2, 20), np.nan]
    sets = ["C2"] * 30 + ["E$C$"] * 20 + ["empty"]
    page, ax = style.figure()

    histogram(ax, values, "seeing", by_set=sets)

    assert [counts.sum() for counts in drawn_counts(ax)] == [30, 20]
    assert len({patch.get_data().edges.tobytes() for patch in ax.patches}) == 1
    assert "C2  median 1.00  (n = 30)" in texts(page)
    assert any(text.startswith(r"E\$C\$") for text in texts(page))


def test_whole_numbers_have_ticks_at_whole_numbers():
    """18 of 22 images with 21 stars each: the axis is not a hundredth of a star wide."""
    page, ax = style.figure()

    histogram(ax, [21.0] * 18 + [14.0, 15.0, 17.0, 19.0])

    page.canvas.draw()
    low, high = ax.get_xlim()
    ticks = [tick for tick in ax.get_xticks() if low <= tick <= high]
    assert 2 <= len(ticks) <= 12
    assert np.array_equal(ticks, np.round(ticks))
    assert low < 21 < high


def test_many_sets_are_drawn_together(texts):
    n_sets = histograms.MAX_SETS + 1
    page, ax = style.figure()

    histogram(ax, np.arange(float(n_sets)), by_set=[f"s{i}" for i in range(n_sets)])

    assert len(drawn_counts(ax)) == 1
    assert f"{n_sets} sets  median 5.00  (n = {n_sets})" in texts(page)


@pytest.mark.parametrize("values", [[], [np.nan, np.nan], [2.0], [2.0] * 9, [0.0], np.arange(1e4)])
def test_histograms_of_little_and_of_much(values, assert_whole):
    page, ax = style.figure()

    histogram(ax, values, "x", "px")
    histograms.pixel_histogram(style.figure()[1], values)

    assert_whole(page)


@pytest.mark.parametrize("n_panels", [0, 3, 5])
def test_a_page_has_one_panel_per_quantity(n_panels, assert_whole):
    values = np.random.default_rng(4).normal(size=50)

    page = histograms.histograms_page(
        [(values, f"q{i}", "1") for i in range(n_panels)], None, "$t$"
    )

    assert_whole(page)
    assert sum(ax.axison and bool(ax.patches) for ax in page.axes) == n_panels


def test_the_pixel_histogram_finds_the_sky(texts):
    pixels = np.random.default_rng(5).normal(50.0, 4.0, 100_000)
    page, ax = style.figure()

    histograms.pixel_histogram(ax, np.append(pixels, [np.nan, 1e6]))

    # the median of n Gaussian values scatters by 1.2533 sigma / sqrt(n)
    assert ax.lines[0].get_xdata()[0] == pytest.approx(50, abs=5 * 1.2533 * 4 / np.sqrt(1e5))
    assert "level 50.0 e⁻\nσ 4.00 e⁻" in texts(page)


def test_a_level_far_from_all_pixels_is_drawn_without_any():
    ax = style.figure()[1]
    histograms.pixel_histogram(ax, np.arange(100.0), level_e=-1e6, sigma_e=1.0)

    assert ax.get_xlim() == pytest.approx((-1e6 - 8, -1e6 + 8))
    assert ax.get_yscale() == "linear"  # nothing to count


def test_the_pixel_histogram_takes_what_was_measured(texts):
    page, ax = style.figure()

    histograms.pixel_histogram(ax, np.arange(100.0), level_e=40.0, sigma_e=5.0)

    assert ax.get_xlim() == (0.0, 80.0)
    assert "level 40.0 e⁻\nσ 5.00 e⁻" in texts(page)


def test_every_bin_of_the_pixel_histogram_holds_as_many_steps_of_the_adu():
    pixels = np.repeat(np.arange(0.0, 400.0, 2.0), 3)  # gain 2: all levels equally often
    ax = style.figure()[1]

    histograms.pixel_histogram(ax, pixels, level_e=200.0, sigma_e=22.0)

    counts = ax.patches[0].get_data().values
    assert set(counts[5:-5]) == {6.0}  # bins of about 2.93 e- become 4 e-: two steps, three each


def test_the_check_page_shows_what_was_measured(assert_whole, texts):
    rng = np.random.default_rng(3)

    page = histograms.check_page(rng.normal(4, 0.2, 30), rng.uniform(0, 0.2, 30),
                                 rng.normal(500, 20, 5000), 4.1, 0.1, 500.0, 20.0, "R_1")

    assert_whole(page)
    assert {"R_1", "measured 4.10 px", "measured 0.100"} <= set(texts(page))
    assert page.axes[0].get_xlim() == pytest.approx((0, 2.5 * 4.1))  # cosmics and galaxies too
    assert 4.1 in [line.get_xdata()[0] for line in page.axes[0].lines]
    assert_whole(histograms.check_page([], [], [], 1.0, 0.0, 0.0, 1.0))


def test_bins_follow_freedman_and_diaconis():
    ax = style.figure()[1]

    # quartiles 25 and 75 of 1000 values: 2 x 50 / 10 = 10
    histogram(ax, np.linspace(0, 100, 1000), limits=(0.0, 100.0))

    np.testing.assert_allclose(ax.patches[0].get_data().edges, np.linspace(0, 100, 11))
    ax = style.figure()[1]
    histogram(ax, np.linspace(0, 100, 1000), limits=(-4000.0, 4000.0))
    assert len(ax.patches[0].get_data().edges) == histograms.MAX_BINS + 1
    ax = style.figure()[1]
    histogram(ax, [5.0] * 20)
    assert len(ax.patches[0].get_data().edges) == histograms.MIN_BINS + 1


@pytest.mark.parametrize("sets", [["a"] * 90, ["a"] * 60 + ["b"] * 30])
def test_the_legend_stands_above_the_steps_in_the_colours_of_the_sets(sets):
    ax = style.figure()[1]
    values = np.repeat([1.0, 2.0, 3.0], 30)

    histogram(ax, values, by_set=sets, limits=(0.0, 4.0))

    n_sets = len(set(sets))
    assert ax.get_ylim() == pytest.approx((0, (1.06 + 0.12 * n_sets) * 30))
    assert ax.get_xlim() == (0.0, 4.0)
    alpha = 0.35 if n_sets == 1 else 0.13
    for k in range(n_sets):
        fill, outline = ax.patches[2 * k : 2 * k + 2]
        assert fill.get_facecolor() == pytest.approx(to_rgba(style.source_colour(k), alpha))
        assert outline.get_edgecolor() == pytest.approx(to_rgba(style.source_colour(k)))
        assert (fill.get_fill(), outline.get_fill()) == (True, False)
        handle = ax.get_legend().legend_handles[k]
        assert handle.get_facecolor() == pytest.approx(to_rgba(style.source_colour(k), 0.25))
    medians = [line.get_xdata()[0] for line in ax.lines]
    assert medians == ([2.0] if n_sets == 1 else [1.5, 3.0])
    assert ax.get_ylabel() == "number of images"


def test_the_unit_gaussian_has_as_many_values_as_the_histogram():
    ax = style.figure()[1]
    x = np.linspace(-5, 5, 201)

    top = histograms.gaussian_histogram(ax, np.array([-9.0, 0.1, 0.2, 7.0]), np.arange(-5, 5.5), x)

    steps, (_, gaussian) = ax.patches[0].get_data(), ax.lines[0].get_data()
    assert steps.values.tolist() == [1, 0, 0, 0, 0, 2, 0, 0, 0, 1]
    np.testing.assert_allclose(gaussian, 4 * np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi))
    assert top == 2
    assert histograms.gaussian_histogram(ax, np.arange(8.0), np.arange(9.0), x) == pytest.approx(
        8 / np.sqrt(2 * np.pi))


def test_the_pixels_are_drawn_around_their_level():
    ax = style.figure()[1]

    histograms.pixel_histogram(ax, np.random.default_rng(1).normal(10, 2, 5000), 11.0, 1.5)

    span = ax.patches[1].get_extents().transformed(ax.transData.inverted())
    assert (span.x0, span.x1) == pytest.approx((9.5, 12.5))
    assert ax.lines[0].get_xdata()[0] == 11.0
    assert ax.get_xlim() == (-1.0, 23.0)
    assert ax.get_ylim()[0] == pytest.approx(0.7)
    assert ax.get_yscale() == "log"
    edges = ax.patches[0].get_data().edges
    assert np.diff(edges) == pytest.approx(24 / histograms.N_PIXEL_BINS)
    assert (edges[0], edges[-1]) == pytest.approx((-1, 23))
    assert ax.get_xlabel() == "pixel (e⁻)"


@pytest.mark.parametrize(("n_panels", "n_cols"), [
    (0, 1), (1, 1), (2, 2), (3, 3), (4, 2), (5, 3)])
def test_panels_stand_in_rows_and_the_first_column_is_labelled(n_panels, n_cols):
    page = histograms.histograms_page([(np.arange(9.0), f"q{k}", "m") for k in range(n_panels)])

    assert page.axes[0].get_subplotspec().get_gridspec().ncols == n_cols
    shown = page.axes[:n_panels]
    assert [ax.get_xlabel() for ax in shown] == [f"q{k} (m)" for k in range(n_panels)]
    assert [bool(ax.get_ylabel()) for ax in shown] == [k % n_cols == 0 for k in range(n_panels)]


def test_the_check_page_has_its_limits_and_lines():
    pixels = np.random.default_rng(2).normal(100, 5, 2000)

    page = histograms.check_page([3.0, 4.0], [0.1, 0.3], pixels, 3.5, 0.25, 101.0, 4.0)

    size, shape, sky = page.axes
    assert size.get_xlim() == (0, 8.75)
    assert shape.get_xlim() == (0, 1)
    assert [ax.lines[-1].get_xdata()[0] for ax in (size, shape, sky)] == [3.5, 0.25, 101.0]
    assert [ax.get_ylabel() for ax in page.axes] == ["number of sources"] * 2 + [
        "number of pixels"]
    assert size.get_xlabel() == "FWHM of the sources (px)"
    assert sky.get_xlim() == (69, 133)
