"""Files that are no frames, by name, header and pixels; what masks and noise maps say."""

from cosmouline.frames.companions import (
    Companion,
    bad_and_saturated,
    companions,
    gain_of_variance,
    kind_by_header,
    kind_by_pixels,
    with_sides,
)
from cosmouline.frames.telescope_yaml import Mask

import numpy as np
import pytest
from astropy.io import fits


@pytest.mark.parametrize(("names", "kinds"), [
    ("x_sci x_rms", {"x_rms": "noise"}), ("a a.wht a.mask", {"a.wht": "weight", "a.mask": "mask"}),
    ("c4d_1_ooi_r.N2 c4d_1_ood_r.N2 c4d_1_oow_r.N2",
     {"c4d_1_ood_r.N2": "mask", "c4d_1_oow_r.N2": "weight"}),
    ("k4m_oki_v0-ccd2 k4m_oow_v0-ccd2", {"k4m_oow_v0-ccd2": "weight"}),
    ("D04b.mini D04b.MatchKernel D05b.mini", {"D04b.MatchKernel": "kernel"}),
    ("u-w1-img-m u-w1-invvar-m u-w1-n-m", {"u-w1-invvar-m": "weight", "u-w1-n-m": "coverage"}),
    ("ztf_sciimg ztf_mskimg", {"ztf_mskimg": "mask"}), ("f_drz f_var", {"f_var": "variance"}),
    ("f1 f1_sub f1_confidence", {"f1_sub": "residual", "f1_confidence": "coverage"}),
    # frames that a word of their name does not make a map
    ("HE_001 HE_002", {}), ("exp_001 sky_001", {}), ("std_1 lens_1", {}), ("n_1 w_1 v_1", {}),
    ("var", {}), ("rms_1 rms_2", {}), ("mask", {}), ("sn1_img sn2_img", {})])
def test_files_that_are_named_like_a_frame(names, kinds):
    found = companions(names.split())

    assert {name: one.kind for name, one in found.items()} == kinds
    assert all(one.frame in names.split() for one in found.values())


def test_a_map_belongs_to_its_own_frame():
    assert companions(["a_1", "a_2", "a_2_rms"]) == {"a_2_rms": Companion("noise", "a_2")}


@pytest.mark.parametrize(("cards", "kind"), [
    ({"EXTNAME": "DQ"}, "mask"), ({"PRODTYPE": "dqmask"}, "mask"),
    ({"PRODTYPE": "wtmap"}, "weight"), ({"HDUCLAS2": "ERROR"}, "noise"),
    ({"PRODTYPE": "image"}, None), ({}, None),
    ({"EXTNAME": "N15", "IMAGETYP": "object", "OBSTYPE": "IMAGING"}, None)])
def test_what_a_header_says(cards, kind):
    found = kind_by_header(fits.Header(cards))

    assert (found and found[0]) == kind


def sky(seed=1, level=400.0, gain=2.0, n_stars=40):
    """Draw a sky of 96 x 96 pixels with stars of Gaussian profile, and its variance, in counts."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:96, :96]
    expected = np.full((96, 96), level)
    for x0, y0, flux in zip(*rng.uniform(0, 96, (2, n_stars)), 10**rng.uniform(3.5, 5, n_stars),
                            strict=True):
        expected += flux / 18 * np.exp(-((x - x0) ** 2 + (y - y0) ** 2) / 5.7)
    variance = expected / gain
    return (expected + np.sqrt(variance) * rng.standard_normal(expected.shape)).astype(
        np.float32), variance


def test_what_pixels_say():
    image, variance = sky()
    noisy = np.clip(image, 1, None) / 2.0  # a map of the pipeline has the noise of the image

    assert kind_by_pixels(image) is None
    assert kind_by_pixels(1 / noisy) == "weight"
    assert kind_by_pixels((image > 800).astype(float)) == "mask"
    assert kind_by_pixels(np.round(image)) is None
    dead = image.copy()
    dead[:, 10:13] = 0.0
    assert kind_by_pixels(dead) is None
    assert kind_by_pixels(sky(n_stars=0)[0]) is None
    assert variance.min() > 0


@pytest.mark.parametrize(("meaning", "bad", "saturated"), [
    (Mask(), [1, 2, 3, 4, 7], []), (Mask(saturated=(2,)), [1, 4], [2, 3, 7]),
    (Mask(saturated=(2,), good=(4,)), [1], [2, 3, 7]),
    (Mask(saturated=(3,), good=(7,), codes=True), [1, 2, 4], [3]),
    (Mask(saturated=(3,), codes=True, since=(("PLVER", "V3.5"),)), [1, 2, 4, 7], [3]),
    (Mask(saturated=(3,), codes=True, since=(("PLVER", "V4.10"),)), [1, 2, 3, 4, 7], [])])
def test_bits_and_codes_of_masks(meaning, bad, saturated):
    values = np.array([[0, 1, 2, 3, 4, 7]], float)

    found = bad_and_saturated(values, meaning, fits.Header({"PLVER": "V4.8.2a"}))

    assert [list(values[mask]) for mask in found] == [bad, saturated]


def test_a_mask_without_a_value_is_bad():
    (bad, saturated) = bad_and_saturated(np.array([[np.nan, 2.0**31 + 1]]), Mask((2,)), {})

    assert bad.all()
    assert not saturated.any()


def test_the_gain_of_a_noise_map():
    """The variance was drawn with it; a map of the sky alone does not have it."""
    image, variance = sky(gain=2.0)

    assert gain_of_variance(image, variance) == pytest.approx(2.0, rel=0.05)
    assert gain_of_variance(image, np.full_like(variance, 200.0)) is None
    assert gain_of_variance(sky(n_stars=0)[0], variance) is None


def test_bad_pixels_are_nan_and_saturated_ones_reach_the_level():
    image, variance = sky()
    mask = np.zeros(image.shape)
    mask[3, 3:6] = 1, 2, 4
    weight = 1 / variance
    weight[3, 4], weight[7, 7] = 0.0, 0.0

    found, notes = with_sides(image, {"mask": mask, "weight": weight}, Mask((2,), (4,)), {}, 6e4,
                              2.0)

    assert notes == []
    assert np.isnan([found[3, 3], found[7, 7]]).all()
    assert found[3, 4] == 6e4
    changed = ~(found == image)
    assert np.argwhere(changed).tolist() == [[3, 3], [3, 4], [7, 7]]


def test_what_does_not_fit_is_noted():
    image, variance = sky(gain=2.0)
    gain = gain_of_variance(image, variance)

    _, notes = with_sides(image, {"variance": variance, "mask": np.zeros((3, 3))}, Mask(), {}, 6e4,
                          6.0)

    assert notes[0] == "the mask beside the frame has another size: not used"
    assert notes[1] == f"the noise map of the frame has the gain {gain:.3g} e-/ADU, not 6"
