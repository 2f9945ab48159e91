from cosmouline.plots.zero_points import zero_point_page

import numpy as np


def test_residuals_by_colour_magnitude_and_place_and_zero_points_by_time(assert_whole, texts):
    one = {"name": "R", "colour": np.array([0.5, 1.0, 1.5, np.nan]),
           "mag": np.array([14.0, 15.0, 16.0, 17.0]), "x": np.array([-0.9, 0.1, 0.5, 0.8]),
           "y": np.array([0.3, -0.4, 0.0, 0.9]), "residual": np.array([0.01, -0.02, 0.3, 0.005]),
           "sigma": np.array([0.004, 0.005, 0.01, 0.02]),
           "used": np.array([True, True, False, True])}
    mhjd = 57000 + np.array([0.0, 10.0, 30.0])

    page = zero_point_page([one], mhjd, np.array([25.0, 25.1, 24.9]), ["R", "R", "S"],
                           np.array([1.0, 1.2, 1.8]), "LENS", "three images")

    assert_whole(page)
    colour, mag, *_ = page.axes
    assert colour.containers[0].lines[0].get_xdata().tolist() == [0.5, 1.0]
    assert mag.containers[0].lines[0].get_ydata().tolist() == [0.01, -0.02, 0.005]
    assert mag.containers[1].lines[0].get_ydata().tolist() == [0.3]
    assert mag.get_ylim() == (0.04, -0.04)
    assert page.axes[5].lines[0].get_data()[0].tolist() == [1.0, 1.2, 1.8]
    assert {"R", "R, left out", "airmass", "place along y"} <= set(texts(page))
