"""One frame calibrated: the order of the steps, the variance of the masters, linearity."""

from cosmouline.images.calibration.calibrate import Planes, calibrated, linearised

import numpy as np
import pytest

SHAPE = (40, 50)


def plane(value, variance=0.0):
    return Planes(np.full(SHAPE, value, np.float32), np.full(SHAPE, variance, np.float32))


def test_a_frame_that_was_made_by_the_steps_comes_back():
    """Injected truth: (light x flat + dark t) made non-linear, with the bias on top."""
    rng = np.random.default_rng(1)
    light = rng.uniform(100, 30000, SHAPE)
    bias, dark = rng.normal(0, 5, SHAPE), rng.uniform(0, 3, SHAPE)
    flat = rng.uniform(0.6, 1.1, SHAPE)
    counts = light * flat + dark * 60
    a = 0.02 / 60000
    raw = counts * (1 - a * counts) + bias

    found = calibrated(
        raw.astype(np.float32), 60.0, 2.0, 5.0,
        *(Planes(one.astype(np.float32), np.zeros(SHAPE, np.float32)) for one in (bias, dark)),
        60.0, Planes(flat.astype(np.float32), np.zeros(SHAPE, np.float32)),
        linearity=(1.0, a, 2 * a**2, 5 * a**3))

    # the series stops at the fourth power: 14 a^4 counts^4 = 2e-6 at 30000
    np.testing.assert_allclose(found.data_adu, light, rtol=1e-5, atol=0.02)
    assert not found.bad.any()


def test_amplifiers_are_linearised_by_their_own_counts():
    data = np.full(SHAPE, 20000.0, np.float32)
    halves = ((slice(None), slice(0, 25)), 0.5), ((slice(None), slice(25, 50)), 1.0)

    found = linearised(data, (1.0, 1e-6), halves)

    assert found[0, 0] == pytest.approx(20000 * (1 + 0.04))  # its own counts were 40000
    assert found[0, 49] == pytest.approx(20000 * (1 + 0.02))
    assert linearised(data, (1.0,)) is data


def test_too_low_a_flat_and_masters_without_a_value_make_bad_pixels():
    flat, bias = plane(1.0), plane(0.0)
    flat.image[3, 4], bias.image[5, 6], flat.image[7, 8] = 0.2, np.nan, np.nan

    found = calibrated(np.full(SHAPE, 500.0, np.float32), 60.0, 2.0, 5.0, bias, None, None, flat)

    assert np.argwhere(found.bad).tolist() == [[3, 4], [5, 6], [7, 8]]
    assert np.isnan(found.data_adu[found.bad]).all()


@pytest.mark.parametrize(("dark_s", "factor"), [(60.0, 0.0), (30.0, 1.0), (120.0, 0.25)])
def test_of_a_dark_of_the_same_exposure_no_noise_of_the_bias_is_left(dark_s, factor):
    """The bias was taken off the dark too: its error counts (1 - t/t_d)^2."""
    data = np.full(SHAPE, 100.0, np.float32)
    bias = plane(0.0, 50.0)
    bias.variance[0, 0] = 900.0

    found = calibrated(data, 60.0, 2.0, 5.0, bias, plane(0.0), dark_s)

    assert found.variance_adu2[0, 0] == pytest.approx(850 * factor)
    own = 100 / 2 + 2.5**2
    assert found.noise_fraction == pytest.approx(50 * factor / own, rel=1e-5)


def test_the_noise_of_a_hot_pixel_and_of_the_flat_under_a_star_is_kept_where_it_matters():
    data = np.full(SHAPE, 200.0, np.float32)
    dark, flat = plane(0.0), plane(1.0, 4e-6)
    dark.image[2, 2] = 10.0  # 600 ADU in 60 s
    data[2, 2] += 600
    data[9, 9] = 40000.0

    found = calibrated(data, 60.0, 2.0, 5.0, None, dark, 60.0, flat)

    # of the photons of the dark current; the flat's share of 200 ADU is 0.16 ADU^2, 0.2 %
    assert found.variance_adu2[2, 2] == pytest.approx(600 / 2, rel=1e-3)
    assert found.variance_adu2[9, 9] == pytest.approx(40000**2 * 4e-6 - 0.16, rel=1e-3)
    assert np.count_nonzero(found.variance_adu2) == 2
