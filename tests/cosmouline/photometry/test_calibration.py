"""Scatter of stars beyond their errors: injected truth, and the pulls of a star left out."""

from cosmouline.photometry.calibration import (
    Calibration,
    calibrate,
    extra_scatter,
    log_calibration,
)
from cosmouline.photometry.coefficients import solve

import numpy as np
import pytest

N_NIGHTS, N_STARS = 25, 8


def campaign(seed, of_image=0.0, of_night=0.0, per_night=4, claimed=1.0, bad_night=0.0):
    """Measure stars of .3 to 1 % with more scatter, and one star more that does not count.

    `claimed` is the quoted error over the true one. Returns the `Calibration`, the nights, and
    departures and errors of the star that was left out.
    """
    random = np.random.default_rng(seed)
    nights = np.repeat(np.arange(N_NIGHTS), per_night)
    n = len(nights)
    relative = np.geomspace(0.003, 0.01, N_STARS + 1) * random.uniform(0.8, 1.3, (n, 1))
    change = relative * random.standard_normal(relative.shape)
    change += of_image * random.standard_normal(change.shape)
    change += of_night * random.standard_normal((N_NIGHTS, N_STARS + 1))[nights]
    change[nights == 3] += bad_night * random.standard_normal((per_night, N_STARS + 1))
    flux = random.uniform(0.7, 1, (n, 1)) * random.uniform(3e3, 3e4, N_STARS + 1) * (1 + change)
    sigma = claimed * relative * flux
    stars = slice(N_STARS)
    found = solve(flux[:, stars], sigma[:, stars], 0, "als")
    scatter = calibrate(found.residual, (sigma / flux)[:, stars], found.used, ["S"] * n,
                        nights)
    own = flux[:, -1] * found.coeff
    own_sigma = np.sqrt((sigma / flux)[:, -1] ** 2 + (found.coeff_sigma / found.coeff) ** 2
                        + scatter.sigma**2)
    return scatter, nights, own / np.average(own, weights=own_sigma**-2) - 1, own_sigma


def rms_pull(campaigns, by_night):
    """Pull of the star left out, of single images or of nights as `join` makes them."""
    chi2, freedom = 0.0, -len(campaigns)
    for scatter, nights, away, sigma in campaigns:
        groups = [nights == k for k in range(N_NIGHTS)] if by_night else np.eye(len(nights)) > 0
        for group in groups:
            n = group.sum()
            common2 = np.mean(scatter.night_sigma[group] ** 2) * (1 - 1 / n)
            chi2 += away[group].mean() ** 2 / (np.sum(sigma[group] ** 2) / n**2 + common2)
            freedom += 1
    return np.sqrt(chi2 / freedom)


@pytest.mark.parametrize(("of_image", "of_night"), [
    (0.0, 0.0), (0.004, 0.0), (0.01, 0.0), (0.0, 0.01), (0.006, 0.006)])
def test_a_star_that_does_not_count_has_pulls_of_one(of_image, of_night):
    """Twelve campaigns of 25 nights: 288 nights less means, known to 4 % and to 10 % with them."""
    campaigns = [campaign(seed, of_image, of_night) for seed in range(12)]

    assert rms_pull(campaigns, False) == pytest.approx(1, abs=0.15)
    assert rms_pull(campaigns, True) == pytest.approx(1, abs=0.21)
    # the scatter from 800 departures of a campaign, 10 % of its square
    sigma = np.array([np.median(one[0].sigma) for one in campaigns])
    assert sigma.mean() == pytest.approx(np.hypot(of_image, of_night), rel=0.1, abs=3e-4)
    night = np.mean([np.median(one[0].night_sigma) for one in campaigns])
    assert night == pytest.approx(of_night, rel=0.2, abs=1e-4)


