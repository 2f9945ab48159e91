"""The sky map of a row, written and read."""

import re
from types import SimpleNamespace

from cosmouline.database import paths
from cosmouline.errors import ProductLost
from cosmouline.files.io_fits import write_image
from cosmouline.images import db_sky
from cosmouline.images.sky import SkyMap

import numpy as np
import pytest
from scipy import stats

LEVEL = np.array([[400.0, 430.0, 410.0], [405.0, 420.0, 390.0]])
SIGMA = np.array([[20.0, 21.0, 25.0], [19.0, 30.0, 22.0]])


@pytest.fixture
def settings(tmp_path):
    return SimpleNamespace(work_dir=tmp_path)


def sky_map(**more):
    return SkyMap(LEVEL, SIGMA, 32, (60, 90), **more)


def test_the_fields_are_box_range_and_median_noise(settings):
    fields = db_sky.keep(sky_map(), {"img_name": "i"}, settings)

    assert fields == {"sky_box_px": 32, "sky_range_e": 40.0, "sky_noise_e": 21.5}
    read = db_sky.sky({"img_name": "i"}, settings)
    np.testing.assert_array_equal(read.level(), sky_map().level())
    np.testing.assert_array_equal(read.sigma(), sky_map().sigma())


def test_the_noise_of_a_stack_is_larger_than_the_scatter_of_its_pixels(settings):
    fields = db_sky.keep(sky_map(), {"img_name": "i", "noise_factor": 1.5}, settings)

    assert fields["sky_noise_e"] == pytest.approx(1.5 * 21.5)
    assert fields["sky_range_e"] == 40.0
    read = db_sky.sky({"img_name": "i"}, settings)
    np.testing.assert_allclose(read.sigma_mesh_e, 1.5 * SIGMA)
    np.testing.assert_array_equal(read.level_mesh_e, LEVEL)


def test_fringes_are_read_with_the_map(settings):
    fringes_e = np.random.default_rng(1).normal(0, 30, (60, 90)).astype(np.float32)
    path = paths.fringes(settings, "R_2019-03-01")
    write_image(path, fringes_e)

    db_sky.keep(sky_map(fringes_e=fringes_e, fringe_scale=0.5), {"img_name": "i"}, settings, path)

    level_e = db_sky.sky({"img_name": "i"}, settings).level()
    np.testing.assert_allclose(level_e, sky_map().level() + 0.5 * fringes_e, rtol=1e-6)


def test_a_map_that_is_lost_is_reported_with_its_script(settings):
    with pytest.raises(ProductLost, match=r"2_skysub/1_skysub\.py --redo --only i"):
        db_sky.sky({"img_name": "i"}, settings)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("factor", [0.05, 1.0, 20.0])
def test_the_noise_tells_a_wrong_gain(seed, factor, caplog):
    """A sky of 1000 electrons and 5 of read noise, read with a gain that is wrong by a factor."""
    right_e = np.random.default_rng(seed).poisson(1000.0, 20000) + np.random.default_rng(
        seed).normal(0, 5.0, 20000)
    wrong_e = factor * right_e
    image = {"img_name": "i", "sky_level_e": np.median(wrong_e), "read_noise_e": 5.0,
             "gain_e_per_adu": factor * 2.0, "sky_noise_e": wrong_e.std()}

    image |= db_sky.noise_ratio(image["sky_noise_e"], image)
    db_sky.warn_of_noise([image])

    right = np.sqrt(factor**2 * 1025 / (factor * 1000 + 25))
    assert image["sky_noise_ratio"] == pytest.approx(right, rel=0.03)
    if factor == 1.0:
        assert not caplog.messages
    else:
        assert "in 1 of 1 images (first: i," in caplog.messages[0]
        fitting = float(re.search(r"the noise fits ([\d.]+)\)", caplog.messages[0])[1])
        assert fitting == pytest.approx(2.0, rel=0.1)


def test_a_sky_that_was_subtracted_is_named_and_one_without_any_noise_has_no_ratio(caplog):
    image = {"img_name": "i", "sky_level_e": 2.0, "read_noise_e": 5.0, "sky_noise_e": 30.0}

    db_sky.warn_of_noise([image | db_sky.noise_ratio(30.0, image)])

    assert "was the sky subtracted before" in caplog.messages[0]
    assert db_sky.noise_ratio(3.0, {"sky_level_e": -30.0, "read_noise_e": 0.0}) == {}


