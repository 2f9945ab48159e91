"""plots/dec_checks.py: amplitudes, degenerate direction, pulls, circles."""

from cosmouline.plots import dec_checks, style

import numpy as np
import pytest


@pytest.fixture
def ax():
    return style.place(style.blank(6, 4), 1, 1, 4, 2.5)


def test_bars_of_amplitudes_end_at_their_ratio(ax):
    dec_checks.amplitude_bars(ax, ["flat 0.35", "PSF"], [1.0, 3.5])

    ends = [bar.get_x() + bar.get_width() for bar in ax.patches]
    assert ends == pytest.approx([1.0, 3.5])
    assert ax.patches[0].get_facecolor() != ax.patches[1].get_facecolor()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["flat 0.35", "PSF"]


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
