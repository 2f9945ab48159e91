"""The model of a star: Moffat, shift, sampling."""

from dataclasses import replace

from cosmouline.psf.model import (
    TARGET_SIGMA_SMALL,
    Psf,
    field_coordinates,
    limit_ellipticity,
    moffat,
    moffat_derivatives,
    moffat_outside,
    pad_narrow,
    render,
    shift_operator,
    star_parameters,
    varying_terms,
    with_field_slopes,
)

import numpy as np
import pytest
from scipy.ndimage import affine_transform, gaussian_filter

PARAMETERS = np.array([np.log(3.0), 0.1, -0.05, np.log(2.8)])


def made_up_psf(gradient=None, upsampling=2, side_px=16):
    n_small = side_px * upsampling
    residual = 0.01 * np.random.default_rng(1).standard_normal((n_small, n_small))
    return Psf(PARAMETERS, gradient, residual, upsampling, side_px)


def slow_star(narrow, x_px, y_px, side_px, upsampling):
    """Every pixel as the mean of Gaussian-weighted sums over all small pixels."""
    sigma = 2 / 2.354820045
    n_small = side_px * upsampling
    centre = np.arange(n_small)
    star = np.zeros((n_small, n_small))
    for j, i in np.ndindex(n_small, n_small):
        from_y = np.exp(-0.5 * ((j - centre - upsampling * y_px) / sigma) ** 2)
        from_x = np.exp(-0.5 * ((i - centre - upsampling * x_px) / sigma) ** 2)
        star[j, i] = from_y @ narrow @ from_x / (2 * np.pi * sigma**2)
    return star.reshape(side_px, upsampling, side_px, upsampling).sum((1, 3))


@pytest.mark.parametrize("upsampling", [1, 2, 3])
def test_render_equals_the_slow_sum_over_small_pixels(upsampling):
    narrow = np.random.default_rng(2).random((6 * upsampling, 6 * upsampling))

    star = render(narrow, [[0.3, -0.7]], 6, upsampling)[0]

    assert star == pytest.approx(slow_star(narrow, 0.3, -0.7, 6, upsampling), rel=1e-9)


def test_a_star_keeps_the_flux_and_moves_by_its_offset():
    narrow = made_up_psf(side_px=32).narrow() * 0
    narrow[31:33, 31:33] = 0.25  # the four small pixels around the centre

    star = render(narrow, [[1.3, -2.4]], 32, 2)[0]

    axis = np.arange(32) - 15.5
    assert star.sum() == pytest.approx(1, abs=1e-6)
    assert (star.sum(0) @ axis, star.sum(1) @ axis) == pytest.approx((1.3, -2.4), abs=1e-3)


def test_the_slope_of_the_shift_operator_agrees_with_differences():
    offset_px, step = np.array([0.2, -1.1]), 1e-5

    slope = shift_operator(offset_px, 8, 2, derivative=True)[1]
    up, down = (shift_operator(offset_px + s * step, 8, 2) for s in (1, -1))

    assert slope == pytest.approx((up - down) / (2 * step), abs=1e-8)


def test_the_derivatives_of_the_moffat_agree_with_differences():
    step = 1e-5

    image, derivatives = moffat_derivatives(PARAMETERS, 12, 2)

    assert image == pytest.approx(moffat(PARAMETERS, 12, 2))
    for k in range(4):
        shift = step * np.eye(4)[k]
        difference = moffat(PARAMETERS + shift, 12, 2) - moffat(PARAMETERS - shift, 12, 2)
        assert derivatives[k] == pytest.approx(difference / (2 * step), abs=1e-8)


def test_a_round_moffat_is_half_its_peak_at_half_its_fwhm():
    round_moffat = moffat(np.array([np.log(4.0), 0, 0, np.log(3.0)]), 41, 1)

    assert round_moffat[20, 20] == 1
    assert round_moffat[20, [18, 22]] == pytest.approx([0.5, 0.5])


def test_the_ellipticity_is_that_of_the_contours():
    psf = replace(made_up_psf(), moffat=np.array([np.log(20.0), 0.3, 0, np.log(3.0)]))

    image = moffat(psf.moffat, 401, 10)
    reach = [np.count_nonzero(row > 0.5) for row in (image[200], image[:, 200])]

    # e1 > 0 squeezes x; lengths are counted in small pixels: good to one in 170
    assert 1 - reach[0] / reach[1] == pytest.approx(psf.ellipticity, abs=0.01)


def test_the_fwhm_of_a_star_joins_moffat_and_sampling_gaussian():
    psf = Psf(np.array([np.log(4.0), 0, 0, np.log(20.0)]), None, np.zeros((64, 64)), 2, 32)

    star = render(psf.narrow(), [[0.5, 0.5]], 32, 2)[0]  # centred on a pixel
    axis = np.arange(32) - 16
    wide = np.interp(0.5 * star[16, 16], star[16, 16:][::-1], axis[16:][::-1])

    assert psf.fwhm_px == pytest.approx(4)
    # beta = 20 is not quite a Gaussian, and the profile is interpolated linearly: 2 %
    assert psf.star_fwhm_px == pytest.approx(2 * wide, rel=0.02)


def test_the_flux_outside_a_stamp_agrees_with_a_sum_over_a_large_box():
    parameters = np.array([np.log(3.0), 0.2, 0.1, np.log(3.5)])
    large = moffat(parameters, 4800, 8)  # 600 px: (600 / 12)^-5 of the flux is further out
    stamp = large[2400 - 48 : 2400 + 48, 2400 - 48 : 2400 + 48]

    assert moffat_outside(parameters, 12) == pytest.approx(
        1 - stamp.sum() / large.sum(), abs=1e-5
    )


