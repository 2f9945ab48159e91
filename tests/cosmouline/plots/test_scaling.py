"""scaling.py: cuts and limits against theory, and on input that has nothing to scale."""

from cosmouline.plots import scaling

import numpy as np
import pytest

NOTHING = [np.array([]), np.array([np.nan, np.inf]), np.ma.masked_all(3)]


def noisy_sky(seed, shape=(400, 500), level=1000.0, sigma=20.0):
    return np.random.default_rng(seed).normal(level, sigma, shape)


def test_the_lower_cut_is_three_sigma_below_the_sky():
    z1, _ = scaling.frame_limits(noisy_sky(1))

    # a Gaussian cut at 2 sigma keeps its median and has a sigma of 0.8796 (truncated normal)
    expected = 1000 - 3 * 0.8796 * 20
    error = 3 * 20 / np.sqrt(2 * 0.95 * 400 * 500)
    assert z1 == pytest.approx(expected, abs=5 * error + 0.1)


def test_the_upper_cut_is_the_percentile_of_a_bright_field():
    image = noisy_sky(2)
    image[:20, :20] = np.linspace(2e4, 3e4, 400).reshape(20, 20)  # 0.2 % of the pixels

    _, z2 = scaling.frame_limits(image)

    assert z2 == pytest.approx(np.percentile(image, 99.95))
    assert 2e4 < z2 < 3e4


def test_the_noise_of_an_empty_field_stays_in_the_lightest_quarter():
    image = noisy_sky(3)

    z1, z2 = scaling.frame_limits(image)
    norm = scaling.stretch_norm(z1, z2)

    # u = 3 / 153 at the sky: (log10(10 + 990 u) - 1) / 2 = 0.23
    assert float(norm(1000.0)) == pytest.approx(0.23, abs=0.02)
    assert scaling.frame_limits(image, least_sigmas=0)[1] < 1000 + 6 * 20


def test_the_border_of_large_frames_does_not_count():
    image = noisy_sky(4, (1000, 1000))
    image[:300] = image[-300:] = 6e4

    z1, z2 = scaling.frame_limits(image)

    assert 900 < z1 < 1000
    assert z2 < 5000


@pytest.mark.parametrize("image", [np.zeros((0, 0)), np.full((5, 5), np.nan)])
def test_cuts_of_nothing(image):
    assert scaling.frame_limits(image) == (0.0, 1.0)


@pytest.mark.parametrize("value", [0.0, 7.0, -1e6])
def test_cuts_of_a_flat_image_differ(value):
    z1, z2 = scaling.frame_limits(np.full((50, 50), value))

    assert z1 < z2


def test_the_log_stretch_is_that_of_f2n():
    norm = scaling.stretch_norm(100.0, 200.0, "log")

    # log10(10 + 990 u) goes from 1 to 3; at u = 0.1 it is log10(109)
    np.testing.assert_allclose(
        norm([0.0, 100.0, 110.0, 200.0, 900.0]), [0, 0, (np.log10(109) - 1) / 2, 1, 1]
    )


@pytest.mark.parametrize("stretch", scaling.STRETCHES)
def test_a_stretch_grows_and_can_be_inverted(stretch):
    norm = scaling.stretch_norm(-50.0, 3000.0, stretch)
    values = np.linspace(-50, 3000, 40)

    shades = norm(values)

    assert np.all(np.diff(shades) > 0)
    np.testing.assert_allclose(norm.inverse(shades), values, atol=1e-6)


def test_the_knee_of_the_asinh_stretch():
    norm = scaling.stretch_norm(0.0, 1000.0, "asinh", knee=10.0)

    assert float(norm(10.0)) == pytest.approx(np.arcsinh(1) / np.arcsinh(100))


def test_nan_pixels_get_no_shade():
    shades = scaling.stretch_norm(0.0, 1.0)(np.array([np.nan, 0.5]))

    assert np.ma.getmaskarray(shades).tolist() == [True, False]


def test_an_unknown_stretch_is_named():
    with pytest.raises(ValueError, match="stretch must be one of log, asinh, linear, not 'sqrt'"):
        scaling.stretch_norm(0, 1, "sqrt")


def test_limits_of_residuals_are_symmetric_and_robust():
    residual = np.random.default_rng(5).normal(0, 2, 20000)
    residual[:20] = 1e5

    # 99 % of |x| of a Gaussian lie within 2.576 sigma; the 20 wild ones are 0.1 %
    limit = scaling.symmetric_limit(residual)

    assert limit == pytest.approx(2.576 * 2, rel=0.05)


@pytest.mark.parametrize("values", NOTHING)
def test_limits_of_nothing(values):
    assert scaling.symmetric_limit(values) == 1.0
    assert scaling.colour_limits(values) == (0.0, 1.0)
    assert scaling.padded_limits(values) == (0.0, 1.0)
    assert scaling.robust_limits(values) == (0.0, 1.0)
    assert np.isnan(scaling.root_mean_square(values))


def test_colour_limits_are_the_2nd_and_98th_percentile():
    assert scaling.colour_limits(np.arange(101.0)) == (2.0, 98.0)


