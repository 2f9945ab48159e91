"""plots/dec_checks.py: amplitudes, degenerate direction, pulls, circles."""

from cosmouline.plots import dec_checks, style

import numpy as np
import pytest
from matplotlib.colors import to_rgb


@pytest.fixture
def ax():
    return style.place(style.blank(6, 4), 1, 1, 4, 2.5)


def test_bars_of_amplitudes_end_at_their_ratio(ax):
    dec_checks.amplitude_bars(ax, ["flat 0.35", "PSF"], [1.0, 3.5])

    ends = [bar.get_x() + bar.get_width() for bar in ax.patches]
    assert ends == pytest.approx([1.0, 3.5])
    assert ax.patches[0].get_facecolor() != ax.patches[1].get_facecolor()
    assert [label.get_text() for label in ax.texts] == ["flat 0.35", "PSF"]


def test_the_direction_has_a_bar_for_each_image_and_the_galaxy(ax):
    dec_checks.direction_bars(ax, ["A", "B"], [0.3, -0.9, 0.2], 0.66)

    assert [bar.get_height() for bar in ax.patches] == pytest.approx([0.3, -0.9, 0.2])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["A", "B", "galaxy"]
    assert any("66 %" in text.get_text() for text in ax.findobj() if hasattr(text, "get_text"))


def test_pulls_are_counted_and_their_rms_is_written(ax):
    pulls = np.append(np.random.default_rng(1).normal(0, 1.5, 200), [np.nan, 40.0])

    dec_checks.pull_histogram(ax, pulls)

    assert ax.patches[0].get_data().values.sum() == 201
    rms = f"rms {style.short(np.sqrt(np.nanmean(pulls**2)))}"
    assert any(rms == text.get_text().strip() for text in ax.findobj()
               if hasattr(text, "get_text"))


def test_circles_lie_around_the_sources_and_a_bad_one_is_bold(ax):
    dec_checks.source_circles(ax, np.array([(5.0, 6.0), (9.0, 2.0), (np.nan, 1.0)]), 2.0,
                              [1.0, 3.0, 1.0])

    assert len(ax.lines) == 2
    x, y = ax.lines[0].get_data()
    assert np.hypot(x - 5, y - 6) == pytest.approx(2.0)
    assert ax.lines[1].get_linewidth() > ax.lines[0].get_linewidth()


@pytest.mark.parametrize("draw", [
    lambda ax: dec_checks.amplitude_bars(ax, ["a"], [np.nan]),
    lambda ax: dec_checks.direction_bars(ax, ["A"], [np.nan, np.nan]),
    lambda ax: dec_checks.pull_histogram(ax, [np.nan])])
def test_nothing_to_draw_is_said(ax, draw):
    draw(ax)

    assert {text.get_text() for text in ax.texts} & {"no data", "not known"}


def test_amplitudes_have_a_logarithmic_axis_from_half_a_floor(ax):
    dec_checks.amplitude_bars(ax, ["a", "b$", "c"], [1.0, np.nan, 20.0])

    assert ax.get_xscale() == "log"
    assert ax.get_xlim() == pytest.approx((0.5, 26.0))
    assert ax.get_ylim() == pytest.approx((2.6, -0.6))
    assert [bar.get_x() for bar in ax.patches] == [0.5] * 3
    assert ax.patches[1].get_width() == 0
    assert list(ax.get_xticks()) == [1, 2, 4, 10]
    assert list(ax.lines[0].get_xdata()) == [1.0, 1.0]
    colours = [to_rgb(bar.get_facecolor()) for bar in ax.patches]
    blue = to_rgb(style.source_colour(0))
    assert colours == [blue, blue, to_rgb(style.ACCENT)]
    dec_checks.amplitude_bars(ax, ["a"], [2.0])  # not above the notable
    assert to_rgb(ax.patches[3].get_facecolor()) == blue
    assert ax.get_xlim()[1] == pytest.approx(4.0)


def test_the_direction_is_symmetric_about_zero_in_the_colours_of_the_images(ax):
    dec_checks.direction_bars(ax, ["A", "B$"], [0.3, -0.8, 0.2])

    assert ax.get_ylim() == pytest.approx((-1.2, 1.2))
    assert ax.get_xlim() == pytest.approx((-0.6, 2.6))
    assert [to_rgb(bar.get_facecolor()) for bar in ax.patches] == [to_rgb(colour) for colour in (
        style.source_colour(0), style.source_colour(1), style.FAINT)]
    assert list(ax.lines[0].get_ydata()) == [0.0, 0.0]
    assert not ax.texts
    dec_checks.direction_bars(ax, ["A"], [0.0, 0.0], np.nan)
    assert ax.get_ylim() == pytest.approx((-1.5e-3, 1.5e-3))
    assert not ax.texts


def test_pulls_have_the_unit_gaussian_and_more_bins_the_more_there_are(ax):
    pulls = np.random.default_rng(3).normal(size=100)

    dec_checks.pull_histogram(ax, pulls)

    steps, (x, gaussian) = ax.patches[0].get_data(), ax.lines[0].get_data()
    assert len(steps.values) == 20  # twice the root
    assert np.trapezoid(gaussian, x) == pytest.approx(100 * 0.5, rel=1e-4)
    assert ax.get_ylim() == pytest.approx((0, 1.25 * max(steps.values.max(), gaussian.max())))
    assert ax.get_xlim() == (-5, 5)


def test_circles_are_bold_above_a_chi2_of_one_and_a_half(ax):
    limits = ax.get_xlim(), ax.get_ylim()

    dec_checks.source_circles(ax, [(0.0, 0.0)] * 3, 1.0, [1.49, 1.51, np.nan])

    assert [line.get_linewidth() for line in ax.lines] == [0.7, 2.0]
    assert (ax.get_xlim(), ax.get_ylim()) == limits
