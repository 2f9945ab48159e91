"""Doubles planted in Moffats with coma and trails: by hand, at several seeds, and none at all."""

from cosmouline.psf.model import Psf
from cosmouline.psf.one_sided import odd_ones, one_sided_light
from cosmouline.skymaker.pointspread import PointSpread

import numpy as np
import pytest

SIDE_PX, UPSAMPLING = 32, 2
AXIS = (np.arange(SIDE_PX * UPSAMPLING) - (SIDE_PX * UPSAMPLING - 1) / 2) / UPSAMPLING


class Drawn(Psf):
    """A PSF that is what was drawn."""

    def narrow(self, uv=None):
        return self.residual


def psf_of(seed, **more):
    """A PSF as a frame has it, with a lobe as of coma; its noise is that of ten stars."""
    random = np.random.default_rng(seed)
    fwhm_px = random.uniform(1.6, 2.6)
    angle = random.uniform(0, 2 * np.pi)
    spread = PointSpread(fwhm_px, 3.0, 0.08 * np.cos(angle), 0.08 * np.sin(angle),
                         lobe_fraction=0.1, lobe_angle_deg=random.uniform(0, 360), **more)
    image = spread.density(AXIS[None, :], AXIS[:, None])
    image *= 1 + random.normal(0, 0.01, image.shape)
    return Drawn(np.array([np.log(fwhm_px), 0.0, 0.0, np.log(3.0)]), None, image / image.sum(),
                 UPSAMPLING, SIDE_PX)


@pytest.mark.parametrize("fraction", [0.15, 0.3])
def test_doubles_stand_out_of_a_set_and_nothing_else_does(fraction):
    """12 images, one of them double by 3.2 px as of a jump; 20 sets of such, and without."""
    found, false = 0, 0
    for seed in range(20):
        values = np.array([one_sided_light(psf_of(100 * seed + k)) for k in range(12)])
        false += odd_ones(values).any()
        turn = np.random.default_rng(seed).uniform(0, 2 * np.pi)
        values[5] = one_sided_light(psf_of(
            100 * seed + 5, double_px=(3.2 * np.cos(turn), 3.2 * np.sin(turn)),
            double_fraction=fraction))
        found += odd_ones(values).tolist() == [k == 5 for k in range(12)]

    assert found >= 19
    assert false == 0  # of 240 images


def test_the_light_by_hand():
    """A tenth of the light 4 px away: its part in a Gaussian aperture of .4 FWHM."""
    narrow = np.zeros((64, 64))
    narrow[32, 28], narrow[32, 36] = 0.9, 0.1  # 4 px of two small pixels
    psf = Drawn(np.array([np.log(1.6), 0.0, 0.0, 1.0]), None, narrow, UPSAMPLING, SIDE_PX)

    # the sampling Gaussian, of .85 small pixels, and the aperture, of .4 x 1.89 x 2 = 1.51
    expected = 0.1 * 1.51**2 / (1.51**2 + 0.85**2)
    assert one_sided_light(psf) == pytest.approx(expected, rel=0.1)


def test_a_trail_is_alike_on_both_sides():
    straight, trailed = (one_sided_light(psf_of(3, trail_px=(length, 0.0))) for length in (0, 4.0))

    assert trailed < straight + 0.01


def test_few_images_have_no_odd_one():
    assert not odd_ones(np.array([0.01, 0.01, 0.01, 0.2])).any()
    odd = odd_ones(np.array([0.01, 0.01, np.nan, 0.01, 0.01, 0.2]))
    assert odd.tolist() == [False] * 5 + [True]
    assert not odd_ones(np.array([0.01, 0.01, 0.01, 0.01, 0.02])).any()  # 1 % is no double