def test_a_negative_sky_has_the_noise_that_its_light_left(caplog):
    """A sky of 600 e- and a read noise of 5 e- has 25 e-; of the level nothing is known."""
    image = {"img_name": "i", "sky_level_e": -300.0, "read_noise_e": 5.0, "sky_noise_e": 25.0}

    image |= db_sky.noise_ratio(25.0, image)
    db_sky.warn_of_noise([image])

    assert image["sky_noise_ratio"] == 5.0
    assert "was more than the sky subtracted" in caplog.messages[0]


def skies(seed, gain=2.0, claimed=2.0, bias_adu=0.0, spread=0.5, n=20):
    """Rows of skies of 300 to 450 e- and 5 of read noise, their noise known to 1 %."""
    random = np.random.default_rng(seed)
    sky_e = 300.0 * (1 + spread * random.random(n))
    noise_adu = np.sqrt(sky_e + 25) / gain * random.normal(1, 0.01, n)
    return [{"img_name": f"i{k}", "set_name": "R", "gain_e_per_adu": claimed,
             "sky_level_e": claimed * (sky_e[k] / gain + bias_adu),
             "sky_noise_e": claimed * noise_adu[k]} for k in range(n)]


@pytest.mark.parametrize("seed", range(3))
def test_the_gain_shows_in_how_the_noise_grows_whatever_the_bias(seed, caplog):
    """Noise^2 from 325 to 475 e-2, each known to 2 %: 8 e-2 of a range with a scatter of 43."""
    db_sky.warn_of_gain(skies(seed, gain=33.0, claimed=2.0, bias_adu=300.0))

    found = re.search(r"is 2 e-/ADU, but .* for ([\d.]+) \(([\d.]+) to ([\d.]+); 20 images\), and "
                      r"vanishes at (\d+) ADU \(a bias", caplog.text)
    gain, low, high, bias = map(float, found.groups())
    # sigma of the slope 8 / 43 / sqrt(20): 4 %
    assert gain == pytest.approx(33, rel=5 * 0.045)
    assert low < gain < high
    # the line vanishes 25 e-2 of the read noise lower: .8 ADU, and 375 e-2 x 4 %
    assert bias == pytest.approx(300 - 25 / 33, abs=5 * 0.5)


def test_a_right_gain_and_skies_that_tell_none_are_not_reported(caplog):
    for seed in range(5):
        db_sky.warn_of_gain(skies(seed, gain=2.0))
        db_sky.warn_of_gain(skies(seed, gain=33.0, spread=0.01))  # all alike
        db_sky.warn_of_gain(skies(seed, gain=33.0, n=7))  # too few
    db_sky.warn_of_gain([{"set_name": "R", "gain_e_per_adu": 2.0}])  # no sky yet

    assert caplog.text == ""


def photon_line(gain, bias_adu, read_noise_e, n=8):
    """Levels in ADU, and the noise on the line of the photons."""
    level_adu = np.linspace(100.0, 240.0, n)
    return level_adu, np.sqrt((level_adu - bias_adu) / gain + (read_noise_e / gain) ** 2)


def test_the_gain_of_an_exact_line_is_its_slope_and_the_pedestal_where_it_vanishes():
    """At 20 ADU less the square of the read noise over the gain: 6^2 / 4 = 9."""
    (gain, low, high), pedestal = db_sky.gain_of_noise(*photon_line(4.0, 20.0, 6.0))

    assert (gain, low, high) == pytest.approx((4.0, 4.0, 4.0))
    assert pedestal == pytest.approx(20.0 - 9.0)
    assert db_sky.gain_of_noise(*photon_line(4.0, 20.0, 6.0, 7)) is None
    level, noise = photon_line(4.0, 20.0, 6.0)
    assert db_sky.gain_of_noise(level, noise[::-1]) is None  # falls with the level
    assert db_sky.gain_of_noise(0 * level + 3, noise) is None


@pytest.mark.parametrize(("bend", "is_known"), [(0.69, True), (0.72, False)])
def test_a_gain_is_told_where_its_limits_are_within_a_factor(bend, is_known):
    """A bent line, whose slopes differ; by theilslopes' limits of them 2.25 is allowed."""
    level = np.linspace(100.0, 240.0, 12)
    noise2 = level + bend * (level - 170) ** 2 / 70
    slope, _, low, high = stats.theilslopes(noise2, level)
    assert low > 0
    assert (high / low < 2.25) == is_known

    found = db_sky.gain_of_noise(level, np.sqrt(noise2))

    assert (found is not None) == is_known
    if is_known:
        assert found[0] == pytest.approx((1 / slope, 1 / high, 1 / low))


@pytest.mark.parametrize(("claimed", "is_told"), [
    (4.0, False), (2.7, False), (2.6, True), (5.9, False), (6.1, True)])
