from cosmouline.lightcurve.outlier_points import far_from_neighbours, far_from_night, reasons

import numpy as np
import pytest


def curve(seed=1, n=40):
    """A constant source of 1000 +- 10."""
    random = np.random.default_rng(seed)
    return np.arange(n, dtype=float), 1000 + random.normal(0, 10, n), np.full(n, 10.0)


def test_the_distance_by_hand():
    """Neighbours 10, 12, 13, 14: median 12.5, scatter 1.4826 x 1.0, error 1 / sqrt(4)."""
    time, flux = np.array([0.0, 3.0, 1.0, 2.0, 4.0]), np.array([10.0, 13.0, 20.0, 12.0, 14.0])
    sigma = np.array([1.0, 1.0, 2.0, 1.0, 1.0])

    found = far_from_neighbours(time, flux, sigma)

    assert found[2] == pytest.approx(7.5 / np.sqrt(4 + 1 / 4 + 1.4826**2))
    # at the end of the curve: 12, 13, 10, 20 have the median 12.5 and distances .5 .5 2.5 7.5
    assert found[4] == pytest.approx(1.5 / np.sqrt(1 + 7 / 4 / 4 + (1.4826 * 1.5) ** 2))


@pytest.mark.parametrize(("k", "near"), [(0, (1, 2, 3, 4)), (1, (0, 2, 3, 4)), (4, (2, 3, 5, 6)),
                                         (7, (4, 5, 6, 8)), (8, (4, 5, 6, 7))])
def test_four_neighbours_count_and_none_beyond_them(k, near):
    """Two before and two after of nine, the nearest four at the ends; all others are far off."""
    flux = np.full(9, 1e6)
    flux[list(near)], flux[k] = (10.0, 12.0, 13.0, 14.0), 20.0

    found = far_from_neighbours(np.arange(9.0), flux, np.ones(9))

    assert found[k] == pytest.approx(7.5 / np.sqrt(1 + 1 / 4 + 1.4826**2))


@pytest.mark.parametrize(("n", "is_known"), [(4, True), (3, False)])
def test_three_neighbours_are_enough(n, is_known):
    flux = np.r_[10.0, 11.0, 12.0, 13.0][:n]
    assert np.isfinite(far_from_neighbours(np.arange(n), flux, np.ones(n))).all() == is_known


def test_reasons_at_their_limits():
    """Fluxes of exactly 3 sigma, and a chi2 of exactly 1.5, are not listed."""
    flux = np.array([3.0, 2.9, 0.0, np.nan, 3.0, 3.0])

    found = reasons(np.arange(6.0), flux, np.ones(6), np.array([1.0, 1.0, 1.0, 0.0, 1.0, 1.0]),
                    np.array([1.5, 1.6, 0.9, 9.0, 0.9, 0.9]))

    assert found == ["", "below 3 sigma, chi2 1.60", "negative flux", "", "", ""]


def test_a_misfit_that_all_images_share_marks_none_of_them():
    """PSFs that fit badly everywhere: chi2 of 1.6; one image is worse by more than 1.5."""
    chi2 = np.array([1.6, 1.5, 1.7, 1.6, 2.5, 2.3])

    found = reasons(np.arange(6.0), np.full(6, 100.0), np.ones(6), np.ones(6), chi2)

    # median 1.65, limit 2.475
    assert found == ["", "", "", "", "chi2 2.50", ""]


def test_noise_is_not_far_and_a_jump_is():
    time, flux, sigma = curve()
    quiet = far_from_neighbours(time, flux, sigma)
    flux[17] += 200
    found = far_from_neighbours(time, flux, sigma)

    assert np.abs(quiet).max() < 4
    assert 6 < found[17] < 20  # 20 sigma, over the errors of both and the scatter of four
    assert np.abs(np.delete(found, 17)).max() < 6  # the median of four withstands one


def test_a_source_that_varies_steadily_is_not_all_outliers():
    time, flux, sigma = curve()

    assert np.abs(far_from_neighbours(time, flux + 30 * time, sigma)).max() < 6


def test_what_is_not_measured_has_no_distance():
    time, flux, sigma = curve(n=6)
    flux[2] = np.nan

    found = far_from_neighbours(time, flux, sigma)

    assert np.flatnonzero(np.isnan(found)).tolist() == [2]
    assert np.isnan(far_from_neighbours(time[:3], flux[:3], sigma[:3])).all()


def test_reasons_are_told_together():
    time, flux, sigma = curve()
    chi2, coeff = np.ones(40), np.ones(40)
    flux[3], flux[9], flux[20] = -50.0, 25.0, np.nan
    chi2[5], coeff[6] = 2.5, -1.0

    told = reasons(time, flux, sigma, coeff, chi2)

    assert "negative" in told[3]
    assert "sigma from its neighbours" in told[3]
    assert told[5] == "chi2 2.50"
    assert told[6] == "coefficient -1"
    assert told[9].startswith("below 3 sigma")
    assert [i for i, text in enumerate(told) if text] == [3, 5, 6, 9]


def nights(seed, per_night, n_nights=12):
    """A source that varies by 5 % from night to night, in images of 2 %, a few minutes apart."""
    random = np.random.default_rng(seed)
    time = np.repeat(np.arange(n_nights), per_night) + 0.01 * np.tile(
        np.arange(per_night), n_nights)
    true = np.repeat(1000 * (1 + 0.05 * random.standard_normal(n_nights)), per_night)
    return time, true + random.normal(0, 20, len(time)), np.full(len(time), 20.0)


@pytest.mark.parametrize("per_night", [3, 5])
@pytest.mark.parametrize("seed", range(3))
def test_one_of_several_images_of_a_night_that_is_off_is_told(seed, per_night):
    """20 % of a flux of S/N 50: 10 sigma; from its neighbours in time it is about 3."""
    time, flux, sigma = nights(seed, per_night)
    k = 4 * per_night + 1
    flux[k] += 200

    found = far_from_night(time, flux, sigma)

    # noise of 1 sigma in it, and of the others
    assert found[k] == pytest.approx(200 / 20 / np.sqrt(1 + np.pi / 2 / 4), abs=4)
    assert np.abs(np.delete(found, k)).max() < 4.5
    assert "sigma from the others of its night" in reasons(
        time, flux, sigma, np.ones(len(flux)), np.ones(len(flux)))[k]


def test_two_images_of_a_night_that_differ_are_both_told():
    time, flux, sigma = nights(1, 2)
    flux[7] += 200

    found = np.abs(far_from_night(time, flux, sigma))

    assert found[6] == found[7] == found.max()
    assert found[7] == pytest.approx(200 / 20 / np.sqrt(2), abs=4)


@pytest.mark.parametrize("per_night", [2, 3, 6])
def test_nights_in_order_and_slow_changes_within_one_are_not_told(per_night):
    for seed in range(20):
        assert np.abs(far_from_night(*nights(seed, per_night))).max() < 4.5
    # as in a transit: 3 % within two hours of images of .7 %, every five minutes
    time = np.arange(60) / 288
    flux = 1000 - 30 * np.clip((time - 0.05) / 0.03, 0, 1)
    noise = np.random.default_rng(1).normal(0, 7, 60)
    assert np.abs(far_from_night(time, flux + noise, np.full(60, 7.0))).max() < 4.5


def test_errors_that_are_too_small_make_no_outliers_and_one_image_a_night_has_no_distance():
    for seed in range(20):
        time, flux, sigma = nights(seed, 4)
        assert np.abs(far_from_night(time, flux, sigma / 3)).max() < 5.5
    assert np.isnan(far_from_night(np.arange(5.0), np.ones(5), np.ones(5))).all()