def test_colour_limits_of_one_value_differ():
    low, high = scaling.colour_limits([5.0])

    assert low < 5.0 < high


def test_padded_limits_hold_all_values_and_a_margin():
    assert scaling.padded_limits([0.0, 10.0, np.nan], 0.1) == (-1.0, 11.0)
    assert scaling.padded_limits([3.0], 0.1, least=4.0) == (1.0, 5.0)


@pytest.mark.parametrize("n_values", [10, 200])
def test_wild_values_do_not_spoil_the_limits(n_values):
    values = np.random.default_rng(6).normal(0, 1, n_values)
    values[3] = 500.0

    low, high = scaling.robust_limits(values)

    others = np.delete(values, 3)
    assert low < others.min() < others.max() < high < 50


def test_robust_limits_keep_a_season_apart_from_the_others():
    values = np.concatenate([np.full(5, 1.0), np.linspace(1.3, 1.4, 20)])

    low, high = scaling.robust_limits(values)

    assert low < 1.0
    assert high > 1.4


def test_robust_limits_have_a_least_width():
    low, high = scaling.robust_limits([5.0, 5.0, 5.0], least=2.0)

    assert high - low == pytest.approx(2.0)


def test_the_root_mean_square_is_about_zero():
    assert scaling.root_mean_square([3.0, -4.0, np.nan]) == pytest.approx(np.sqrt(12.5))


def slow_bin(image, factor):
    """Block means with loops, the obvious way."""
    ny, nx = image.shape[0] // factor, image.shape[1] // factor
    binned = np.full((ny, nx), np.nan)
    for y in range(ny):
        for x in range(nx):
            block = image[y * factor : (y + 1) * factor, x * factor : (x + 1) * factor]
            if np.isfinite(block).any():
                binned[y, x] = block[np.isfinite(block)].mean()
    return binned


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_binning_leaves_nan_out(factor):
    image = np.random.default_rng(7).normal(size=(14, 11))
    image[2:6, 3:9] = np.nan

    binned, found = scaling.shrink(image, 14 / factor)

    assert found == factor
    np.testing.assert_allclose(binned, slow_bin(image, factor))


@pytest.mark.parametrize(
    ("shape", "factor"), [((100, 100), 1), ((101, 30), 2), ((900, 700), 9), ((2, 5000), 2)]
)
def test_an_image_is_shrunk_to_about_the_size(shape, factor):
    image = np.random.default_rng(8).normal(size=shape)

    shrunk, found = scaling.shrink(image, 100)

    assert found == factor
    np.testing.assert_allclose(shrunk, slow_bin(image, factor), atol=1e-13)


def test_few_values_have_longer_limits_than_many():
    few, many = np.array([0.0, 1.0, 2.0, 3.0, 9.0]), np.linspace(0, 1, 101)

    # quartiles 1 and 3: 8 of them away, 17 is inside and 20 is not
    assert scaling.robust_limits([*few[:4], 17.0])[1] > 17
    assert scaling.robust_limits([*few[:4], 20.0])[1] < 4
    # 2-98 % of the range is 0.96 wide: half of it beyond 0.98 is 1.46
    assert scaling.robust_limits([*many, 1.45])[1] > 1.45
    assert scaling.robust_limits([*many, 1.55])[1] < 1.45
    assert scaling.robust_limits([*many, 1.9], distance=1.0)[1] > 1.9
    assert scaling.robust_limits(many) == pytest.approx((-0.06, 1.06))


def test_equal_percentiles_move_apart_by_one_percent():
    assert scaling.colour_limits([200.0] * 3) == pytest.approx((198.0, 202.0))
    assert scaling.colour_limits([0.0]) == pytest.approx((-1e-6, 1e-6))


def test_the_border_of_small_frames_counts():
    image = noisy_sky(5, (900, 1000))
    image[:100] = 6e4

    assert scaling.frame_limits(image)[1] == pytest.approx(6e4)


def test_a_masked_array_and_infinite_values_are_left_out():
    values = np.ma.masked_greater([1.0, np.inf, 3.0, 99.0], 50)

    assert scaling.finite(values).tolist() == [1.0, 3.0]
    assert scaling.symmetric_limit([-4.0, np.nan], minimum=5.0) == 5.0


def test_the_least_width_keeps_values_inside_it():
    """Equal quartiles: half of the least width, 1, keeps 5.9 and leaves 6.5 out.

    The limits are 2 apart about the middle, 5.45, with 6 % of the range of 0.9 on both sides.
    """
    limits = scaling.robust_limits([5.0] * 8 + [5.9, 6.5], least=2.0)

    assert limits == pytest.approx((5.45 - 1 - 0.054, 5.45 + 1 + 0.054))


@pytest.mark.parametrize(("value", "half"), [(0.0, 0.5), (1.3, 0.065), (-12.0, 0.6),
                                             (60000.0, 2.0)])
def test_equal_values_have_an_axis_whose_ticks_can_be_read(value, half):
    for limits in (scaling.padded_limits([value] * 3), scaling.robust_limits([value] * 3)):
        assert limits == pytest.approx((value - half, value + half))
