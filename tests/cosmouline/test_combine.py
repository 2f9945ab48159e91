from cosmouline.combine import resample

import numpy as np
import pytest


def spot(shape, x, y, sigma=3.0):
    rows, cols = np.mgrid[: shape[0], : shape[1]]
    return np.exp(-((cols - x) ** 2 + (rows - y) ** 2) / (2 * sigma**2))


def centroid(image):
    rows, cols = np.indices(image.shape)
    light = np.nan_to_num(image)
    return (light * cols).sum() / light.sum(), (light * rows).sum() / light.sum()


@pytest.mark.parametrize("angle_deg", [0.0, 30.0, 180.0])
@pytest.mark.parametrize("step", [1, 3])
def test_a_star_lands_where_the_transform_says(angle_deg, step):
    c, s = np.cos(np.deg2rad(angle_deg)), np.sin(np.deg2rad(angle_deg))
    turn = np.array([[c, -s], [s, c]])
    at_reference = np.array([70.0, 50.0])
    matrix = np.column_stack([turn, np.array([61.3, 44.8]) - turn @ at_reference])

    small = resample(spot((110, 130), 61.3, 44.8), matrix, (100, 120), step)

    x, y = centroid(small)
    expected = (at_reference - (step - 1) / 2) / step
    # 0.02 px: a spline of order 3 keeps the centroid of a spot of sigma 3 px to better than that
    assert (x, y) == pytest.approx(tuple(expected), abs=0.02)


def test_outside_of_the_image_is_nan_and_nan_pixels_are_filled():
    image = spot((60, 60), 30, 30)
    image[5, 5] = np.nan
    shifted = resample(image, np.array([[1.0, 0, 40], [0, 1, 0]]), (60, 60))

    assert np.isnan(shifted[:, 25:]).all()
    assert np.isfinite(shifted[:, :15]).all()
