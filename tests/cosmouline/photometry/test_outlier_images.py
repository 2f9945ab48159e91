import re

from cosmouline.photometry.outlier_images import exposure_notes, notes, standing_out, two_kinds

import numpy as np
import pytest


def test_gaussian_values_hardly_ever_stand_out():
    values = np.random.default_rng(2).normal(1.0, 0.1, 20_000)

    far, typical = standing_out(values, least=0.0)

    # 3.5 sigma on one side: 2.3e-4 of them, 4.7 +- 2.2
    assert far.sum() < 20
    assert typical == pytest.approx(1.0, abs=5 * 1.25 * 0.1 / np.sqrt(20_000))


def test_a_high_value_stands_out_and_a_low_one_does_not():
    values = [1.0, 1.1, 0.9, 1.05, 0.95, 3.0, -3.0, np.nan]

    assert np.flatnonzero(standing_out(values, 0.3)[0]).tolist() == [5]


def test_small_differences_of_very_equal_values_do_not_count():
    assert not standing_out([0.02, 0.02, 0.02, 0.02, 0.02, 0.04], least=0.05)[0].any()


def test_few_images_have_no_typical_value():
    assert not standing_out([1.0, 1.0, 1.0, 9.0], least=0.1)[0].any()
    assert np.isnan(standing_out([np.nan], least=0.1)[1])


def test_notes_name_the_property_the_value_and_the_median():
    sky, ellipticity = [100.0] * 5 + [900.0, 100.0], [0.02] * 6 + [0.131]

    found = notes({"sky": (sky, 10.0, ".0f"), "ellipticity": (ellipticity, 0.03, ".2f")})

    assert found == [""] * 5 + ["sky 900 (median 100)", "ellipticity 0.13 (median 0.02)"]


EXPTIME_S = np.array([300.0, 300.0, 60.0, 300.0, 600.0, 300.0])


def light(of_second, sky=None):
    """Coefficient and sky of exposures, by the light in a second."""
    e = np.array(of_second) * EXPTIME_S
    return 300.0 / e, 2.0 * (e if sky is None else np.array(sky) * EXPTIME_S)


@pytest.mark.parametrize(("of_second", "sky", "said"), [
    ([1, 1, 1, 1, 1, 1], None, ""), ([1, 0.9, 1.1, 1, 1.3, 1], None, ""),
    ([1, 1, 1, 0.2, 1, 1], None, "both 0.2 times .* exposure of 60 s, not 300 s"),
    ([1, 1, 1, 1.6, 1, 1], None, ""), ([1, 1, 1, 1.75, 1, 1], None, "both 1.8 times .* of 525 s"),
    ([1, 1, 1, 1 / 1.75, 1, 1], None, "both 0.57 times"), ([1, 1, 1, 1 / 1.6, 1, 1], None, ""),
    ([1, 1, 1, 0.2, 1, 1], [1, 1, 1, 1, 1, 1], ""),  # clouds
    ([1, 1, 1, 1, 1, 1], [1, 1, 1, 5, 1, 1], ""),  # the moon
    ([1, 1, 1, 0.2, 1, 1], [1, 1, 1, 0.2 * 1.3, 1, 1], "both 0.23 times"),
    ([1, 1, 1, 0.2, 1, 1], [1, 1, 1, 0.2 * 1.4, 1, 1], ""),  # .2 x 1.44: 1.34
    ([1, 1, 1, np.nan, 1, 1], None, ""), ([1, 1, 1, 1, 1, 1], [1, 1, 1, -1, 1, 1], "")])
def test_another_exposure_time_is_told_by_stars_and_sky(of_second, sky, said):
    """The fourth image; those of other exposure times that are known are like the others."""
    found = exposure_notes(EXPTIME_S, *light(of_second, sky), ["a"] * 6)

    assert [bool(one) for one in found] == [False] * 3 + [bool(said)] + [False] * 2
    assert re.search(said, found[3])


def test_exposures_are_compared_with_three_and_more_of_their_camera():
    """Where two of four differ from two, nobody knows which are right."""
    of_second = [1, 1, 1, 0.2, 0.2, 0.2]
    cases = {"aaabbb": [], "aabbaa": [0, 1, 4, 5], "aaabbc": [], "aaaacb": [3]}

    for cameras, told in cases.items():
        found = exposure_notes(EXPTIME_S, *light(of_second), list(cameras))
        assert [k for k, one in enumerate(found) if one] == told, cameras


def fluxes(seed, colour=0.0, others=(), n_images=12, n_stars=10, sigma=0.004):
    """Relative residuals: stars by colour in some images, two that vary, the airmass, gaps."""
    random = np.random.default_rng(seed)
    residual = random.normal(0, sigma, (n_images, n_stars))
    residual += random.normal(0, colour, n_stars) * np.isin(np.arange(n_images), others)[:, None]
    residual[:, 0] += 0.3 * (np.arange(n_images) % 2)  # from high to low
    residual[:, 1] += random.normal(0, 0.2, n_images)
    residual += random.normal(0, 0.01, n_stars) * random.uniform(0, 1, (n_images, 1))
    residual[random.uniform(size=residual.shape) < 0.1] = np.nan
    return residual, np.full(residual.shape, sigma)


@pytest.mark.parametrize("others", [(3, 7), (0, 1, 2, 3, 4), (5, 6, 7, 8, 9, 10, 11)])
def test_images_in_another_filter_are_told_by_their_stars(others):
    """15 % is the scatter of stars with colours of .3 mag between r and i; ten know it to 1/3."""
    rarer = others if len(others) <= 6 else set(range(12)) - set(others)
    found = [two_kinds(*fluxes(seed, 0.15, others)) for seed in range(20)]

    # a tenth of the fluxes is missing: an image may have too few stars to tell
    n_right = sum(set(np.flatnonzero(is_other)) == set(rarer) for is_other, _ in found)
    assert n_right >= 18
    assert all(0.05 < apart < 0.4 for is_other, apart in found if is_other.any())


@pytest.mark.parametrize("colour", [0.0, 0.008])
def test_variable_stars_and_the_airmass_make_no_kind_of_images(colour):
    assert not any(two_kinds(*fluxes(seed, colour, (0, 1, 2, 3)))[0].any() for seed in range(100))


@pytest.mark.parametrize("keep", [np.s_[:3], np.s_[:, :4]])
def test_few_images_or_stars_show_no_kinds(keep):
    residual, sigma = (one[keep] for one in fluxes(1, 0.3, (0, 2)))

    assert not two_kinds(residual, sigma)[0].any()
    assert np.isnan(two_kinds(residual, sigma)[1])
