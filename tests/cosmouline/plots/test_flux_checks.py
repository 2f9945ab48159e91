from cosmouline.plots import style
from cosmouline.plots.flux_checks import flux_by_number, flux_checks_page, flux_histograms

import numpy as np


def test_histograms_count_all_and_tell_the_gaps(texts):
    flux, coeff = np.array([50.0, 100.0, 110.0, 80.0, np.nan]), np.array([2.0, 1, 1, 1.25, 1])
    page, ax = style.figure()

    flux_histograms(ax, flux, coeff)

    assert [patch.get_data().values.sum() for patch in ax.patches] == [4, 4]
    assert "least +0.0 %\nmost +10.0 %" in texts(page)  # normalised: 100, 100, 110, 100


def test_a_negative_flux_is_marked_at_its_number():
    _, ax = style.figure()

    flux_by_number(ax, np.array([1, 2, 3]), np.array([10.0, -4.0, 12.0]), np.ones(3))

    assert [line.get_xdata()[0] for line in ax.lines[2:]] == [2]


def test_sources_that_were_never_measured_draw():
    nothing = np.full(2, np.nan)

    page = flux_checks_page(np.array([1, 2]), np.array([5.0, 6.0]), np.full((2, 2), np.nan),
                            nothing, nothing, nothing[None], np.ones(2), ["A"])
    assert len(page.axes) == 5