def test_errors_that_are_right_hardly_ever_grow_and_never_where_they_are_too_large():
    """By chance in 2 % of the sets: of 40, four or more in one trial of 100."""
    grown = sum(campaign(seed)[0].sigma.max() > 0 for seed in range(40))
    assert grown <= 4

    too_large = campaign(1, claimed=2.0)[0]
    assert too_large.sigma.max() == 0
    assert too_large.pull == pytest.approx(0.5, abs=5 * 0.5 / np.sqrt(2 * 675))


def test_a_bad_night_has_more_than_its_set():
    scatter, nights, _, _ = campaign(5, bad_night=0.03)

    # 32 departures, less 4 coefficients: 13 % of the scatter
    assert np.median(scatter.sigma[nights == 3]) == pytest.approx(0.03, rel=5 * 0.13)
    assert np.median(scatter.sigma[nights != 3]) < 0.004


def test_a_flagged_image_has_a_scatter_of_its_own():
    random = np.random.default_rng(2)
    residual = 0.002 * random.standard_normal((30, 12))
    residual[4] *= 20
    flagged = np.arange(30) == 4
    given = residual, np.full((30, 12), 0.002), np.ones((30, 12), bool), ["S"] * 30, [0] * 30

    alone = calibrate(*given, flagged).sigma

    # 11 departures: 21 % of .04
    assert alone[4] == pytest.approx(0.04, rel=5 * 0.21)
    assert np.median(alone) < 0.002
    assert np.median(calibrate(*given).sigma) > 0.003  # the only night has it


def test_slow_changes_in_a_night_of_many_images_are_no_scatter():
    """Stars of .2 %, scatter .4 %, that drift by 2 % in a night of forty images."""
    random = np.random.default_rng(3)
    hours = np.linspace(0, 6, 40)
    slow = random.normal(0, 0.02, 9) * (hours[:, None] / 6 - 0.5) ** 2
    residual = 0.002 * random.standard_normal((40, 9)) + 0.004 * random.standard_normal((40, 9))
    residual = residual + slow + random.normal(0, 0.02, 9) * (hours[:, None] / 6 - 0.5)
    given = residual, np.full((40, 9), 0.002), np.ones((40, 9), bool), ["S"] * 40, [0] * 40

    # 300 degrees of freedom: 4 %
    assert calibrate(*given, times=hours).sigma == pytest.approx(np.full(40, 0.004), rel=0.25)
    assert calibrate(*given).sigma.min() > 0.006


def test_a_star_that_scatters_far_more_than_the_others_does_not_count():
    """Eleven stars of .2 % with a scatter of .4 %, and one of 2 %: blended, or variable."""
    random = np.random.default_rng(4)
    residual = np.hypot(0.002, 0.004) * random.standard_normal((60, 12))
    residual[:, 7] *= 5

    found = calibrate(residual, np.full((60, 12), 0.002), np.ones((60, 12), bool), ["S"] * 60,
                      np.repeat(np.arange(15), 4))

    # 700 degrees of freedom; with that star it is .0075
    assert np.median(found.sigma) == pytest.approx(0.004, rel=0.15)


def test_images_with_too_few_stars_have_no_scatter():
    residual = np.full((3, 5), 0.01)
    residual[1, 2:] = np.nan

    scatter = calibrate(residual, np.full((3, 5), 0.01), np.ones((3, 5), bool), list("SSS"),
                        [0, 0, 1])

    assert np.isnan(scatter.sigma).tolist() == [False, True, False]


def test_the_extra_scatter_solves_its_equation():
    """Squares of 4 and 16 with variances of 1: 4 / (1 + s^2) + 16 / (1 + s^2) = 2, s^2 = 9."""
    assert extra_scatter(1e-4 * np.array([4, 16]), np.full(2, 1e-4)) == pytest.approx(0.03)
    assert extra_scatter(np.array([0.5, 1.0]), np.ones(2)) == 0.0
    assert extra_scatter(np.array([]), np.array([])) == 0.0
    # 20 for 2 degrees of freedom: by chance in exp(-10)
    assert extra_scatter(np.array([4, 16]), np.ones(2), by_chance=1e-5) == 0.0
    assert extra_scatter(np.array([4, 16]), np.ones(2), by_chance=1e-4) > 0


