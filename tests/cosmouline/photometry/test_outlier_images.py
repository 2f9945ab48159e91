from cosmouline.photometry.outlier_images import notes, standing_out

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
