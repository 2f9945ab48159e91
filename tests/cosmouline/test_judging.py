from cosmouline.judging import judge_pixels, model_error, smoothed_variance

import numpy as np
import pytest


def test_the_model_error_of_one_bright_pixel():
    model = np.zeros((1, 5, 5))
    model[0, 2, 2] = 100.0

    error = model_error(model, 0.03, 0.08)[0]

    # relative error 3 of the pixel and its four neighbours, joined to .08 of the step of 100
    expected = np.zeros((5, 5))
    expected[[2, 2, 2, 1, 3], [2, 1, 3, 2, 2]] = np.hypot(3, 8)
    assert error == pytest.approx(expected)


def test_pixels_are_judged_by_noise_and_model_error():
    model = np.full((1, 4, 4), 1000.0)
    good = np.ones(model.shape, bool)
    good[0, 3, 3] = False
    variance = np.full(model.shape, 400.0)
    residual = np.zeros(model.shape)
    limit = 5 * np.hypot(20, 20)  # noise, and 2 % of 1000
    residual[0, 0, :2] = 0.99 * limit, -1.01 * limit
    residual[0, 1, 0] = np.nan

    judged = judge_pixels(residual, variance, model, good, 0.02)

    assert np.argwhere(~judged[0]).tolist() == [[0, 1], [1, 0], [3, 3]]


def test_the_first_noise_map_is_that_of_the_smoothed_star(star_stamps):
    stamps = star_stamps(41, 4.0, (1e5, 2e5), n_stars=2)
    broken = stamps.data.copy()
    broken[0, 15, 15] = np.nan
    good = np.isfinite(broken)

    variance = smoothed_variance(broken, good, stamps.sky_variance, 4.0)

    true = stamps.sky_variance + stamps.flux_e[:, None, None] * [
        stamps.truth.stamp(stamps.side_px, *xy) for xy in stamps.offset_px
    ]
    assert np.isfinite(variance).all()
    assert (variance >= stamps.sky_variance).all()
    # smoothing by a Gaussian of sigma .35 FWHM takes a quarter to a half off the peak
    ratio = variance / true
    assert ratio.min() > 0.4
    assert np.median(ratio) == pytest.approx(1.05, abs=0.06)


def test_model_error_is_of_light_and_of_steps():
    source = np.zeros((5, 5))
    source[2, 2], source[2, 3] = 100.0, 60.0

    error = model_error(source, 0.03, 0.08)

    assert error[2, 2] == pytest.approx(np.hypot(3.0, 8.0))
    assert error[2, 3] == pytest.approx(np.hypot(3.0, 4.8))
    assert error[1, 2] == pytest.approx(np.hypot(3.0, 8.0))
    assert error[0, 0] == 0
    assert model_error(np.ones((4, 4)), 0.1, 1.0) == pytest.approx(0.1)  # no step at the border
