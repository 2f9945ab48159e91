from cosmouline.plots import style
from cosmouline.plots.compare import NOTE_ROOM, compare_page

import numpy as np
import pytest


def test_the_others_are_divided_by_the_first(texts):
    coefficients = np.array([[1.0, 2.0, 4.0], [1.1, 2.0, 3.6]])
    seeing = np.array([0.8, 1.4, 1.1])

    page = compare_page(np.arange(3.0), coefficients, ["medcoeff", "r$1$"], seeing, "seeing ($)",
                        ["R", "V", "R"], "t")

    first, first_against, ratio, ratio_against = page.axes[:4]
    np.testing.assert_allclose(first.collections[0].get_offsets(),
                               np.column_stack([np.arange(3.0), coefficients[0]]))
    np.testing.assert_allclose(ratio.collections[0].get_offsets()[:, 1], [1.1, 1.0, 0.9])
    np.testing.assert_allclose(first_against.collections[0].get_offsets(),
                               np.column_stack([seeing, coefficients[0]]))
    np.testing.assert_allclose(ratio_against.collections[0].get_offsets(),
                               np.column_stack([seeing, [1.1, 1.0, 0.9]]))
    # the line of equality, in the ratios alone
    assert [len(ax.lines) for ax in (first, ratio)] == [0, 1]
    assert list(ratio.lines[0].get_ydata()) == [1.0, 1.0]
    found = texts(page)
    assert {"rms 8.16 %", "R", "V", "set", "t"} <= set(found)  # of 1.1, 1, .9: sqrt(2 / 3) / 10
    assert [ax.get_ylabel() for ax in (first, ratio)] == ["medcoeff", "r\\$1\\$ /\nmedcoeff"]
    assert [ax.get_xlabel() for ax in (first, ratio)] == ["", "MHJD (days)"]
    assert first.child_axes[-1].get_gid() == "calendar"
    assert not any(child.get_gid() == "calendar" for child in ratio.child_axes)
    # the two sets have their colours
    assert len(np.unique(ratio.collections[0].get_facecolors(), axis=0)) == 2


def test_the_note_has_room_above_the_ratios():
    ratios = 1 + 0.1 * np.sin(np.arange(100.0))

    page = compare_page(np.arange(100.0), [np.ones(100), ratios], ["a", "b"], np.ones(100), "x")

    low, high = page.axes[2].get_ylim()
    least, most = ratios.min(), ratios.max()
    assert high - most == pytest.approx((least - low) + NOTE_ROOM / (1 + NOTE_ROOM) * (high - low))
    assert page.get_size_inches()[0] == style.PAGE_WIDTH_IN


def test_coefficients_that_no_image_has_draw():
    assert compare_page([], np.zeros((2, 0)), ["a", "b"], [], "seeing").axes
