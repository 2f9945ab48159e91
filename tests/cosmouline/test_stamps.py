"""Stamps: cut, masked, and judged by a model."""

from cosmouline.stamps import (
    MASK_BAD,
    MASK_NEIGHBOUR,
    MASK_OUTSIDE,
    MASK_SATURATED,
    crop,
    cut_stamps,
    judge_pixels,
    model_error,
    smoothed_variance,
    stamp_side,
)

import numpy as np
import pytest

SKY_E, SIGMA_E, FWHM = 100.0, 12.0, 3.0


def frame(shape=(90, 120)):
    """Every pixel its own value, so that a wrong cut shows."""
    return SKY_E + np.arange(np.prod(shape), dtype=float).reshape(shape)


def cut(image_e, position_px, side_px=16, **changes):
    sky = {"level": lambda rows, cols: SKY_E, "sigma": lambda rows, cols: SIGMA_E}
    options = {"saturation_e": np.inf} | changes
    return cut_stamps(
        image_e, sky["level"], sky["sigma"], position_px, side_px, FWHM, **options
    )


@pytest.mark.parametrize(
    ("fwhm_px", "side_px"), [(1.0, 16), (2.3, 24), (4.0, 32), (4.58, 40), (30.0, 80)]
)
def test_the_side_is_seven_fwhm_rounded_up_to_eights(fwhm_px, side_px):
    assert stamp_side(fwhm_px) == side_px


@pytest.mark.parametrize("fwhm_px", [0.0, -1.0, np.nan])
def test_a_side_needs_a_positive_fwhm(fwhm_px):
    with pytest.raises(ValueError, match="fwhm_px must be positive"):
        stamp_side(fwhm_px)


@pytest.mark.parametrize("side_px", [16, 17])
def test_a_stamp_is_the_piece_of_the_frame_around_the_nearest_pixel(side_px):
    image_e = frame()

    stamps = cut(image_e, [[50.3, 40.6]], side_px)

    x0, y0 = stamps.corner_px[0]
    piece = image_e[y0 : y0 + side_px, x0 : x0 + side_px]
    assert stamps.data_e[0] == pytest.approx(piece - SKY_E)
    assert (stamps.sky_sigma_e == SIGMA_E).all()
    assert stamps.good.all()
    assert stamps.is_usable.tolist() == [True]
    assert np.abs(stamps.offset_px).max() <= 0.5
    assert stamps.corner_px[0] + (side_px - 1) / 2 + stamps.offset_px[0] == pytest.approx(
        [50.3, 40.6]
    )


def test_the_sky_is_asked_for_on_the_slices_of_the_stamp():
    image_e = frame()

    stamps = cut_stamps(
        image_e,
        lambda rows, cols: image_e[rows, cols],
        lambda rows, cols: np.sqrt(image_e[rows, cols]),
        [[60, 50], [3, 88]],
        16,
        FWHM,
        np.inf,
    )

    assert (stamps.data_e == 0).all()
    inside = (stamps.mask[1] & MASK_OUTSIDE) == 0
    assert stamps.sky_sigma_e[0] ** 2 == pytest.approx(image_e[42:58, 52:68], rel=1e-5)
    assert (stamps.sky_sigma_e[1][inside] > 10).all()
    assert (stamps.sky_sigma_e[1][~inside] == 1).all()


def test_bad_nan_saturated_and_outside_pixels_have_their_bits():
    image_e = frame((40, 40))
    image_e[20, 20] = np.nan
    image_e[5, 30] = np.inf
    image_e[22, 25] = 9e4
    bad = np.zeros(image_e.shape, bool)
    bad[18, 14] = True

    stamps = cut(image_e, [[19.5, 19.5], [35.0, 8.0]], bad=bad, saturation_e=5e4)
    x0, y0 = stamps.corner_px[0]

    assert stamps.mask[0, 20 - y0, 20 - x0] == MASK_BAD
    assert stamps.mask[0, 18 - y0, 14 - x0] == MASK_BAD
    assert stamps.mask[0, 22 - y0, 25 - x0] == MASK_SATURATED
    assert np.count_nonzero(stamps.mask[0]) == 3
    assert np.isfinite(stamps.data_e).all()
    outside = stamps.corner_px[1, 0] + np.arange(16) > 39
    assert (stamps.mask[1][:, outside] == MASK_OUTSIDE).all()
    assert not (stamps.mask[1][:, ~outside] & MASK_OUTSIDE).any()


def test_a_star_is_usable_only_with_its_core_inside_good_and_unsaturated():
    image_e = frame()
    image_e[40, 31] = 9e5  # one saturated pixel 1 px from the second star
    image_e[38:43, 58:63] = np.nan  # the core of the third
    places = [[80, 40], [30, 40], [60, 40], [2.5, 40], [110, 87.5], [300, 40], [np.nan, 40]]

    stamps = cut(image_e, places, saturation_e=5e5)

    assert stamps.is_usable.tolist() == [True] + 6 * [False]
    assert (stamps.mask[5:] == MASK_OUTSIDE).all()


# A Moffat of beta 3 and FWHM 3 px (alpha 2.942 px) of 1e4 e- has the peak 2e4 / (pi alpha^2) =
# 735.5 e-, 122.6 times half of sigma: it reaches 2.942 sqrt(122.6^(1/3) - 1) = 5.83 px. However
# bright it is, the disc ends 0.75 FWHM from the star: 8 - 2.25 = 5.75 px from the neighbour.
@pytest.mark.parametrize(
    ("x_px", "flux_e", "first_masked"), [(68, 1e4, 63), (68, 1e6, 63), (71, 1e4, 66)]
)
def test_a_neighbour_is_masked_and_the_star_itself_is_not(x_px, flux_e, first_masked):
    places = [[60, 45], [x_px, 45]]

    stamps = cut(frame(), places, 24, neighbours_px=places, neighbours_flux_e=[1e4, flux_e])

    x0, y0 = stamps.corner_px[0]
    row = stamps.mask[0, 45 - y0]
    masked = np.flatnonzero(row == MASK_NEIGHBOUR) + x0
    assert masked.tolist() == list(range(first_masked, x0 + 24))
    assert stamps.mask[0, 45 - y0, 60 - x0] == 0


def test_a_faint_neighbour_is_masked_within_one_fwhm():
    stamps = cut(
        frame(), [[60, 45]], 24, neighbours_px=[[60, 45], [68, 45]], neighbours_flux_e=[1, 1]
    )

    x0, y0 = stamps.corner_px[0]
    assert np.flatnonzero(stamps.mask[0, 45 - y0]).tolist() == list(range(65 - x0, 72 - x0))


def test_neighbours_need_fluxes():
    with pytest.raises(ValueError, match="one flux per row of neighbours_px"):
        cut(frame(), [[60, 45]], neighbours_px=[[1, 2], [3, 4]], neighbours_flux_e=[1.0])


def test_a_crop_keeps_the_centre():
    image_e = frame()
    stamps = cut(image_e, [[60.2, 45.7], [30, 30]], 24)

    small = crop(stamps, 16)

    assert (small.data_e == cut(image_e, [[60.2, 45.7], [30, 30]], 16).data_e).all()
    assert small.offset_px == pytest.approx(stamps.offset_px)
    assert small.side_px == 16


@pytest.mark.parametrize("side_px", [15, 26])
def test_a_crop_cannot_move_the_centre_or_grow(side_px):
    with pytest.raises(ValueError, match="side_px must be smaller than 24 by an even number"):
        crop(cut(frame(), [[60, 45]], 24), side_px)


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