def test_what_is_found_is_reported(caplog):
    caplog.set_level("INFO", "cosmouline")

    log_calibration(campaign(1, 0.01)[0])
    assert "times their errors: 1.0" in caplog.text
    assert "magerr_<source>_calib" in caplog.text

    caplog.clear()
    log_calibration(campaign(1, claimed=2.0)[0], {"S": 2.0})
    assert "S: stars scatter only 0." in caplog.text
    assert "Is the gain of 2 e-/ADU wrong? If it is photons, the stars fit 7." in caplog.text

    caplog.clear()
    log_calibration(campaign(1)[0], {"S": 2.0})
    assert caplog.text == ""


def alternating(n_images=20, n_stars=6, size=0.02, **louder):
    """Residuals of one size: each star and each pair of images has as many signs of both."""
    i, j = np.indices((n_images, n_stars))
    residual = size * (-1.0) ** (i + j + i // 2 * j)
    for star, factor in louder.items():
        residual[:, int(star[1:])] *= factor
    return residual


def calibrated(residual, nights=None, error=0.004, used=None, **more):
    shape = np.shape(residual)
    return calibrate(residual, np.full(shape, error), np.ones(shape, bool) if used is None else
                     used, ["S"] * shape[0], list(range(shape[0])) if nights is None else nights,
                     **more)


def test_the_scatter_of_equal_stars_by_hand():
    """Of each square (1 - 1/20) (1 - 1/6) is left: .02^2 / .79167 less .004^2."""
    found = calibrated(alternating())

    left = 19 / 20 * 5 / 6
    assert found.sigma == pytest.approx(np.full(20, np.sqrt(4e-4 / left - 1.6e-5)))
    assert found.pull == pytest.approx(np.sqrt(4e-4 / left) / 0.004)
    assert found.freedom == pytest.approx(120 * left)
    assert found.night_sigma.tolist() == [0.0] * 20  # single images


@pytest.mark.parametrize(("n_images", "factor", "counts"), [
    (20, 1.6, False), (20, 1.4, True), (19, 1.6, True)])
def test_a_star_counts_below_one_and_a_half_times_the_scatter_or_with_few_images(
        n_images, factor, counts):
    found = calibrated(alternating(n_images, s3=factor))

    left = (1 - 1 / n_images) * 5 / 6
    mean2 = (5 + factor**2) / 6 if counts else 1.0
    assert found.sigma == pytest.approx(np.full(n_images, np.sqrt(4e-4 * mean2 / left - 1.6e-5)))


@pytest.mark.parametrize(("n_clipped", "counts"), [(2, False), (3, True)])
def test_outliers_count_where_they_are_more_than_a_third_of_an_image(n_clipped, counts):
    residual, used = alternating(), np.ones((20, 6), bool)
    used[5, :n_clipped] = False
    residual[5, :n_clipped] *= 30

    found = calibrated(residual, used=used)

    assert (found.sigma[5] > 0.1) == counts
    assert found.sigma[4] < 0.03


@pytest.mark.parametrize(("n_stars", "is_known"), [(2, False), (3, True)])
def test_three_stars_tell_a_scatter(n_stars, is_known):
    residual = alternating()
    residual[7, n_stars:] = np.nan

    found = calibrated(residual)

    assert np.isfinite(found.sigma).sum() == 19 + is_known
    assert np.isfinite(found.sigma[7]) == is_known


@pytest.mark.parametrize("common", [0.0, 0.01, 0.02])
def test_what_a_night_has_in_common_by_hand(common):
    """Five nights of four images of six stars: departures of +-.01 that average out, and these."""
    i, j = np.indices((20, 6))
    residual = 0.01 * (-1.0) ** (i + j) + common * (-1.0) ** (i // 4 + j)

    found = calibrated(residual, nights=np.repeat(range(5), 4), error=0.002)

    sigma2 = (1e-4 + common**2) / (19 / 20 * 5 / 6) - 4e-6
    of_means = common**2 / (4 / 5 * 5 / 6) - (4e-6 + sigma2) / 4
    assert found.sigma == pytest.approx(np.full(20, np.sqrt(sigma2)))
    assert found.night_sigma == pytest.approx(np.full(20, np.sqrt(max(
        min(of_means / (1 - 1 / 4), sigma2), 0.0))))


@pytest.mark.parametrize(("n_images", "is_fitted"), [(12, True), (11, False)])
def test_slope_and_curvature_are_taken_out_of_twelve_images_of_a_night(n_images, is_fitted):
    hours = np.linspace(2, 7, n_images)
    # whatever the mean of a star, it is there before: residuals have none
    slow = 0.1 * (hours - hours.mean()) + 0.04 * (hours**2 - np.mean(hours**2))
    residual = slow[:, None] * [1.0, -2.0, 0.5, 3.0]

    found = calibrated(residual, nights=[0] * n_images, times=hours)

    assert (found.pull < 1e-6) == is_fitted
    leverage = (1 - 1 / n_images) * (1 - 1 / 4) * (1 - 2 / n_images if is_fitted else 1)
    assert found.freedom == pytest.approx(4 * n_images * leverage)


def test_extra_scatter_has_a_largest_value_and_a_freedom_of_its_own():
    assert extra_scatter([9.0], [1e-4]) == 1.0
    assert extra_scatter([0.98], [0.01]) == pytest.approx(np.sqrt(0.97))
    # 10 for one degree of freedom: erfc(sqrt(10 / 2)) = 1.57e-3
    for by_chance, expected in ((1.5e-3, 0.0), (1.7e-3, 0.03)):
        found = extra_scatter([4e-4, 16e-4], np.full(2, 1e-4), by_chance, freedom=1.0)
        assert found == pytest.approx(expected)


@pytest.mark.parametrize(("pull", "freedom", "is_told"), [
    (0.69, 31.0, True), (0.71, 31.0, False), (0.69, 29.0, False)])
def test_errors_are_too_large_below_a_pull_that_is_known(caplog, pull, freedom, is_told):
    log_calibration(Calibration(np.zeros(3), np.zeros(3), pull, freedom, {"S": (pull, freedom)}),
                    {"S": None})

    assert ("too large" in caplog.text) == is_told
    assert "gain" not in caplog.text


def test_the_scatter_is_told_as_median_and_as_the_largest_of_a_night(caplog):
    caplog.set_level("INFO", "cosmouline")

    log_calibration(Calibration(np.array([0.01, np.nan, 0.01, 0.02]), np.zeros(4), 1.234, 99.0))

    assert "scatter 1.23 times their errors: 1.00 % more (largest of a night 2.00 %)" in (
        caplog.text)


def test_a_gain_that_is_wrong_in_one_set_is_told_of_that_set(caplog):
    """A gain too small by 3.6 makes the errors of photons 1.9 times too large: a pull of .53."""
    random = np.random.default_rng(8)
    n, sets = 120, np.repeat(["S", "T"], 60)
    relative = np.full((n, N_STARS), 0.005)
    flux = random.uniform(0.8, 1.0, (n, 1)) * 1e4 * (1 + relative * random.standard_normal(
        relative.shape))
    claimed = relative * np.where(sets == "T", np.sqrt(3.6), 1.0)[:, None]
    found = solve(flux, claimed * flux, 0, "als", sets.tolist())

    scatter = calibrate(found.residual, claimed, found.used, sets.tolist(), np.arange(n))
    log_calibration(scatter, {"S": 1.5, "T": 0.42})

    assert scatter.of_sets["S"][0] == pytest.approx(1, abs=5 / np.sqrt(2 * 59 * N_STARS))
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("T: stars scatter only 0.5")
    factor = float(caplog.messages[0].split("a factor of ")[1].split(",")[0])
    assert factor == pytest.approx(3.6, rel=0.3)  # pull known to 5 / sqrt(2 x 420): 17 %
