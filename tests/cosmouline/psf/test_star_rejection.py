"""Rules by which stars leave the PSF."""

from cosmouline.psf.star_rejection import (
    StarQuality,
    drop_coarse,
    drop_fine,
    drop_misshapen,
    star_quality,
)

import numpy as np
import pytest

ALL = np.ones(10, bool)


def quality(fraction=None, chi2=None, hopeless=()):
    """Ten ordinary stars, but for the values given by index."""
    values = StarQuality(np.full(10, 0.01), np.ones(10), np.zeros(10, bool), ALL)
    for array, changes in ((values[0], fraction), (values[1], chi2)):
        for k, value in (changes or {}).items():
            array[k] = value
    values.is_hopeless[list(hopeless)] = True
    return values


def dropped(stay):
    return np.flatnonzero(~stay).tolist()


def test_a_large_residual_or_a_hopeless_star_leaves_after_the_moffat():
    stay = drop_coarse(quality(fraction={2: 0.09, 3: 0.07}, hopeless=[7]), ALL, 3)

    assert dropped(stay) == [2, 7]


def test_the_fine_rule_asks_for_chi2_and_residual_or_for_a_very_high_chi2():
    values = quality(
        fraction={1: 0.04, 2: 0.04, 3: 0.01, 4: 0.01}, chi2={1: 1.7, 2: 1.4, 3: 1.7, 4: 5.5}
    )

    assert dropped(drop_fine(values, ALL, 3)) == [1, 4]


def test_at_most_a_third_leaves_at_once_the_worst_first():
    values = quality(chi2={0: 9.0, 1: 8.0, 2: 7.0, 3: 6.0})

    assert dropped(drop_fine(values, ALL, 3)) == [0, 1, 2]


def test_nobody_leaves_if_too_few_would_stay():
    values = quality(fraction=dict.fromkeys(range(3), 0.5), chi2=dict.fromkeys(range(3), 9.0))

    assert drop_coarse(values, ALL, 8).all()
    assert drop_fine(values, ALL, 8).all()


def test_chi2_is_one_and_the_residual_small_for_noise_alone():
    random = np.random.default_rng(5)
    model = np.full((3, 40, 40), 300.0)
    data = model + np.sqrt(500.0) * random.standard_normal(model.shape)
    good = np.ones(model.shape, bool)
    good[2] = False

    found = star_quality(data, model, 200.0, good, 0.0)

    assert found.chi2[:2] == pytest.approx([1, 1], abs=5 * np.sqrt(2 / 1600))
    assert np.isnan(found.chi2[2])
    # sqrt(excess), the excess of chi2 - 1 being about sqrt(2 / 1600) of 500 e-^2
    assert (found.residual_fraction[:2] < np.sqrt(5 * np.sqrt(2 / 1600) * 500) / 300).all()
    assert found.is_hopeless.tolist() == [False, False, True]


def test_the_residual_fraction_is_that_of_the_excess():
    model = np.full((1, 30, 30), 1.0e4)
    data = 1.1 * model

    found = star_quality(data, model, 100.0, np.ones(model.shape, bool), 0.0)

    # 10 % squared, minus the noise variance 1.01e4 in units of 1e8
    assert found.residual_fraction[0] == pytest.approx(np.sqrt(0.01 - 1.01e-4), rel=1e-6)


def test_a_star_without_flux_or_without_core_is_hopeless():
    model = np.zeros((3, 9, 9))
    model[:, 4, 4] = [1.0e4, -1.0e4, 1.0e4]
    model[:, 4, 5] = [1.0e3, -1.0e3, 1.0e3]
    good = np.ones(model.shape, bool)
    good[2, 4, 4] = False

    found = star_quality(model, model, 100.0, good, 0.0)

    assert found.is_hopeless.tolist() == [False, True, True]
    assert found.has_core.tolist() == [True, True, False]


def test_the_core_is_lost_below_half_of_the_squared_model():
    """Squares of 16, 9 and seven of 1: 32; of 4, 4 and seven of 1: 15."""
    model = np.full((2, 3, 3), 1.0)
    model[:, 1, 1], model[:, 1, 2] = [4.0, 2.0], [3.0, 2.0]
    good = np.ones(model.shape, bool)
    good[:, 1, 1] = False

    found = star_quality(100 * model, 100 * model, 1.0, good, 0.0)

    # 16 of 32 are lost in the first star: exactly half stays; 4 of 15 in the second
    assert found.has_core.tolist() == [True, True]
    good[0, 0, 0] = False
    found = star_quality(100 * model, 100 * model, 1.0, good, 0.0)
    assert found.has_core.tolist() == [False, True]


def shapes_that_stay(stamps, min_stars=3):
    variance = stamps.sky_variance + stamps.data.clip(0)
    is_used = np.ones(len(stamps.data), bool)
    return drop_misshapen(stamps.data, variance, stamps.good, stamps.fwhm_px, is_used, min_stars)


@pytest.mark.parametrize(("away_fwhm", "ratio"), [(0.7, 0.5), (0.9, 0.6)])
def test_the_brightest_star_is_dropped_where_it_is_double(star_stamps, away_fwhm, ratio):
    stamps = star_stamps(51, 3.0, (2e4, 3e5))
    k = np.argmax(stamps.flux_e)
    x, y = stamps.offset_px[k]
    companion = stamps.truth.stamp(stamps.side_px, x + 3.0 * away_fwhm, y)
    stamps.data[k] += ratio * stamps.flux_e[k] * companion

    assert dropped(shapes_that_stay(stamps)) == [k]
    assert shapes_that_stay(stamps, min_stars=6).all()
    # a bad pixel in a core spoils the shape of that star: it is not judged here
    stamps.good[k, stamps.side_px // 2, stamps.side_px // 2] = False
    assert shapes_that_stay(stamps).all()


@pytest.mark.parametrize(("fwhm_px", "flux_e", "changes"), [
    (2.0, (2e4, 3e5), {}),  # undersampled
    (3.0, (3e3, 1.2e4), {}),  # S/N from 15
    (3.0, (2e4, 3e5), {"gradient": 0.1}),  # FWHM from 2.85 to 3.15 px
    (3.0, (2e4, 3e5), {"axis_ratio": 0.5}),  # trailed
])
def test_no_good_star_is_dropped_for_its_shape(star_stamps, fwhm_px, flux_e, changes):
    # 5 sigma of 12 stars, 3 moments: one in 50 000 images
    assert all(shapes_that_stay(star_stamps(seed, fwhm_px, flux_e, n_stars=12, **changes)).all()
               for seed in range(52, 57))


def test_three_stars_have_no_shape_in_common(star_stamps):
    stamps = star_stamps(58, 3.0, (2e4, 3e5), n_stars=3)
    stamps.data[0] += np.roll(0.6 * stamps.data[0], 3, axis=1)

    assert shapes_that_stay(stamps).all()
