"""Coefficients of images: recovered truth."""

import dataclasses

from cosmouline.photometry.coefficient_fit import normalise, point_to_point, star_pulls
from cosmouline.photometry.coefficient_median import renormalise

import numpy as np
import pytest


def campaign(seed, n_images=40, n_stars=10, noise=None, faintest=300):
    """Made-up fluxes and errors of a campaign; the transparencies and star fluxes behind them."""
    random = np.random.default_rng(seed)
    coeff = random.uniform(0.4, 1.0, n_images)
    star_flux = np.exp(random.uniform(np.log(faintest), np.log(3e4), n_stars))
    true = np.outer(coeff, star_flux)
    sigma = np.sqrt(true + 2500.0) if noise is None else noise * true
    return true + sigma * random.standard_normal(true.shape), sigma, coeff, star_flux


def deviation(found, true):
    """Relative deviations of coefficients, the common factor left out."""
    ratio = found / true
    return ratio / np.nanmedian(ratio) - 1


def test_exact_fluxes_give_exact_coefficients():
    flux, sigma, coeff, star_flux = campaign(1, noise=0.0)

    found = normalise(flux, 0.01 * flux + 0 * sigma, reference=3)

    assert found.coeff == pytest.approx(coeff / coeff[3], rel=1e-6)
    assert found.star_flux == pytest.approx(star_flux * coeff[3], rel=1e-6)
    assert np.abs(found.residual).max() < 1e-6
    assert not found.is_variable.any()
    assert found.used.all()
    assert found.n_stars.tolist() == [10] * 40


def test_the_median_coefficient_is_one_without_a_reference():
    flux, sigma, _, _ = campaign(2)

    assert np.median(normalise(flux, sigma).coeff) == pytest.approx(1)


def test_coefficients_scatter_by_their_errors():
    pulls, bound, actual = [], [], []
    for seed in range(20):
        flux, sigma, coeff, _ = campaign(10 + seed)
        found = normalise(flux, sigma)
        off = deviation(found.coeff, coeff)
        pulls.append(off / (found.coeff_sigma / found.coeff))
        bound.append(1 / np.sqrt(((flux / sigma) ** 2).sum(1)))
        actual.append(off)

    # 800 coefficients: their rms is known to 2.5 %. The errors contain the floor of .05 % of
    # every star and the root of chi2 where above 1, both of which make them a little too large
    assert np.std(pulls) == pytest.approx(0.95, abs=5 * 0.025)
    # the scatter of perfect weights, and 10 % for scatters that have to be measured
    assert np.std(actual) == pytest.approx(np.sqrt(np.mean(np.square(bound))), rel=0.13)


def test_the_error_grows_with_the_root_of_chi2():
    """Stars of 1 % that are exact but in one image, where they are 2.5 sigma high and low in turn.

    chi2 per degree of freedom is 10 x 6.25 / 9, and the error of the mean of ten stars grows by
    its root, 2.6; three stars are too few to enlarge an error.
    """
    _, _, coeff, star_flux = campaign(31)
    flux = np.outer(coeff, star_flux)
    pattern = 0.025 * np.where(np.arange(10) % 2, 1, -1)
    flux[7] *= 1 + pattern
    flux[9] *= 1 + pattern
    flux[9, 3:] = np.nan

    found = normalise(flux, 0.01 * np.outer(coeff, star_flux))

    relative = found.coeff_sigma / found.coeff
    assert found.chi2[7] == pytest.approx(62.5 / 9, rel=0.1)
    assert relative[7] == pytest.approx(0.01 * np.sqrt(62.5 / 9 / 10), rel=0.05)
    assert relative[8] == pytest.approx(0.01 / np.sqrt(10), rel=0.02)
    assert found.chi2[9] > 5
    assert relative[9] == pytest.approx(0.01 / np.sqrt(3), rel=0.02)


def test_variable_stars_are_found_and_do_not_matter():
    flux, sigma, coeff, star_flux = campaign(3)
    random = np.random.default_rng(3)
    brightest = np.argsort(star_flux)[-2:]
    flux[:, brightest] *= 1 + 0.04 * random.standard_normal((40, 2))

    found = normalise(flux, sigma)

    assert np.flatnonzero(found.is_variable).tolist() == sorted(brightest)
    assert found.star_scatter[brightest] == pytest.approx([0.04, 0.04], abs=5 * 0.04 / 80**0.5)
    # 8 stars remain: S/N of 60 and more together
    assert deviation(found.coeff, coeff).std() < 0.01
    assert found.used[:, brightest].all()


