from cosmouline.stamps.pixel_rejection import (
    faint_neighbours,
    judge_pixels,
    model_error,
    shared_by_stars,
    smoothed_variance,
)

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


def stars_with(added_e, seed=6, n_stars=4):
    """Residual, variance, model and good pixels of equal stars of FWHM 3 px, light added."""
    place = np.arange(31) - 15
    star = np.exp(-np.log(2) * (place**2 + place[:, None] ** 2) / 1.5**2)
    model = np.repeat(2e4 * star[None], n_stars, 0)
    variance = 400.0 + model
    noise = np.random.default_rng(seed).standard_normal(model.shape)
    return np.sqrt(variance) * noise + added_e, variance, model, np.ones(model.shape, bool)


def test_a_neighbour_too_faint_for_any_pixel_is_found():
    added_e = np.zeros((4, 31, 31))
    place = np.arange(31)
    # 75 e- in the highest pixel, 3.7 sigma; times sqrt(pi) 1.27 px, 8.5 sigma, under the Gaussian
    added_e[2] = 75 * np.exp(-np.log(2) * ((place - 7) ** 2 + (place[:, None] - 6) ** 2) / 1.5**2)

    residual, variance, model, good = stars_with(added_e)
    found = faint_neighbours(residual, variance, model, good, 3.0)

    assert judge_pixels(residual, variance, model, good, 0.02)[2, 4:9, 5:10].all()
    assert found[2, 5:8, 6:9].all()
    assert not found[[0, 1, 3]].any()
    assert not found[2, 12:].any()


def test_what_all_stars_have_or_fills_a_stamp_is_no_neighbour():
    common, wide = np.zeros((4, 31, 31)), np.zeros((4, 31, 31))
    common[:, 5:8, 5:8] = 100.0
    wide[1] = 60.0

    assert not faint_neighbours(*stars_with(common), 3.0).any()
    assert not faint_neighbours(*stars_with(wide), 3.0).any()


def test_noise_bad_pixels_and_errors_of_the_model_are_no_neighbours():
    residual, variance, model, good = stars_with(0.0)
    good[0, 3:6, 3:6] = False
    residual[0, 3:6, 3:6] = np.nan
    residual += 0.02 * model

    assert not faint_neighbours(residual, variance, model, good, 3.0).any()


def lost_pixels(n_stars, places, offset_px):
    """Stamps of 24 x 24 pixels that lose pixels (star, x, y), relative to the stars."""
    lost = np.zeros((n_stars, 24, 24), bool)
    for star, x, y in places:
        dx, dy = np.round(offset_px[star]).astype(int)
        lost[star, 12 + y + dy, 12 + x + dx] = True
    return lost


@pytest.mark.parametrize(("places", "n_shared"), [
    ([(0, 1, 1), (3, 1, 1), (6, 2, 1)], 3),  # the third is next to the others
    ([(0, 1, 1), (3, -3, 1), (6, 1, -3)], 0),  # everywhere else
    ([(0, 1, 1), (0, 1, 0), (0, 2, 1)], 0),  # one star
    ([(0, 9, 9), (3, 9, 9), (6, 9, 9)], 0),  # beyond 1.5 FWHM: no core
])
def test_a_place_is_shared_where_several_stars_lose_it(places, n_shared):
    """Eight stars, three of them at one place of 1.5 FWHM: by chance in 1e-5 of images."""
    offset_px = np.random.default_rng(1).uniform(-2, 2, (8, 2))
    lost = lost_pixels(8, places, offset_px)

    shared = shared_by_stars(lost, offset_px, 4.0)

    assert shared.sum() == n_shared
    assert not (shared & ~lost).any()


def test_where_cosmic_rays_are_dense_two_stars_meet_by_chance():
    """The same pair among eight: one image in 300 without others, most with 3 % of lost pixels."""
    offset_px = np.zeros((8, 2))
    pair = lost_pixels(8, [(0, 1, 1), (3, 1, 1)], offset_px)
    rows, cols = np.indices((24, 24)) - 11.5
    dense = np.random.default_rng(2).random(pair.shape) < 0.03 * (np.hypot(rows, cols) > 7)

    assert shared_by_stars(pair, offset_px, 3.0).sum() == 2
    assert shared_by_stars(pair | dense, offset_px, 3.0).sum() == 0


def test_one_star_shares_nothing():
    assert not shared_by_stars(np.ones((1, 9, 9), bool), np.zeros((1, 2)), 2.0).any()


@pytest.mark.parametrize(("x", "n_shared"), [(4, 3), (5, 0)])
def test_places_are_shared_within_one_and_a_half_fwhm(x, n_shared):
    """Of a FWHM of 3.2 px: 4.8 px from the middle of 25 pixels; 4 and 5 px lie at its sides."""
    lost = np.zeros((6, 25, 25), bool)
    lost[:3, 12, 12 + x] = True

    assert shared_by_stars(lost, np.zeros((6, 2)), 3.2).sum() == n_shared


@pytest.mark.parametrize(("n_stars", "n_alike", "is_shared"), [
    # pi (1.5 x 2)^2 = 29 pixels are 3.2 places; of n stars k lose one by chance .005: n = 5 two of
    # them 2.5e-4 x 3.2, n = 20 two of 4.5e-3 x 3.2, three of 1.3e-4
    (5, 2, True), (20, 2, False), (20, 3, True), (5, 1, False)])
def test_as_many_stars_must_share_a_place_as_chance_hardly_gives(n_stars, n_alike, is_shared):
    lost = np.zeros((n_stars, 21, 21), bool)
    lost[:n_alike, 11, 10] = True

    shared = shared_by_stars(lost, np.zeros((n_stars, 2)), 2.0)

    assert shared.sum() == n_alike * is_shared


def test_offsets_are_x_and_y_and_a_star_without_one_is_in_the_middle():
    lost = np.zeros((5, 21, 21), bool)
    lost[0, 10 + 4, 10 - 3] = lost[1, 10 - 2, 10 + 5] = lost[2, 10, 10] = True
    offset_px = np.array([[-3.4, 4.4], [4.6, -2.4], [np.nan, np.nan], [0, 0], [0, 0]])

    shared = shared_by_stars(lost, offset_px, 2.0)

    assert (shared == lost).all()
    assert shared_by_stars(lost, offset_px[:, ::-1], 2.0).sum() == 0
