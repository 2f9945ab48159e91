from cosmouline.plots import style
from cosmouline.plots.peaks import peaks_page

import numpy as np
import pytest


def test_a_panel_for_each_star_with_median_and_saturation():
    peak = np.array([[100.0, 200.0, 900.0], [np.nan, np.nan, np.nan]])

    page = peaks_page(["a", "b"], peak, {"R": 800.0, "V": 950.0})

    first = page.axes[0]
    assert [line.get_xdata()[0] for line in first.lines] == [800.0, 950.0, 200.0]
    assert first.get_title(loc="left") + first.get_title() == "a   n = 3, 1 saturated"
    assert first.patches[0].get_data().values.sum() == 3


@pytest.mark.parametrize("names", [[], ["a"]])
def test_nothing_measured_draws(names):
    assert isinstance(peaks_page(names, np.full((len(names), 0), np.nan), {}), style.Figure)
