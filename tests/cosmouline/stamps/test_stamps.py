"""Stamps: cut and masked."""

from cosmouline.stamps.stamps import (
    MASK_BAD,
    MASK_COSMIC,
    MASK_DRAWN,
    MASK_NEIGHBOUR,
    MASK_OUTSIDE,
    MASK_SATURATED,
    crop,
    cut_stamps,
    join_stamps,
    stamp_side,
    with_cosmics,
    with_drawn,
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


def test_a_stamp_has_pixels_if_half_of_it_is_on_the_frame():
    """The 24 pixels around -1 begin at -12, and those around -2 at -14."""
    stamps = cut(frame(), [[-1, 40], [-2, 40]], 24)

    assert (stamps.mask[0] != MASK_OUTSIDE).sum() == 12 * 24
    assert (stamps.mask[1] == MASK_OUTSIDE).all()


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


def test_cosmics_are_marked_and_unmarked_and_other_marks_stay():
    image_e = frame()
    image_e[45, 60] = np.nan
    stamps = cut(image_e, [[60, 45], [30, 30]])
    cosmic = np.zeros(stamps.mask.shape, bool)
    cosmic[1, 3, 4] = True

    marked = with_cosmics(stamps, cosmic)

    assert (marked.mask & MASK_COSMIC != 0).sum() == 1
    assert marked.mask[1, 3, 4] & MASK_COSMIC
    np.testing.assert_array_equal(with_cosmics(marked, False).mask, stamps.mask)


def test_stamps_of_one_side_are_joined_and_of_two_sides_refused():
    image_e = frame()
    one, other = cut(image_e, [[60, 45]]), cut(image_e, [[30, 30], [40, 40]])

    both = join_stamps(one, other)

    np.testing.assert_array_equal(both.data_e[1:], other.data_e)
    np.testing.assert_array_equal(both.position_px, [[60, 45], [30, 30], [40, 40]])
    with pytest.raises(ValueError, match="one side: 16, 24"):
        join_stamps(one, cut(image_e, [[30, 30]], side_px=24))


def test_a_drawn_region_is_marked_survives_new_cosmics_and_can_cover_a_star():
    stamps = cut(frame(), [[50.0, 40.0], [80.0, 40.0]])
    drawn = np.zeros(stamps.mask.shape, bool)
    drawn[0, :3], drawn[1, 5:11, 5:11] = True, True  # at the edge; over the core

    found = with_cosmics(with_drawn(stamps, drawn, FWHM), False)

    assert ((found.mask & MASK_DRAWN) != 0).tolist() == drawn.tolist()
    assert found.is_usable.tolist() == [True, False]
    assert stamps.is_usable.tolist() == [True, True]
