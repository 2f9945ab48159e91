from cosmouline.plots.two_extractions import two_extractions_page

import numpy as np
import pytest


def test_both_curves_and_their_difference_are_drawn_without_the_constant_part(assert_whole, texts):
    mhjd = 57000 + np.arange(5.0) * 10
    first = np.array([[18.0, 18.1, 18.2, 18.1, np.nan], [20.0, 20.1, 20.0, 20.2, 20.1]])
    away = np.array([0.0, 0.01, -0.02, 0.0, 0.03])
    second = first + 0.5 + away

    page = two_extractions_page(mhjd, (first, np.full((2, 5), 0.003)),
                                (second, np.full((2, 5), 0.004)), ["A", "B"], ["old", "new"],
                                ["rms 1", "rms 2"], "LENS", "two")

    assert_whole(page)
    curves, beside = page.axes[2:4]
    drawn = [np.asarray(one.get_offsets())[:, 1] for one in curves.collections
             if len(one.get_offsets()) == 5]
    assert drawn[0] == pytest.approx(first[1])
    assert drawn[-1] == pytest.approx(first[1] + away)
    assert next(np.asarray(one.get_offsets())[:, 1] for one in beside.collections
                if len(one.get_offsets()) == 5) == pytest.approx(-1e3 * away)
    assert curves.yaxis_inverted()
    assert {"A (mag)", "B (mag)", "rms 2", "MHJD", "difference (mmag)"} <= set(texts(page))
