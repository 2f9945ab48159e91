from cosmouline.plots.compare import compare_page

import numpy as np


def test_the_others_are_divided_by_the_first(texts):
    coefficients = np.array([[1.0, 2.0, 4.0], [1.1, 2.0, 3.6]])

    page = compare_page(np.arange(3.0), coefficients, ["medcoeff", "r1"], np.ones(3), "seeing")

    points = page.axes[2].collections[0].get_offsets()[:, 1]
    np.testing.assert_allclose(points, [1.1, 1.0, 0.9])
    assert "rms 8.16 %" in texts(page)  # of 1.1, 1, 0.9: sqrt(2 / 3) / 10


def test_coefficients_that_no_image_has_draw():
    assert compare_page([], np.zeros((2, 0)), ["a", "b"], [], "seeing").axes
