from cosmouline.errors import UserError
from cosmouline.photometry import coefficients

import numpy as np
import pytest

TRANSPARENCY = np.array([1.0, 0.8, 0.5, 1.2, 0.9, 0.7])


def fluxes(seed, n_stars=6, relative=0.003):
    """Fluxes of constant stars under known transparencies, and their errors."""
    star = np.geomspace(1e5, 1e6, n_stars)
    clean = TRANSPARENCY[:, None] * star
    noise = np.random.default_rng(seed).normal(0, relative, clean.shape)
    return clean * (1 + noise), relative * clean


@pytest.mark.parametrize("method", ["als", "median"])
@pytest.mark.parametrize("reference", [0, 2])
def test_a_faint_image_has_a_large_coefficient_and_the_reference_has_1(method, reference):
    flux, sigma = fluxes(seed=1)

    found = coefficients.solve(flux, sigma, reference, method)

    # the mean of six stars of 0.3 %, in the image and in the reference; a median 1.25 times that
    error = 0.003 * np.sqrt(2 / 6) * 1.25
    assert found.coeff == pytest.approx(TRANSPARENCY[reference] / TRANSPARENCY, rel=5 * error)
    assert found.coeff[reference] == 1
    assert found.n_stars.tolist() == [6] * 6
    relative = found.coeff_sigma / found.coeff
    assert 0.2 < np.median(relative) / (0.003 / np.sqrt(6)) < 2
    assert np.abs(found.residual).max() < 5 * 0.003 * np.sqrt(2)


def test_als_gives_chi2_and_finds_the_variable_star():
    flux, sigma = fluxes(seed=2)
    flux[:, 3] *= [1.2, 0.8, 1.1, 0.9, 1.25, 0.85]

    found = coefficients.solve(flux, sigma, 0, "als")

    assert found.is_variable.tolist() == [False] * 3 + [True] + [False] * 2
    assert found.n_stars.tolist() == [5] * 6
    assert found.chi2 == pytest.approx(np.ones(6), abs=5 * np.sqrt(2 / 4))
    assert found.coeff == pytest.approx(1 / TRANSPARENCY, rel=5 * 0.003 * np.sqrt(2 / 5))
    assert np.isnan(coefficients.solve(flux, sigma, 0, "median").chi2).all()


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_four_of_eight_stars_that_vary_together_are_reported_with_both_readings(seed, caplog):
    """Truth: four stars vary by 5 %, as one. The coefficients follow either four.

    Their error must hold the truth within 3 of its sigma, where that of the stars is a thirtieth.
    """
    flux, sigma = fluxes(seed=seed, n_stars=8)
    common = np.array([0.05, -0.05, 0.04, -0.04, 0.06, -0.06])
    flux[:, ::2] *= 1 + common[:, None]

    found = coefficients.solve(flux, sigma, 0, "als")
    coefficients.log_result(found, list("abcdefgh"))

    camp = set(np.flatnonzero(found.second.stars).tolist())
    assert camp in ({0, 2, 4, 6}, {1, 3, 5, 7})
    error = np.log(found.coeff * TRANSPARENCY)
    assert np.all(np.abs(error - np.median(error)) < 3 * found.coeff_sigma / found.coeff)
    line = caplog.messages[0]
    assert line.startswith("4 of 8 stars do not fit the others and do not count: ")
    assert "agree with each other: they may be constant" in line
    assert "norm_stars" in line


@pytest.mark.parametrize("seed", [21, 22])
def test_stars_that_vary_each_by_itself_change_no_error(seed, caplog):
    """Three of eight, 10 % each, out of step: the five others are constant."""
    flux, sigma = fluxes(seed=seed, n_stars=8)
    turns = np.random.default_rng(seed).permuted(np.tile(np.linspace(-0.1, 0.1, 6), (3, 1)),
                                                 axis=1).T
    plain = coefficients.solve(flux[:, 3:], sigma[:, 3:], 0, "als")
    flux[:, :3] *= 1 + turns

    found = coefficients.solve(flux, sigma, 0, "als")
    coefficients.log_result(found, list("abcdefgh"))

    assert found.is_variable.tolist() == [True] * 3 + [False] * 5
    assert found.coeff_sigma == pytest.approx(plain.coeff_sigma, rel=0.01)
    assert "3 of 8 stars do not fit the others and do not count: a, b, c." in caplog.messages[0]
    assert "each varies by itself" in caplog.messages[0]


@pytest.mark.parametrize("method", ["als", "median"])
def test_a_star_that_was_never_measured_is_passed_over(method):
    flux, sigma = fluxes(seed=3)
    flux[:, 2] = np.nan

    found = coefficients.solve(flux, sigma, 0, method)

    assert found.n_stars.tolist() == [5] * 6
    assert np.isnan(found.residual[:, 2]).all()
    assert found.coeff == pytest.approx(1 / TRANSPARENCY, rel=5 * 0.003 * np.sqrt(2 / 5) * 1.25)


@pytest.mark.parametrize("method", ["als", "median"])
def test_a_reference_without_stars_is_the_user_s_to_mend(method):
    flux, sigma = fluxes(seed=4)
    flux[1] = np.nan

    with pytest.raises(UserError, match="the reference image has only 0 measured normalisation "
                                        r"star\(s\): too few for a coefficient\. Choose other"):
        coefficients.solve(flux, sigma, 1, method)