def test_a_gain_that_is_wrong_by_half_is_told(claimed, is_told, caplog):
    level, noise = photon_line(4.0, 20.0, 6.0, 9)
    rows = [{"img_name": "i", "set_name": "R", "gain_e_per_adu": claimed,
             "sky_level_e": claimed * x, "sky_noise_e": claimed * y}
            for x, y in zip(level, noise, strict=True)]

    db_sky.warn_of_gain([*rows, *({**row, "set_name": "T"} for row in rows[:7])])

    assert len(caplog.messages) == is_told
    if is_told:
        assert (f"the gain of the set R is {claimed:g} e-/ADU, but its sky noise grows with the "
                "level as for 4 (4 to 4; 9 images), and vanishes at 11 ADU (a bias in the level?)"
                ) in caplog.text


@pytest.mark.parametrize(("ratio", "is_told"), [
    (0.39, True), (0.41, False), (1.99, False), (2.01, True)])
def test_the_limits_of_the_noise_and_the_gain_that_fits_by_hand(ratio, is_told, caplog):
    """1000 e- and 30 of read noise, 2 e-/ADU: of 1900 e-2 the ratio is left."""
    noise_e = ratio * np.sqrt(1900)
    image = {"img_name": "i", "sky_level_e": 1000.0, "read_noise_e": 30.0, "gain_e_per_adu": 2.0,
             "sky_noise_e": noise_e, "sky_noise_ratio": ratio}

    db_sky.warn_of_noise([image | {"sky_noise_ratio": 1.0}, image])

    assert bool(caplog.messages) == is_told
    if is_told:
        gain = float(re.search(r"the noise fits ([\d.]+)\)", caplog.text)[1])
        # g^2 n^2 = g L + r^2 in ADU, to the two digits that are written
        assert (gain * noise_e / 2) ** 2 == pytest.approx(gain * 500 + 900, rel=0.1)


@pytest.mark.parametrize(("level_e", "noise_e", "words"), [
    (2.9, 1.0, "was the sky subtracted"), (-2.9, 1.0, "was the sky subtracted"),
    (3.1, 1.0, "does the level hold a bias"), (3.1, 0.0, "is most of the frame one value")])
def test_what_a_noise_may_come_from(level_e, noise_e, words, caplog):
    db_sky.warn_of_noise([{"img_name": "i", "sky_level_e": level_e, "read_noise_e": 3.0,
                           "gain_e_per_adu": 2.0, "sky_noise_e": noise_e,
                           "sky_noise_ratio": 0.1}])

    assert words in caplog.text


def set_of(name, seed, gain=1.5, claimed=1.5, read_e=5.0, n=4):
    """Rows of a set of one telescope with a sky of 1000 e-, read with a gain that is claimed."""
    rows = []
    for k in range(n):
        right_e = np.random.default_rng([seed, k]).normal(1000, np.hypot(
            np.sqrt(1000), read_e), 20000)
        wrong_e = right_e * claimed / gain
        row = {"img_name": f"{name}{k}", "set_name": name, "telescope": "T",
               "read_noise_e": read_e, "gain_e_per_adu": claimed,
               "sky_level_e": float(np.median(wrong_e)), "sky_noise_e": float(wrong_e.std())}
        rows.append(row | db_sky.noise_ratio(row["sky_noise_e"], row))
    return rows


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("claimed", [0.42, 5.4])  # the true one is 1.5: a factor of 3.6
def test_a_gain_wrong_by_less_than_single_images_show_is_told_of_the_set(seed, claimed, caplog):
    """Each image is within .4 to 2: of its own nothing is said. Others of the telescope are."""
    right, wrong = set_of("R", seed), set_of("V", seed + 10, claimed=claimed)

    db_sky.warn_of_noise(right + wrong)
    assert not caplog.messages
    db_sky.warn_of_sets(right + wrong)

    assert len(caplog.messages) == 1
    factor = float(re.search(r"V: .*a factor of ([\d.]+); of the same telescope R has 1.5",
                             caplog.messages[0])[1])
    # read noise and all: the noise of the sky is known to .5 %
    assert factor == pytest.approx(1.5 / claimed, rel=0.03)


def test_sets_that_are_right_or_too_small_or_without_a_sky_are_not_reported(caplog):
    subtracted = [row | {"sky_level_e": 1.0} for row in set_of("B", 5, claimed=5.4)]

    db_sky.warn_of_sets(set_of("R", 1) + set_of("V", 2, claimed=5.4, n=2) + subtracted
                        + [{"set_name": "I"}])

    assert not caplog.messages