@pytest.mark.parametrize("amplitude", [0.02, 0.1, 0.3])
@pytest.mark.parametrize("n_images", [8, 15, 40])
def test_a_strongly_variable_star_is_called_so_and_not_clipped_away(n_images, amplitude):
    flux, sigma, true, _ = campaign(5, n_images=n_images, noise=0.003)
    flux[:, 3] *= 1 + amplitude * np.where(np.arange(n_images) // 2 % 2, 1, -1)

    found = normalise(flux, sigma)

    assert list(np.flatnonzero(found.is_variable)) == [3]
    assert found.used[:, 3].all()
    # a square wave scatters by its amplitude; 15 % covers the noise and the fitted mean
    assert found.star_scatter[3] == pytest.approx(amplitude, rel=0.15)
    assert np.std(deviation(found.coeff, true)) < 3 * np.median(found.coeff_sigma / found.coeff)


@pytest.mark.parametrize("n_images", [8, 40])
def test_constant_stars_are_not_called_variable(n_images):
    flagged = []
    for seed in range(20):
        flux, sigma, _, _ = campaign(40 + seed, n_images, faintest=3000)
        flagged += normalise(flux, sigma).is_variable.tolist()

    # errors of 0.6 to 2.5 %: the scatter of a faint star exceeds 1 % by chance in every tenth
    # case, 4 sigma of it (chi2 of 7 degrees: .5 %) one star of 200
    assert sum(flagged) <= 2


def faint_stars_missing_in_bad_images():
    """Make up a campaign in which what is below 10 sigma is not detected."""
    random = np.random.default_rng(4)
    coeff = random.uniform(0.15, 1.0, 60)
    star_flux = np.geomspace(500, 3e4, 10)
    true = np.outer(coeff, star_flux)
    true *= 1 + 0.01 * random.standard_normal(true.shape)  # 1 % flat field
    sigma = np.hypot(np.sqrt(true + 900.0), 0.01 * true)
    flux = true + np.sqrt(true + 900.0) * random.standard_normal(true.shape)
    return np.where(true > 10 * np.sqrt(true + 900), flux, np.nan), sigma, coeff


def test_drop_outs_of_faint_stars_do_not_bias_as_they_do_the_medians():
    flux, sigma, coeff = faint_stars_missing_in_bad_images()
    assert np.isnan(flux).mean() > 0.05

    als = deviation(normalise(flux, sigma).coeff, coeff)
    cosmouline = deviation(1 / renormalise(flux, ["T"] * 60).coeff, coeff)

    slope = [np.polyfit(coeff, off, 1)[0] for off in (als, cosmouline)]
    # error of a slope: 0.4 % per image, 60 images, scatter of c .25 -> 0.2 %
    assert abs(slope[0]) < 5 * 0.002
    assert abs(slope[1]) > 5 * 0.002
    assert als.std() < cosmouline.std()


def test_single_outliers_are_left_out():
    flux, sigma, coeff, _ = campaign(5)
    hit = np.random.default_rng(5).random(flux.shape) < 0.03
    hit &= flux > 30 * sigma
    flux[hit] *= 1.3

    found = normalise(flux, sigma)

    assert hit.sum() > 3
    assert not found.used[hit].any()
    assert deviation(found.coeff, coeff).std() < 0.012
    assert (~found.used & ~hit).sum() <= 2  # 4 sigma of 400 points


def test_an_image_is_never_clipped_away():
    flux, sigma, _, _ = campaign(6, n_stars=5, noise=0.003)
    flux[7] *= [1.0, 1.4, 0.7, 1.2, 0.5]

    found = normalise(flux, sigma)

    assert found.n_stars[7] >= 2
    assert np.isfinite(found.coeff[7])
    assert found.coeff_sigma[7] > found.coeff_sigma[8]
    assert found.used[:7].mean() > 0.97


def test_images_with_too_few_stars_have_no_coefficient():
    flux, sigma, coeff, _ = campaign(7)
    flux[3] = np.nan  # nothing at all
    flux[5, 1:] = np.nan  # one star
    flux[6, 2:] = -1.0  # two stars

    found = normalise(flux, sigma)
    strict = normalise(flux, sigma, min_stars=3)

    assert np.flatnonzero(np.isnan(found.coeff)).tolist() == [3, 5]
    assert np.flatnonzero(np.isnan(found.coeff_sigma)).tolist() == [3, 5]
    assert found.n_stars[[3, 5, 6]].tolist() == [0, 1, 2]
    assert np.flatnonzero(np.isnan(strict.coeff)).tolist() == [3, 5, 6]
    good = np.isfinite(found.coeff)
    assert np.abs(deviation(found.coeff, coeff)[good]).max() < 0.05
    assert np.isnan(found.residual[3]).all()


def test_a_star_without_any_flux_has_none():
    flux, sigma, _, _ = campaign(8)
    flux[:, 4] = np.nan

    found = normalise(flux, sigma)

    assert np.isnan(found.star_flux[4])
    assert np.isfinite(np.delete(found.star_flux, 4)).all()
    assert np.isfinite(found.coeff).all()


def test_one_star_alone_gives_no_coefficients():
    flux, sigma, _, _ = campaign(9, n_stars=1)

    found = normalise(flux, sigma)
    allowed = normalise(flux, sigma, min_stars=1)

    assert np.isnan(found.coeff).all()
    assert allowed.coeff == pytest.approx(flux[:, 0] / np.median(flux))


def test_pulls_of_the_stars_are_one():
    pulls, bare = [], []
    for seed in range(40):
        flux, sigma, _, _ = campaign(60 + seed, n_images=8, n_stars=5, faintest=5000)
        found = normalise(flux, sigma)
        pulls.append(star_pulls(found, flux, sigma))
        bare.append(found.residual / (sigma / flux))

    # 40 sets of 8 * 5 residuals, with 7 * 4 degrees of freedom each
    noise = 1 / np.sqrt(2 * 40 * 28)
    assert np.sqrt(np.mean(np.square(pulls))) == pytest.approx(1, abs=5 * noise)
    assert np.sqrt(np.mean(np.square(bare))) == pytest.approx(np.sqrt(28 / 40), abs=5 * noise)


def test_input_is_checked():
    with pytest.raises(ValueError, match="need one 2-D shape"):
        normalise(np.ones((3, 2)), np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"need one 2-D shape: \(3,\), \(3,\)"):
        normalise(np.ones(3), np.ones(3))
    flux = np.full((4, 3), 100.0)
    flux[1, 1:] = np.nan
    with pytest.raises(ValueError, match="reference needs 2 stars, it has 1"):
        normalise(flux, np.ones((4, 3)), reference=1)


def test_steps_from_image_to_image_leave_slow_trends_alone():
    random = np.random.default_rng(12)
    time = random.permutation(np.arange(400.0))
    residual = 0.01 * random.standard_normal((400, 3)) + 0.001 * time[:, None] * [0, 1, 0]
    used = np.ones(residual.shape, bool)
    used[:, 2] = time < 2

    found = point_to_point(residual, used, time)

    # 400 steps, each value in two of them: known to 1.25 / sqrt(2 * 400)
    assert found[:2] == pytest.approx([0.01, 0.01], rel=5 * 0.044)
    assert np.isnan(found[2])


def test_one_noisy_image_makes_no_star_variable():
    """Out of focus: errors of 3 % where the others have .3 %, and one star off by 3.4 of them.

    Without weights its scatter beyond the errors would be sqrt((.1^2 - .03^2) / 28) = 1.8 %.
    """
    rng = np.random.default_rng(5)
    sigma = np.full((28, 10), 0.003)
    sigma[7] = 0.03
    flux = 1e5 * (1 + sigma * rng.standard_normal(sigma.shape))
    flux[7, 3] = 1e5 * 1.1

    found = normalise(flux, 1e5 * sigma)

    assert not found.is_variable.any()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_result_solves_the_equations_that_define_it(seed):
    """Loops over images and stars, with unequal errors, gaps, an outlier and a variable star.

    c_i is the mean over the constant stars, F_j that over the images, both weighted with
    1 / (sigma^2 + s_j^2); s_j^2 is the mean of r^2 / left - sigma^2 with the squares of these.
    """
    rng = np.random.default_rng(seed)
    flux, sigma, _, _ = campaign(seed, n_images=20, n_stars=7, faintest=3000)
    flux *= 1 + 0.007 * rng.standard_normal(flux.shape) * (np.arange(7) % 3 == 0)
    flux[:, 5] *= 1 + 0.3 * np.where(np.arange(20) // 3 % 2, 1, -1)
    flux[4, 1], flux[rng.random(flux.shape) < 0.1] = 3 * flux[4, 1], np.nan

    found = normalise(flux, sigma, reference=2)

    assert np.flatnonzero(found.is_variable).tolist() == [5]
    n_images, n_stars = flux.shape
    relative2 = (sigma / (found.coeff[:, None] * found.star_flux)) ** 2
    weight = np.zeros(flux.shape)
    for i in range(n_images):
        for j in range(n_stars):
            if found.used[i, j]:
                weight[i, j] = 1 / (relative2[i, j] + found.star_scatter[j] ** 2)
    of_star = np.delete(weight, 5, axis=1)
    residual = np.nan_to_num(flux / np.outer(found.coeff, found.star_flux) - 1)
    assert np.nan_to_num(found.residual) == pytest.approx(residual, abs=1e-12)
    assert np.array_equal(np.isnan(found.residual), np.isnan(flux))
    for i in range(n_images):
        off = sum(weight[i, j] * residual[i, j] for j in range(n_stars) if j != 5)
        assert off / of_star[i].sum() == pytest.approx(0, abs=2e-5)
        n = sum(found.used[i, j] for j in range(n_stars) if j != 5)
        chi2 = sum(weight[i, j] * residual[i, j] ** 2 for j in range(n_stars) if j != 5) / (n - 1)
        error = found.coeff[i] * np.sqrt((max(chi2, 1) if n >= 4 else 1) / of_star[i].sum())
        assert found.n_stars[i] == n
        assert found.chi2[i] == pytest.approx(chi2, rel=1e-3)
        assert found.coeff_sigma[i] == pytest.approx(error, rel=1e-3)
    for j in range(n_stars):
        total = weight[:, j].sum()
        assert (weight[:, j] * residual[:, j]).sum() / total == pytest.approx(0, abs=2e-5)
        assert found.star_flux_sigma[j] == pytest.approx(found.star_flux[j] / np.sqrt(total),
                                                         rel=1e-3)
        # what a star has in the coefficient of an image and in its own mean is missing in r
        left = np.ones(n_images) if j == 5 else (1 - weight[:, j] / of_star.sum(1)) * (
            1 - 1 / found.used[:, j].sum())
        excess = residual[:, j] ** 2 / left - relative2[:, j]
        some = np.isfinite(flux[:, j]) if j == 5 else found.used[:, j]
        mean = (weight[:, j] ** 2 * excess)[some].sum() / (weight[:, j] ** 2)[some].sum()
        # scatters and weights settle together; 1 % at the end of the rounds
        assert found.star_scatter[j] == pytest.approx(np.sqrt(max(mean, 25e-8)), rel=0.05)
    assert not found.used[4, 1]


@pytest.mark.parametrize(("over", "is_left_out"), [(1.03, True), (0.97, False)])
def test_a_point_is_left_out_beyond_four_of_what_its_leverage_leaves(over, is_left_out):
    """Exact stars with the errors 1, 2, 3, 4 and 5 %; the fourth of one image is off by z.

    The mean takes the part w of it, 1/16 over the sum of 1/k^2, and its own mean a fortieth.
    """
    relative = np.tile([0.01, 0.02, 0.03, 0.04, 0.05], (40, 1))
    part = (1 / 16) / (1 + 1 / 4 + 1 / 9 + 1 / 16 + 1 / 25)
    left = (1 - part) * (1 - 1 / 40)
    flux = np.full((40, 5), 1e4)
    # off by z it leaves z times `left` of its height, against four of the root of `left`
    flux[6, 3] *= 1 + over * 4 * 0.04 / np.sqrt(left)

    assert normalise(flux, 1e4 * relative).used[6, 3] != is_left_out


def test_pulls_and_leverage_by_hand():
    """Weights 1, 1/4 and 1/9 of three stars; each is in three images, one in two of them."""
    relative = np.tile([0.01, 0.02, 0.03], (3, 1))
    flux = np.full((3, 3), 1e4)
    flux[2, 1] = np.nan
    found = normalise(flux, flux * relative)
    assert found.residual[0] == pytest.approx([0, 0, 0], abs=1e-9)
    shifted = dataclasses.replace(found, residual=np.full((3, 3), 0.01))

    pulls = star_pulls(shifted, flux, flux * relative)

    share = 36 / 49, 9 / 49, 4 / 49
    left = (1 - share[0]) * 2 / 3, (1 - share[1]) / 2, (1 - share[2]) * 2 / 3
    assert pulls[0] == pytest.approx(np.array([1, 1 / 2, 1 / 3]) / np.sqrt(left))
    variable = dataclasses.replace(shifted, is_variable=np.array([False, True, False]))
    pulls = star_pulls(variable, flux, flux * relative)
    assert pulls[0, 1] == pytest.approx(0.5)
    # of the first star 1/10 of 2/3 would be left: not less than a tenth is
    assert pulls[0, 0] == pytest.approx(1 / np.sqrt(0.1))


def test_steps_by_hand():
    """0, 3, (left out), 1, 5 in time: the steps 3 and 4, a variance of 25 / 2 / 2."""
    time = np.array([4.0, 1.0, 3.0, 2.0, 5.0])
    residual = np.array([1.0, 0.0, 50.0, 3.0, 5.0])[:, None]
    used = residual < 40

    assert point_to_point(residual, used, time) == pytest.approx([np.sqrt(25 / 4)])
    assert np.isnan(point_to_point(residual[:3], used[:3], time[:3])).all()