def test_images_without_a_coefficient_are_left_out():
    flux, sigma = fluxes(seed=5)
    flux[4] = np.nan
    found = coefficients.solve(flux, sigma, 0, "als")
    images = [{"img_name": str(i)} for i in range(6)]

    rows = {image["img_name"]: row for image, row in coefficients.by_image(images, found)}

    assert list(rows) == ["0", "1", "2", "3", "5"]
    coeff, sigma, n_stars, _ = rows["3"]
    assert (coeff, sigma, n_stars) == (found.coeff[3], found.coeff_sigma[3], 6)
    assert type(n_stars) is int


def test_what_is_told(caplog):
    caplog.set_level("INFO", "cosmouline")
    flux, sigma = fluxes(seed=6)
    flux[:, 0] *= [1.2, 0.8, 1.1, 0.9, 1.25, 0.85]

    coefficients.log_result(coefficients.solve(flux, sigma, 0, "als"), list("abcdef"))

    assert caplog.messages[0] == "variable, not used: a"
    assert caplog.messages[1].startswith("6 coefficients, median error 0.1")
    assert caplog.messages[1].endswith("%, from 5 stars")


def two_telescopes(seed):
    """Fluxes with two filters: each star has its colour, and is missing at times."""
    random = np.random.default_rng(seed)
    transparency = random.uniform(0.5, 1.2, 40)
    star, colour = np.geomspace(1e5, 1e6, 8), np.exp(random.normal(0, 0.1, 8))
    clean = transparency[:, None] * star
    clean[20:] *= colour
    flux = clean * (1 + 0.003 * random.standard_normal(clean.shape))
    flux[random.random(flux.shape) < 0.4] = np.nan
    return flux, 0.003 * clean, transparency, ["R"] * 20 + ["V"] * 20


def test_colours_of_stars_make_no_errors_where_the_sets_are_told():
    flux, sigma, transparency, sets = two_telescopes(seed=7)

    alone, told = (coefficients.solve(flux, sigma, 0, "als", names) for names in (None, sets))

    scatter = [[np.std(found.coeff[part] * transparency[part]) / np.mean(found.coeff[part]
               * transparency[part]) for part in (slice(20), slice(20, 40))]
               for found in (alone, told)]
    # 4.8 of eight stars of .3 %; of 20 values known to 16 %
    assert scatter[1] == pytest.approx([0.003 / np.sqrt(4.8)] * 2, rel=3 * 0.16)
    assert max(scatter[0]) > 5 * max(scatter[1])  # colours of 10 %, two of five stars missing
    measured = np.isfinite(flux)
    assert not told.is_variable.any()
    assert told.used[measured].mean() > 0.98
    quoted = [np.median(found.coeff_sigma / found.coeff) for found in (alone, told)]
    assert max(scatter[0]) / quoted[0] > 3  # and nothing would have told it


def test_sets_of_one_kind_change_nothing():
    flux, sigma = fluxes(seed=8)

    alone = coefficients.solve(flux, sigma, 0, "als")
    told = coefficients.solve(flux, sigma, 0, "als", ["a", "a", "a", "b", "b", "b"])
    one = coefficients.solve(flux, sigma, 0, "als", ["a"] * 6)

    assert (told.coeff == alone.coeff).all()
    assert (one.coeff == alone.coeff).all()
    assert one.terms is None


def test_terms_and_trends_are_told(caplog):
    flux, sigma, _, sets = two_telescopes(seed=9)
    found = coefficients.solve(flux, sigma, 0, "als", sets)
    airmass = np.linspace(1, 2, 40)
    reddened = flux * (1 + np.outer(airmass - 1.5, np.linspace(-0.03, 0.03, 8)))
    red = coefficients.solve(reddened, sigma, 0, "als", sets)
    caplog.set_level("INFO")

    coefficients.log_result(found, "abcdefgh")
    coefficients.log_trend(found, flux, sigma, airmass)
    coefficients.log_trend(red, reddened, sigma, airmass)

    told = [line for line in caplog.messages if "differ" in line or "airmass" in line]
    assert told[0].startswith("stars differ between the sets by ")
    assert told[0].endswith(" in R: taken into account") or " in V: " in told[0]
    assert "noise" in told[1]
    assert "their colours matter" not in told[1]
    assert told[2].endswith(": their colours matter")
    # too small a range of airmass, too few images, no airmass: nothing is told of a trend
    caplog.clear()
    for little in (1.2 + airmass / 1000, np.where(np.arange(40) < 4, airmass, np.nan),
                   np.full(40, np.nan)):
        coefficients.log_trend(red, reddened, sigma, little)
    assert caplog.messages == []


@pytest.mark.parametrize(("psf_noise", "words"), [(0.003, 0), (0.02, 1)])
def test_stars_that_apertures_measure_better_are_told(caplog, psf_noise, words):
    psf = coefficients.solve(*fluxes(seed=10, n_stars=12, relative=psf_noise), 0, "als")
    aperture = coefficients.solve(*fluxes(seed=11, n_stars=12, relative=0.004), 0, "als")
    caplog.set_level("INFO")

    coefficients.log_scatter(psf, aperture, np.arange(6.0))

    assert caplog.text.count("stars scatter from image to image by ") == 1
    assert caplog.text.count("The PSFs do not fit well") == words
