"""Plots that a selection file asks for; pages are compared by conftest.py."""

from cosmouline.plots.survey.selections import marker_of, selection_page

import numpy as np
import pytest

X, Y = np.array([1.0, 2.0, 3.0]), np.array([10.0, 30.0, np.nan])
SERIES = {"x": X, "y": Y, "label": "stars", "marker": "x", "size": 5.0}


def test_points_have_their_marker_limits_and_logarithm():
    page = selection_page({"XLABEL": "FWHM", "YLABEL": "MAG", "XLIM": "(0, 8)", "YLIM": "1,100",
                           "LOG": "yes", "ALPHA": "0.5"}, [SERIES], title="t")

    ax = page.axes[0]
    line, = ax.lines
    assert (line.get_marker(), line.get_markersize(), line.get_alpha()) == ("x", 5.0, 0.5)
    np.testing.assert_array_equal(line.get_xydata(), np.stack([X, Y], 1))
    assert (ax.get_xlim(), ax.get_ylim(), ax.get_yscale()) == ((0, 8), (1, 100), "log")
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title(loc="left")) == ("FWHM", "MAG", "t")
    assert ax.get_legend().get_texts()[0].get_text() == "stars"


def test_a_scatter_has_colours_and_a_histogram_its_bins():
    colour = np.array([5.0, 6.0, 7.0])
    page = selection_page({"TYPE": "SCATTER"}, [SERIES], colour)
    points, = page.axes[0].collections
    np.testing.assert_array_equal(points.get_array(), colour)
    assert page.axes[1].get_ylabel() == "stars"
    assert page.axes[0].get_legend() is None

    for bins, expected in ((4, 4), (None, 20)):
        page = selection_page({"TYPE": "hist", "HTYPE": "bar"}, [SERIES], bins=bins)
        heights = [bar.get_height() for bar in page.axes[0].patches]
        assert (len(heights), sum(heights)) == (expected, 2)
        assert page.axes[0].get_yscale() == "linear"


@pytest.mark.parametrize(("text", "marker"), [("+", "+"), ("v", "v"), ("circle", "."), ("", ".")])
def test_a_marker_that_is_none_is_a_point(text, marker):
    assert marker_of(text) == marker
