import re

from cosmouline.photometry.outlier_images import exposure_notes, notes, standing_out

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
