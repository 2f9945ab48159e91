from cosmouline.injection.clone import copied_light, copies, whole_positions
from cosmouline.stamps.stamps import MASK_BAD, Stamps

import numpy as np
import pytest

POSITION = np.array([[1.3, -2.0], [5.1, 0.9], [-3.4, 2.2]])


def star_of(data, sigma=2.0):
    side = data.shape[-1]
    return Stamps(data[None].astype(np.float32), np.full((1, side, side), sigma, np.float32),
                  np.zeros((1, side, side), np.uint8), np.zeros((1, 2), int),
                  np.full((1, 2), side / 2), np.ones(1, bool))


def test_positions_are_whole_pixels_from_the_first():
    whole = whole_positions(POSITION)

    assert whole[0] == pytest.approx(POSITION[0])
    assert (whole - whole[0]) == pytest.approx(np.array([[0, 0], [4, 3], [-5, 4]]))
    assert np.abs(whole - POSITION).max() <= 0.5


@pytest.mark.parametrize(("degrees", "is_usable"), [
    (0, True), (180, True), (0.3, True), (2, False)])
def test_an_image_that_is_turned_has_no_copies(degrees, is_usable):
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    found = copies(whole_positions(POSITION), np.array([[c, -s], [s, c]]))

    # 7 px from the first image: 0.3 deg are .035 px, 2 deg .24 px
    assert found.is_usable is is_usable
    if degrees == 180:
        assert found.offset_px.tolist() == [[0, 0], [-4, -3], [5, -4]]


def test_copies_are_the_pixels_of_the_star_moved():
    data = np.zeros((30, 30))
    data[15, 15] = 1e8  # so bright that its noise is nothing
    offset = np.array([[0, 0], [3, -2]])
    light, variance, mask = copied_light(star_of(data), offset, np.array([0.2, 0.1]), 20,
                                         np.random.default_rng(1))

    assert light[10, 10] == pytest.approx(0.2 * 1e8, rel=1e-3)
    assert light[10 - 2, 10 + 3] == pytest.approx(0.1 * 1e8, rel=1e-3)
    assert light.sum() == pytest.approx(0.3 * 1e8, rel=1e-3)
    assert variance == pytest.approx((0.2**2 + 0.1**2) * 4)
    assert not mask.any()


def test_a_copy_has_the_noise_of_a_fainter_star():
    rng = np.random.default_rng(8)
    share, electrons = 0.3, 1000.0
    star = rng.poisson(electrons, (240, 240)).astype(float)
    light, _, _ = copied_light(star_of(star), np.array([[0, 0]]), np.array([share]), 238, rng)

    # a star of 300 electrons has a variance of 300; 56644 pixels know it to 0.6 %
    assert light.mean() == pytest.approx(share * electrons, abs=5 * 0.073)
    assert light.var() == pytest.approx(share * electrons, rel=5 * 0.006)


def test_masks_of_all_copies_are_joined():
    star = star_of(np.ones((30, 30)))
    star.mask[0, 15, 15] = MASK_BAD
    _, _, mask = copied_light(star, np.array([[0, 0], [3, -2]]), np.array([0.2, 0.1]), 20,
                              np.random.default_rng(1))

    assert np.argwhere(mask).tolist() == [[8, 13], [10, 10]]


def test_a_stamp_that_is_too_small_is_refused():
    with pytest.raises(ValueError, match="must be larger by 7 px on each side than 20: 30"):
        copied_light(star_of(np.ones((30, 30))), np.array([[7, 0]]), np.array([0.1]), 20,
                     np.random.default_rng(1))
