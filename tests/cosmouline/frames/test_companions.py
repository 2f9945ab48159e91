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


@pytest.mark.parametrize(("n_bright", "gain"), [(29, None), (30, 2.0)])
def test_thirty_bright_pixels_tell_a_gain(n_bright, gain):
    """Sky of 100 +- 1, variance 4; light of 20 (10 sigmas are 14.8) has 10 more: the gain is 2."""
    data, variance = np.resize([99.0, 101.0, 100.0], 3000), np.full(3000, 4.0)
    data[:n_bright], variance[:n_bright] = 120.0, 14.0
    data[100:200], variance[100:200] = 112.0, 900.0  # not bright

    assert gain_of_variance(data, variance) == gain
    variance[n_bright:100] = 14.0  # without light it says nothing
    assert gain_of_variance(data, variance) == gain


@pytest.mark.parametrize(("base", "bright", "gain"), [
    (10.0, 20.1, 50 / 10.1), (10.0, 19.9, None), (0.0, 10.0, None), (-1.0, 10.0, None),
    (10.0, np.nan, None), (10.0, 5.0, None)])
def test_a_variance_that_is_not_doubled_by_stars_tells_no_gain(base, bright, gain):
    data, variance = np.resize([99.0, 101.0, 100.0], 3000), np.full(3000, base)
    data[:60], variance[:60] = 150.0, bright

    assert gain_of_variance(data, variance) == (gain and pytest.approx(gain))


@pytest.mark.parametrize(("claimed", "is_told"), [
    (2.9, False), (3.1, True), (1.34, False), (1.32, True)])
@pytest.mark.parametrize("kind", ["variance", "noise", "weight"])
def test_a_gain_of_the_map_may_differ_by_half(kind, claimed, is_told):
    data = np.resize(np.float32([99.0, 101.0, 100.0]), (50, 60))
    variance = np.full((50, 60), 5.0)
    data[:2], variance[:2] = 120.0, 15.0
    values = {"variance": variance, "noise": np.sqrt(variance), "weight": 1 / variance}[kind]

    _, notes = with_sides(data, {kind: values}, Mask(), {}, 6e4, claimed)

    assert [note[:40] for note in notes] == ["the noise map of the frame has the gain "] * is_told
    assert all("gain 2 e-/ADU, not" in note for note in notes)


@pytest.mark.parametrize("kind", ["variance", "noise", "weight"])
def test_pixels_without_noise_or_weight_are_bad_and_saturated_ones_keep_more(kind):
    data = np.full((2, 4), 50.0, np.float32)
    data[1] = 7e4, np.nan, 50.0, 50.0
    values = np.ones((2, 4))
    values[0] = 0.0, -1.0, np.inf, np.nan
    values[1, :2] = 0.0, 0.0
    mask = np.zeros((2, 4))
    mask[1, :3] = 2

    found, notes = with_sides(data, {kind: values, "mask": mask}, Mask((2,)), {}, 6e4, 1.0)

    assert notes == []
    assert np.isnan(found[0]).all()
    assert found[1].tolist() == [7e4, 6e4, 6e4, 50.0]
    assert found.dtype == np.float32


@pytest.mark.parametrize(("n_values", "fraction", "step", "kind"), [
    (32, 0.71, 1.0, "mask"), (33, 0.71, 1.0, None), (32, 0.69, 1.0, None),
    (32, 0.71, 0.5, None)])
def test_a_mask_has_few_whole_numbers_and_one_nearly_everywhere(n_values, fraction, step, kind):
    pixels = np.resize(step * np.arange(1, n_values), 10_000)
    pixels[: int(1e4 * fraction)] = 0.0
    pixels[-1] = np.nan

    assert kind_by_pixels(np.random.default_rng(1).permutation(pixels).reshape(100, 100)) == kind


@pytest.mark.parametrize(("hole", "star", "level", "kind"), [
    (4.4, 0.0, 100.0, "weight"), (3.6, 0.0, 100.0, None), (4.4, 3.2, 100.0, "weight"),
    (4.4, 3.9, 100.0, None), (4.4, 0.0, 2.0, None)])
def test_a_weight_map_has_holes_of_four_sigmas_and_nothing_above_the_sky(hole, star, level, kind):
    """One pixel in 100 is lower, another higher, than a sky of unit noise."""
    pixels = np.random.default_rng(2).standard_normal(40_000).clip(-2.5, 2.5) + level
    pixels[:400], pixels[400:800] = level - hole, level + max(star, 2.5)

    assert kind_by_pixels(np.random.default_rng(3).permutation(pixels).reshape(200, 200)) == kind
