from cosmouline.plots.delays import LOW, delays_page

import numpy as np
import pytest


def test_curves_lie_on_each_other_and_a_panel_shows_where_a_delay_is_likely(assert_whole, texts):
    mhjd = 57000 + np.arange(40.0) * 5
    mag = 18 + 0.2 * np.sin(mhjd / 30)
    trials = np.arange(-50.0, 51.0)
    density = 3.0 * np.exp(-0.5 * ((trials - 12) / 4) ** 2)

    page = delays_page({"A": (mhjd, mag, np.full(40, 0.01)),
                        "B": (mhjd + 12, mag + 1.5, np.full(40, 0.02))},
                       [trials], [density], ["AB"], ["12 +- 4 days"], "LENS", "two curves")

    assert_whole(page)
    curves, panel = page.axes[:2]
    one, other = (np.asarray(drawn.get_offsets())[:, 1] for drawn in curves.collections[-2:])
    assert np.ptp(one) == pytest.approx(np.ptp(mag))
    assert np.median(one) == pytest.approx(np.median(other), abs=1e-9)
    x, y = panel.lines[0].get_data()
    assert (x[np.argmax(y)], y.max()) == (12.0, 1.0)
    low, high = panel.get_xlim()
    half = 4 * np.sqrt(-2 * np.log(LOW))
    assert (low, high) == pytest.approx((12 - half - 2, 12 + half + 2), abs=1.0)
    assert {"AB", "12 +- 4 days", "delay (days)"} <= set(texts(page))
