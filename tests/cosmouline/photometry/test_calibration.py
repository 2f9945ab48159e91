"""Scatter of stars beyond their errors: injected truth, and the pulls of a star left out."""

from cosmouline.photometry.calibration import calibrate, extra_scatter, log_calibration
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
    log_calibration(campaign(1, claimed=2.0)[0], 2.0)
    assert "stars scatter only 0." in caplog.text
    assert "Is the gain of 2 e-/ADU wrong? If it is photons, the stars fit 7." in caplog.text

    caplog.clear()
    log_calibration(campaign(1)[0], 2.0)
    assert caplog.text == ""