def test_a_flat_moffat_says_no_more_than_that_half_is_outside():
    assert moffat_outside(np.array([np.log(30.0), 0, 0, np.log(1.3)]), 16) == 0.5


def test_the_narrow_psf_sums_to_one_everywhere_and_varies_with_the_gradient():
    gradient = np.array([[0.05, 0], [0, 0.02], [0, 0]])
    psf = made_up_psf(gradient)

    wide, narrow = psf.narrow([[1, 0], [-1, 0]])

    assert psf.narrow().shape == (32, 32)
    assert wide.sum() == pytest.approx(1)
    assert wide.max() < psf.narrow().max() < narrow.max()
    assert psf.narrow([0, 0]) == pytest.approx(psf.narrow())


def test_a_constant_psf_is_the_same_at_every_place():
    psf = made_up_psf()

    assert psf.narrow([[0.3, 0.2], [-1, 1]]) == pytest.approx(np.stack([psf.narrow()] * 2))


def test_the_ellipticity_of_a_star_stays_below_that_of_a_line():
    gradient = np.array([[0, 0], [0.4, 0.4], [0, 0]])

    at = star_parameters(np.array([1.0, 0.7, 0.0, 1.0]), gradient, [1, 1])

    assert at[1:3] == pytest.approx([0.9, 0])
    assert limit_ellipticity(np.array([0.3, 0.4]), 0.25) == pytest.approx([0.15, 0.2])


def test_field_coordinates_run_from_minus_one_to_one():
    assert field_coordinates([[0, 0], [200, 50]], (100, 200)) == pytest.approx(
        np.array([[-1, -1], [1, 0]])
    )


def test_padding_keeps_the_flux_and_cropping_undoes_it():
    narrow = np.random.default_rng(3).random((2, 8, 8))

    padded = pad_narrow(narrow, 12)

    assert padded.shape == (2, 12, 12)
    assert padded.sum() == pytest.approx(narrow.sum())
    assert (pad_narrow(padded, 8) == narrow).all()
    assert (pad_narrow(narrow, 8) == narrow).all()


def test_padding_by_an_odd_number_would_move_the_centre():
    with pytest.raises(ValueError, match="even or odd as the side of narrow is: 9, 8"):
        pad_narrow(np.zeros((8, 8)), 9)


def test_the_curvature_is_the_rms_of_the_quadratic_part():
    """By the mean over the field, of what a fit with slopes leaves."""
    quadratic = np.array([0.10, 0.04, 0.12])
    gradient = np.zeros((3, 5))
    gradient[0] = [0.03, -0.02, *quadratic]
    axis = (np.arange(400) + 0.5) / 200 - 1
    u, v = np.meshgrid(axis, axis)
    left = np.tensordot(quadratic, [u * u, u * v, v * v], 1)

    assert made_up_psf(gradient).curvature == pytest.approx(left.std(), rel=1e-4)
    assert made_up_psf(gradient[:, :2]).curvature is None
    assert made_up_psf().curvature is None


@pytest.mark.parametrize("n_terms", [2, 5])
def test_slopes_over_the_field_are_those_of_differences(n_terms):
    rng = np.random.default_rng(4)
    uv, gradient = rng.uniform(-1, 1, (3, 2)), 0.03 * rng.standard_normal((3, n_terms))
    at = star_parameters(PARAMETERS, gradient, uv)
    _, slopes = moffat_derivatives(at, 24, 2)

    found = with_field_slopes(slopes, uv, n_terms)

    assert np.array_equal(found[:len(slopes)], slopes)
    for slope, place in zip(found[len(slopes):], varying_terms(n_terms), strict=True):
        step = np.zeros_like(gradient)
        step[place] = 1e-5
        after, before = (moffat(star_parameters(PARAMETERS, gradient + sign * step, uv), 24, 2)
                         for sign in (1, -1))
        # central differences are good to the square of the step
        assert slope == pytest.approx((after - before) / 2e-5, abs=1e-8)


@pytest.mark.parametrize("growth", [0.95, 1.06])
def test_what_is_wider_over_the_field_is_the_star_at_the_centre_magnified(growth):
    """As it is seen, with the Gaussian: that of the centre is blurred and then magnified here.

    To first order in the growth of the Gaussian, whose size is a sixth of the FWHM: the second is
    .2 % of the peak. A narrow Moffat that is wider alone is off by 2 %.
    """
    centre = np.array([np.log(1.8), 0.1, -0.05, np.log(3.0)])
    there = np.array([np.log(1.8 * growth), *centre[1:]])
    seen = gaussian_filter(moffat(centre, 60, 2), TARGET_SIGMA_SMALL)
    magnified = affine_transform(seen, [1 / growth, 1 / growth], 29.5 * (1 - 1 / growth), order=5)

    found = gaussian_filter(moffat(there, 60, 2, centre[0]), TARGET_SIGMA_SMALL)
    of_itself = gaussian_filter(moffat(there, 60, 2), TARGET_SIGMA_SMALL)

    inner = slice(5, -5)
    away, before = (np.abs(one - magnified)[inner, inner].max() / seen.max()
                    for one in (found, of_itself))
    assert away < 0.003
    assert before > 0.02


def test_the_slopes_of_a_field_are_those_of_its_moffats():
    """Against differences of the Moffats themselves."""
    centre, at = np.log(2.0), np.array([[np.log(2.1), 0.1, -0.05, np.log(3.0)]])

    image, slopes = moffat_derivatives(at, 40, 2, centre)

    assert image == pytest.approx(moffat(at, 40, 2, centre), abs=1e-12)
    for slope, step in zip(slopes, 1e-4 * np.eye(4), strict=True):
        sides = [moffat(at + sign * step, 40, 2, centre) for sign in (1, -1)]
        assert slope == pytest.approx((sides[0] - sides[1]) / 2e-4, abs=1e-6)
