"""What STARRED is given, against slow or closed forms."""

from cosmouline.deconv.starred.inputs import (
    QUARTERS,
    background_curvature,
    pivot_px,
    shifted,
    small_places,
    starlet_noise,
    turn_of,
    unturned,
)
from cosmouline.psf.model import moffat, render

import numpy as np
import pytest
from scipy.ndimage import convolve, convolve1d


def turning(angle_deg):
    cos, sin = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    return np.array([[cos, -sin], [sin, cos]])


def narrow_psf(side_px, upsampling=2):
    image = moffat(np.array([np.log(3.0), 0.2, 0.1, 1.0]), side_px * upsampling, upsampling)
    return image / image.sum()


@pytest.mark.parametrize("quarter", QUARTERS)
def test_a_map_is_a_quarter_turn_or_mirror_and_a_small_turn(quarter):
    linear = quarter.T @ turning(9.0)

    turn = turn_of(linear, 0)

    assert turn.angle_deg == pytest.approx(9.0)
    assert turn.quarter @ linear == pytest.approx(turn.matrix)


@pytest.mark.parametrize(
    ("linear", "message"),
    [(turning(30.0), r"epoch 4 is turned by 30\.0 degrees .* Use deconv_engine = \"gp\""),
     (1.01 * np.eye(2), r"epoch 4 is stretched .* Use deconv_engine = \"gp\""),
     (np.array([[1.0, 0.02], [0.0, 1.0]]), "epoch 4 is stretched")])
def test_other_maps_are_refused(linear, message):
    with pytest.raises(ValueError, match=message):
        turn_of(linear, 4)


@pytest.mark.parametrize("side", [8, 9])
@pytest.mark.parametrize("quarter", QUARTERS)
def test_a_stamp_is_turned_as_the_places_on_it(side, quarter):
    image = np.zeros((side, side))
    place = np.array([1, -2])  # from the centre, of a side of 9; half a pixel more of a side of 8
    column, row = (place + side // 2).astype(int)
    image[row, column] = 1

    found = unturned(image, quarter)

    (row_found,), (column_found,) = np.nonzero(found)
    centre = (side - 1) / 2
    expected = quarter @ (np.array([column, row]) - centre) + centre
    assert [column_found, row_found] == expected.tolist()


def test_a_shift_is_that_of_a_star():
    narrow = narrow_psf(32)
    shift_px = np.array([0.35, -0.6])

    moved = shifted(narrow, 2 * shift_px, 48)

    star = render(moved, [(0, 0)], 24, 2)[0]
    expected = render(narrow[8:-8, 8:-8], shift_px[None], 24, 2)[0]
    assert star[4:-4, 4:-4] == pytest.approx(expected[4:-4, 4:-4], abs=1e-4 * expected.max())


def test_places_count_from_the_origin_of_starred():
    assert small_places(4, 2).tolist() == [-0.5, 0.0, 0.5, 1.0]
    assert small_places(3, 1).tolist() == [-1.0, 0.0, 1.0]
    assert small_places(4, 2)[2] == pivot_px(4, 2)  # it turns about pixel n // 2
    assert small_places(3, 1)[1] == pivot_px(3, 1)


def test_the_curvature_of_a_wave_is_that_of_its_image():
    narrow, weight = narrow_psf(16), np.array([0.5, 2.0])
    curvature = background_curvature(weight[:, None, None] * np.ones((2, 16, 16)),
                                     np.array([narrow, narrow]), 2)

    wave = np.cos(2 * np.pi * (3 * np.arange(32)[:, None] + 2 * np.arange(32)) / 32)
    seen = np.fft.irfft2(np.fft.rfft2(wave) * np.fft.rfft2(narrow), s=(32, 32))
    pixels = seen.reshape(16, 2, 16, 2).sum((1, 3))
    slow = weight.sum() * (pixels**2).sum() / (wave**2).sum()
    # a wave of few cycles: what its aliases give is left out of neither
    assert curvature[3, 2] == pytest.approx(slow, rel=1e-6)


@pytest.mark.parametrize("scale", [0, 2])
def test_the_noise_of_a_starlet_is_that_of_its_image(scale):
    random = np.random.default_rng(3)
    weight = random.uniform(0, 2, (2, 24, 24))
    psf = np.array([narrow_psf(24), shifted(narrow_psf(24), (1.3, -0.4), 48)])

    noise = starlet_noise(weight, psf, 2)

    smooth = np.zeros((48, 48))
    smooth[21, 25] = 1
    for level in range(scale + 1):
        kernel = np.zeros(4 * 2**level + 1)
        kernel[:: 2**level] = np.array([1, 4, 6, 4, 1]) / 16
        fine, smooth = smooth, smooth
        for axis in (0, 1):
            smooth = convolve1d(smooth, kernel, axis, mode="constant")
    starlet = fine - smooth
    slow = 0
    for of_pixels, narrow in zip(weight, psf, strict=True):
        # pixel n // 2 of an even PSF is its origin, as in STARRED's convolution
        seen = convolve(starlet, np.pad(narrow, ((0, 1), (0, 1))), mode="constant")
        slow += (of_pixels * seen.reshape(24, 2, 24, 2).sum((1, 3)) ** 2).sum()
    assert noise[scale, 21, 25] == pytest.approx(np.sqrt(slow), rel=1e-3)
    assert (noise[-1] == 0).all()
